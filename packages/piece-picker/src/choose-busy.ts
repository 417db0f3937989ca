import type { OpenPiece } from "./open-piece.ts";
import type { Peer } from "./peer-table.ts";

/** A block that is in flight and shall be asked of one more peer. One object for all picks. */
export interface BusyChoice {
  record: OpenPiece | undefined;
  block: number;
}

/**
 * Endgame: a block in flight elsewhere that `slot` can be asked for too, in the first such piece after a random one.
 * Pieces on parole are left out: they must come from one peer.
 */
export function chooseBusy(
  choice: BusyChoice,
  list: readonly OpenPiece[],
  peer: Peer,
  slot: number,
  random: () => number,
): void {
  choice.record = undefined;
  choice.block = -1;
  const start = Math.floor(random() * list.length);
  for (let i = 0; i < list.length; i++) {
    const record = list[(start + i) % list.length]!;
    if (record.isParole || (peer.field !== undefined && !peer.field.has(record.piece))) continue;
    const block = record.findBusy(slot);
    if (block < 0) continue;
    choice.record = record;
    choice.block = block;
    return;
  }
}
