import type { OpenPieces } from "./open-pieces.ts";
import { NOBODY, type PeerTable } from "./peer-table.ts";
import type { PieceTable } from "./piece-table.ts";

export interface OpenPieceSnapshot {
  readonly piece: number;
  /** The slot that goes on with it. */
  readonly owner: number | undefined;
  readonly isExclusive: boolean;
  readonly isParole: boolean;
  /** A block is in exactly one of these three. */
  readonly freeCount: number;
  readonly requestedCount: number;
  readonly receivedCount: number;
}

/** The picker at one moment, made of plain values. */
export interface PickerSnapshot {
  readonly pieceCount: number;
  readonly haveCount: number;
  /** Wanted pieces that we have not; the next three are among them, but for complete ones no longer wanted. */
  readonly wantedCount: number;
  /** Wanted pieces that nobody was asked for. */
  readonly missingCount: number;
  /** Pieces of which some blocks are on their way. */
  readonly openCount: number;
  /** Pieces that are being verified. */
  readonly completeCount: number;
  readonly peerCount: number;
  /** Peers that said they have everything. */
  readonly seedCount: number;
  readonly inEndgame: boolean;
  /** Open and complete pieces, in the order in which they were opened. */
  readonly openPieces: readonly OpenPieceSnapshot[];
}

export function takeSnapshot(
  table: PieceTable,
  open: OpenPieces,
  peers: PeerTable,
  inEndgame: boolean,
): PickerSnapshot {
  const openPieces: OpenPieceSnapshot[] = [];
  for (const record of open.records()) {
    const { piece, isExclusive, isParole, freeCount, requestedCount, receivedCount } = record;
    const owner = record.owner === NOBODY ? undefined : record.owner;
    openPieces.push({ piece, owner, isExclusive, isParole, freeCount, requestedCount, receivedCount });
  }
  return {
    pieceCount: table.pieceCount,
    haveCount: table.have.count,
    wantedCount: table.wantedCount,
    missingCount: table.missingCount,
    openCount: open.list.length,
    completeCount: open.count - open.list.length,
    peerCount: peers.activeCount,
    seedCount: peers.seedCount,
    inEndgame,
    openPieces,
  };
}
