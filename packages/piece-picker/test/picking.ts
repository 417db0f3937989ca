import type { PieceLayout } from "@bt/primitives";
import { BlockBatch, PiecePicker, type PickerOptions, type PickRules } from "@bt/piece-picker";
import { fieldOf, seededRandom } from "./picker-model.ts";

/** A fast peer with room in the byte budget. */
export const FAST: PickRules = { exclusive: true, mayOpenPiece: true };
/** A slow one. */
export const SLOW: PickRules = { exclusive: false, mayOpenPiece: true };

export type Pick = readonly [piece: number, block: number];

/** A picker that opens the rarest piece from the start, for tests that must not depend on chance. */
export function pickerOf(layout: PieceLayout, options: PickerOptions = {}, seed = 1): PiecePicker {
  return new PiecePicker(layout, seededRandom(seed), { randomPieceCount: 0, ...options });
}

export function peerWith(picker: PiecePicker, pieceCount: number, pieces: Iterable<number>): number {
  const slot = picker.addPeer();
  picker.peerBitfield(slot, fieldOf(pieceCount, pieces));
  return slot;
}

export function seedIn(picker: PiecePicker): number {
  const slot = picker.addPeer();
  picker.peerHasAll(slot);
  return slot;
}

/** What one pick chose, as [piece, block] pairs. */
export function picks(picker: PiecePicker, slot: number, maxCount: number, rules: PickRules): Pick[] {
  const batch = new BlockBatch(256);
  picker.pick(slot, maxCount, batch, rules);
  return Array.from({ length: batch.count }, (_, i) => [batch.pieces[i]!, batch.blocks[i]!]);
}

export function receiveAll(picker: PiecePicker, slot: number, blocks: readonly Pick[]): void {
  for (const [piece, block] of blocks) picker.received(slot, piece, block);
}

/** The pieces among `blocks`, each once. */
export function piecesOf(blocks: readonly Pick[]): number[] {
  return [...new Set(blocks.map(([piece]) => piece))];
}
