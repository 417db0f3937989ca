import type { PieceSet } from "./piece-set.ts";

/** Slots are kept in 16 bits per request, and one value means "nobody". */
export const MAX_PEER_SLOTS = 65_535;
/** No peer: a piece without an owner, a place without a requester. */
export const NOBODY = 65_535;

/** What the picker knows of one peer. */
export interface Peer {
  isActive: boolean;
  /** Said it has everything: it has no `field` and its pieces are not in the availability of each piece. */
  isCountedAsSeed: boolean;
  /** What it has; absent while it has nothing, and for a peer that is counted as seed. */
  field: PieceSet | undefined;
  /** Pieces that it has. */
  pieceCount: number;
  /** Of these, the wanted ones that we have not. Not kept for a peer that is counted as seed. */
  interestingCount: number;
  /** Of these, the ones in the state "missing". Not kept for a peer that is counted as seed. */
  missingCount: number;
  /** Requests to it that were neither answered nor released. */
  requestCount: number;
  /** Blocks of open and complete pieces that it sent: while there are any, the slot is not given to another. */
  sentBlockCount: number;
  /** The piece that it was given to begin last, or -1. */
  lastOpened: number;
}

/** The peers by slot. */
export class PeerTable {
  readonly #peers: Peer[] = [];
  readonly #freeSlots: number[] = [];
  /** Peers that are counted as seeds. */
  seedCount: number = 0;
  activeCount: number = 0;

  add(): number {
    const slot = this.#freeSlots.pop() ?? this.#peers.length;
    if (slot >= MAX_PEER_SLOTS) throw new RangeError(`more than ${MAX_PEER_SLOTS} peers`);
    this.#peers[slot] = {
      isActive: true,
      isCountedAsSeed: false,
      field: undefined,
      pieceCount: 0,
      interestingCount: 0,
      missingCount: 0,
      requestCount: 0,
      sentBlockCount: 0,
      lastOpened: -1,
    };
    this.activeCount++;
    return slot;
  }

  /** @throws RangeError when no peer is in `slot`. */
  get(slot: number): Peer {
    const peer = this.#peers[slot];
    if (peer === undefined || !peer.isActive) throw new RangeError(`no peer in slot ${slot}`);
    return peer;
  }

  /** The peer is gone; what it had and asked for was taken back by the caller. */
  remove(slot: number): void {
    this.get(slot).isActive = false;
    this.activeCount--;
    this.#reuse(slot);
  }

  has(slot: number, piece: number): boolean {
    const peer = this.get(slot);
    return peer.isCountedAsSeed || (peer.field?.has(piece) ?? false);
  }

  /** A block from `slot` is in an open piece. */
  addSentBlock(slot: number): void {
    this.#peers[slot]!.sentBlockCount++;
  }

  /** The piece of a block from `slot`, who may have left meanwhile, was closed. */
  removeSentBlock(slot: number): void {
    this.#peers[slot]!.sentBlockCount--;
    this.#reuse(slot);
  }

  removeRequest(slot: number): void {
    this.#peers[slot]!.requestCount--;
  }

  /** `piece` is, or is no longer, interesting or missing: tells the counters of all peers that have it. */
  count(piece: number, interesting: -1 | 0 | 1, missing: -1 | 0 | 1): void {
    for (const peer of this.#peers) {
      if (peer.field === undefined || !peer.field.has(piece)) continue;
      peer.interestingCount += interesting;
      peer.missingCount += missing;
    }
  }

  #reuse(slot: number): void {
    const peer = this.#peers[slot]!;
    if (!peer.isActive && peer.sentBlockCount === 0) this.#freeSlots.push(slot);
  }
}
