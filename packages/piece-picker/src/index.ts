/**
 * Which block to ask which peer next: rarest first, priorities, pieces that stay with the peer that began them,
 * endgame, parole. It is a table with a policy, and pure: it sends nothing, holds no bytes, knows no time, and takes its
 * randomness as an argument.
 *
 * ```ts
 * import { PieceLayout } from "@bt/primitives";
 * import { BlockBatch, PiecePicker } from "@bt/piece-picker";
 *
 * const layout = new PieceLayout({ totalLength: 10_000_000, pieceLength: 262_144 });
 * const picker = new PiecePicker(layout, Math.random);
 * const slot = picker.addPeer();
 * picker.peerHasAll(slot);
 *
 * const batch = new BlockBatch(64);
 * picker.pick(slot, 16, batch, { exclusive: true, mayOpenPiece: true }); // 16: send these requests
 * for (let i = 0; i < batch.count; i++) picker.received(slot, batch.pieces[i]!, batch.blocks[i]!); // "accepted"
 * picker.isPieceComplete(batch.pieces[0]!); // true: hash it, then say so
 * picker.verified(batch.pieces[0]!);
 * ```
 *
 * @packageDocumentation
 */
export { BlockBatch } from "./block-batch.ts";
export { PiecePicker } from "./piece-picker.ts";
export {
  DEFAULT_PICKER_OPTIONS,
  MAX_BLOCKS_PER_PIECE,
  type PickerOptions,
  type PickRules,
} from "./options.ts";
export { NORMAL_PRIORITY, type PiecePriority } from "./piece-ranking.ts";
export type { PieceStateName } from "./piece-state.ts";
export { MAX_PEER_SLOTS } from "./peer-table.ts";
export type { PeerExplanation, PeerReason, PieceExplanation, PieceReason } from "./explain.ts";
export type { OpenPieceSnapshot, PickerSnapshot } from "./snapshot.ts";
