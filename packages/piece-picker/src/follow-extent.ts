import type { Peer } from "./peer-table.ts";
import type { PieceTable } from "./piece-table.ts";
import { MISSING } from "./piece-state.ts";

/**
 * For a fast peer, instead of the missing piece `piece`: the one behind the piece that it began last, or else the first
 * one of the extent that `piece` lies in, as long as that is as good in every respect but chance: had by the peer, of the
 * same priority, at least as rare. So a fast peer sends runs of neighbours, which the disk takes in one go, while extents of
 * `extentPieceCount` pieces keep the swarm's picks spread. libtorrent does the same with its `piece_extent_affinity`,
 * extents of 4 MiB.
 */
export function followExtent(table: PieceTable, peer: Peer, piece: number, extentPieceCount: number): number {
  const next = peer.lastOpened + 1;
  if (next % extentPieceCount !== 0 && isAsGood(table, peer, next, piece)) return next;
  let first = piece - (piece % extentPieceCount);
  while (first < piece && !isAsGood(table, peer, first, piece)) first++;
  return first;
}

function isAsGood(table: PieceTable, peer: Peer, piece: number, measure: number): boolean {
  const { ranking } = table;
  return (
    piece < table.pieceCount &&
    table.stateOf(piece) === MISSING &&
    (peer.isCountedAsSeed || peer.field?.has(piece) === true) &&
    ranking.priorityOf(piece) === ranking.priorityOf(measure) &&
    ranking.availabilityOf(piece) <= ranking.availabilityOf(measure)
  );
}
