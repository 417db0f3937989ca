import type { OpenPiece } from "./open-piece.ts";
import { NOBODY, type Peer } from "./peer-table.ts";
import type { PieceTable } from "./piece-table.ts";

/** How a peer stands to an open piece with free blocks, best first. */
export const OWN = 4;
/** Nobody's: it takes it over. */
export const ORPHAN = 3;
/** Somebody else's who shares it. */
export const SHARED = 2;
/** Somebody else's who wants it alone: only when there is nothing else. */
export const FOREIGN = 1;
/** On parole, begun by a peer that gave it up: its blocks have to be dropped first. Only when there is nothing else. */
export const RESTART = 0;
/** Not for this peer. */
export const NONE = -1;

/** The open piece that a peer should serve next, filled by `chooseOpen`: one object for all picks. */
export interface OpenChoice {
  record: OpenPiece | undefined;
  relation: number;
}

/**
 * Which open piece with free blocks `slot` should go on with: the highest priority first (but FOREIGN and RESTART after
 * all else), then OWN before ORPHAN before SHARED, then the one with the fewest free blocks, so that pieces become
 * whole soon and their memory is free again. Among FOREIGN ones the most free blocks: there the owner is furthest from
 * helping itself.
 *
 * Cost: one look at each open piece with free blocks, of which there are about as many as peers.
 */
export function chooseOpen(
  choice: OpenChoice,
  hungry: readonly OpenPiece[],
  table: PieceTable,
  peer: Peer,
  slot: number,
): void {
  choice.record = undefined;
  choice.relation = NONE;
  let bestRank = 0;
  for (const record of hungry) {
    if (peer.field !== undefined && !peer.field.has(record.piece)) continue;
    const relation = relationTo(record, slot);
    if (relation === NONE) continue;
    const rank = rankOf(record, relation, table.ranking.priorityOf(record.piece));
    if (choice.record !== undefined && rank <= bestRank) continue;
    choice.record = record;
    choice.relation = relation;
    bestRank = rank;
  }
}

export function relationTo(record: OpenPiece, slot: number): number {
  if (record.owner === slot) return OWN;
  if (record.owner !== NOBODY) return record.isParole ? NONE : record.isExclusive ? FOREIGN : SHARED;
  if (!record.isParole || record.receivedCount === 0 || record.firstSender() === slot) return ORPHAN;
  return RESTART;
}

/** Higher is better. MAX_BLOCKS_PER_PIECE fits 17 bits, relation 3 and priority 3. */
function rankOf(record: OpenPiece, relation: number, priority: number): number {
  const tie = relation === FOREIGN ? record.freeCount : 0x1_ffff - record.freeCount;
  const isLast = relation === FOREIGN || relation === RESTART;
  return isLast ? relation * 0x2_0000 + tie : (priority * 8 + relation) * 0x2_0000 + tie;
}
