import type { Bitfield } from "@bt/primitives";
import type { Peer, PeerTable } from "./peer-table.ts";
import { PieceSet } from "./piece-set.ts";
import type { PieceTable } from "./piece-table.ts";

/** What peers have: keeps fields, counters of peers and availability of pieces in step. */
export class PeerFields {
  readonly #table: PieceTable;
  readonly #peers: PeerTable;

  constructor(table: PieceTable, peers: PeerTable) {
    this.#table = table;
    this.#peers = peers;
  }

  /** `field` is copied, and of the right length. */
  replace(peer: Peer, field: Bitfield): void {
    if (field.isFull) return this.replaceByAll(peer);
    this.forget(peer);
    if (!field.isEmpty) this.#give(peer, PieceSet.fromBitfield(field), field.count);
  }

  /** Seeds are counted, not stored: otherwise each would cost memory and time for every piece. */
  replaceByAll(peer: Peer): void {
    this.forget(peer);
    peer.isCountedAsSeed = true;
    peer.pieceCount = this.#table.pieceCount;
    this.#peers.seedCount++;
  }

  /** Only for a piece that the peer has not. */
  add(peer: Peer, piece: number): void {
    peer.field ??= new PieceSet(this.#table.pieceCount);
    peer.field.set(piece);
    peer.pieceCount++;
    this.#table.countPieceFor(peer, piece, 1);
    this.#table.ranking.raise(piece);
  }

  /** Only for a piece that the peer has. */
  remove(peer: Peer, piece: number): void {
    if (peer.isCountedAsSeed) {
      this.forget(peer);
      const all = new PieceSet(this.#table.pieceCount);
      all.fill();
      this.#give(peer, all, all.length);
    }
    peer.field!.clear(piece);
    peer.pieceCount--;
    this.#table.countPieceFor(peer, piece, -1);
    this.#table.ranking.lower(piece);
  }

  forget(peer: Peer): void {
    if (peer.isCountedAsSeed) this.#peers.seedCount--;
    if (peer.field !== undefined) this.#table.ranking.lowerAll(peer.field, peer.pieceCount);
    peer.isCountedAsSeed = false;
    peer.field = undefined;
    peer.pieceCount = peer.interestingCount = peer.missingCount = 0;
  }

  #give(peer: Peer, field: PieceSet, pieceCount: number): void {
    peer.field = field;
    peer.pieceCount = pieceCount;
    this.#table.countFor(peer);
    this.#table.ranking.raiseAll(field, pieceCount);
  }
}
