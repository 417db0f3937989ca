import type { OpenPiece } from "./open-piece.ts";
import type { Peer } from "./peer-table.ts";

/** A block that is in flight and shall be asked of one more peer. One object for all picks. */
export interface BusyChoice {
  record: OpenPiece | undefined;
  block: number;
}

/**
 * Endgame: a block in flight elsewhere that `slot` can be asked for too, the one that is likely to come last: peers answer in
 * order, so of the piece that was opened last the last block. What is about to come anyway is not asked for twice. Pieces on
 * parole are left out: they must come from one peer.
 */
export function chooseBusy(choice: BusyChoice, list: readonly OpenPiece[], peer: Peer, slot: number): void {
  choice.record = undefined;
  choice.block = -1;
  for (const record of list) {
    if (choice.record !== undefined && record.turn < choice.record.turn) continue;
    if (record.isParole || (peer.field !== undefined && !peer.field.has(record.piece))) continue;
    const block = record.findBusy(slot);
    if (block < 0) continue;
    choice.record = record;
    choice.block = block;
  }
}
