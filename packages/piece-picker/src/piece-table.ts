import { Bitfield } from "@bt/primitives";
import type { Peer, PeerTable } from "./peer-table.ts";
import { PieceRanking, type PiecePriority } from "./piece-ranking.ts";
import { PieceSet } from "./piece-set.ts";
import { HAD, MISSING, UNWANTED } from "./piece-state.ts";

/**
 * The state of every piece, with all that follows from it: the sets, the counts, the ranking of missing pieces and the
 * counters of the peers. Every move of STATE.md ends in `move` or `setPriority` here.
 */
export class PieceTable {
  readonly pieceCount: number;
  readonly have: Bitfield;
  /** Pieces in the state "missing". */
  readonly missing: PieceSet;
  readonly ranking: PieceRanking;
  /** Wanted pieces that we have not, in whatever state. */
  wantedCount: number;
  /** Pieces in the state "missing". */
  missingCount: number;
  readonly #states: Uint8Array;
  /** Wanted pieces that we have not: those that make a peer interesting. */
  readonly #wanted: PieceSet;
  readonly #peers: PeerTable;

  constructor(pieceCount: number, peers: PeerTable) {
    this.pieceCount = pieceCount;
    this.have = new Bitfield(pieceCount);
    this.#states = new Uint8Array(pieceCount).fill(MISSING);
    this.missing = new PieceSet(pieceCount);
    this.missing.fill();
    this.#wanted = new PieceSet(pieceCount);
    this.#wanted.fill();
    this.ranking = new PieceRanking(pieceCount, this.missing);
    this.wantedCount = pieceCount;
    this.missingCount = pieceCount;
    this.#peers = peers;
  }

  stateOf(piece: number): number {
    return this.#states[piece]!;
  }

  isWanted(piece: number): boolean {
    return this.ranking.priorityOf(piece) !== 0;
  }

  availabilityOf(piece: number): number {
    return this.ranking.availabilityOf(piece) + this.#peers.seedCount;
  }

  /** Where a piece goes that is nothing else: to "missing" or "unwanted". */
  restingState(piece: number): number {
    return this.isWanted(piece) ? MISSING : UNWANTED;
  }

  move(piece: number, state: number): void {
    const before = this.#states[piece]!;
    if (before === state) return;
    this.#states[piece] = state;
    if (before === MISSING) this.#leaveMissing(piece);
    if (state === MISSING) this.#enterMissing(piece);
    if (state === HAD) this.have.set(piece);
    if (before === HAD) this.have.clear(piece);
    if ((before === HAD || state === HAD) && this.isWanted(piece)) this.#want(piece, before === HAD);
  }

  /** Only for pieces that are not open: those are closed first. */
  setPriority(piece: number, priority: PiecePriority): void {
    const state = this.#states[piece]!;
    const wasWanted = this.isWanted(piece);
    if (state === MISSING) this.#leaveMissing(piece);
    this.ranking.setPriority(piece, priority);
    if (state === MISSING || state === UNWANTED) {
      this.#states[piece] = this.restingState(piece);
      if (priority !== 0) this.#enterMissing(piece);
    }
    if (state !== HAD && wasWanted !== (priority !== 0)) this.#want(piece, priority !== 0);
  }

  /** Sets the counters of a peer whose field is new. */
  countFor(peer: Peer): void {
    peer.interestingCount = peer.field?.countCommon(this.#wanted) ?? 0;
    peer.missingCount = peer.field?.countCommon(this.missing) ?? 0;
  }

  /** A peer got (1) or lost (-1) `piece`. */
  countPieceFor(peer: Peer, piece: number, change: 1 | -1): void {
    if (this.#wanted.has(piece)) peer.interestingCount += change;
    if (this.missing.has(piece)) peer.missingCount += change;
  }

  /** Wanted pieces of `peer` that we have not. */
  interestingCountOf(peer: Peer): number {
    return peer.isCountedAsSeed ? this.wantedCount : peer.interestingCount;
  }

  /** Pieces of `peer` in the state "missing". */
  missingCountOf(peer: Peer): number {
    return peer.isCountedAsSeed ? this.missingCount : peer.missingCount;
  }

  #want(piece: number, isWanted: boolean): void {
    if (isWanted) this.#wanted.set(piece);
    else this.#wanted.clear(piece);
    this.wantedCount += isWanted ? 1 : -1;
    this.#peers.count(piece, isWanted ? 1 : -1, 0);
  }

  #leaveMissing(piece: number): void {
    this.ranking.remove(piece);
    this.missing.clear(piece);
    this.missingCount--;
    this.#peers.count(piece, 0, -1);
  }

  #enterMissing(piece: number): void {
    this.missing.set(piece);
    this.ranking.insert(piece);
    this.missingCount++;
    this.#peers.count(piece, 0, 1);
  }
}
