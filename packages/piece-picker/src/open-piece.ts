import { NOBODY } from "./peer-table.ts";

/** In a block's mark: it was received. The other bits count its requests. A mark of 0 is a free block. */
const RECEIVED = 0x80;

/** The highest number of peers that one block can be asked of at the same time. */
export const MAX_REQUESTERS_LIMIT = 8;

/**
 * One piece on its way: who was asked for which block, and who sent it. Made for the longest piece of the torrent and
 * used again for other pieces, so that opening a piece allocates nothing in the long run.
 */
export class OpenPiece {
  piece: number = -1;
  blockCount: number = 0;
  /** Who began it and goes on with it, or NOBODY. */
  owner: number = NOBODY;
  /** The owner wants it alone; others join only when they have nothing else. */
  isExclusive: boolean = false;
  /** It failed its hash before: from one peer alone. Others never join. */
  isParole: boolean = false;
  /** Blocks that are neither requested nor received. */
  freeCount: number = 0;
  receivedCount: number = 0;
  /** Places in the lists of `OpenPieces`; -1 when not in one. */
  listIndex: number = -1;
  hungryIndex: number = -1;

  readonly #marks: Uint8Array;
  readonly #requesters: Uint16Array;
  readonly #senders: Uint16Array;
  readonly #maxRequesters: number;
  /** No block below this one is free. */
  #firstFree = 0;

  constructor(blockCapacity: number, maxRequesters: number) {
    this.#maxRequesters = maxRequesters;
    this.#marks = new Uint8Array(blockCapacity);
    this.#requesters = new Uint16Array(blockCapacity * maxRequesters);
    this.#senders = new Uint16Array(blockCapacity);
  }

  begin(piece: number, blockCount: number, owner: number, isExclusive: boolean, isParole: boolean): void {
    this.piece = piece;
    this.blockCount = blockCount;
    this.owner = owner;
    this.isExclusive = isExclusive;
    this.isParole = isParole;
    this.freeCount = blockCount;
    this.receivedCount = 0;
    this.#firstFree = 0;
    this.#marks.fill(0, 0, blockCount);
  }

  get isComplete(): boolean {
    return this.receivedCount === this.blockCount;
  }

  /** Blocks that are in flight. */
  get requestedCount(): number {
    return this.blockCount - this.freeCount - this.receivedCount;
  }

  isReceived(block: number): boolean {
    return (this.#marks[block]! & RECEIVED) !== 0;
  }

  requestCount(block: number): number {
    return this.#marks[block]! & ~RECEIVED;
  }

  hasRequest(slot: number, block: number): boolean {
    return this.#placeOf(slot, block) >= 0;
  }

  requesterAt(block: number, index: number): number {
    return this.#requesters[block * this.#maxRequesters + index]!;
  }

  /** Who sent a received block. */
  senderOf(block: number): number {
    return this.#senders[block]!;
  }

  /** The lowest free block, now requested from `slot`. Only when `freeCount` is not 0. */
  requestNext(slot: number): number {
    const block = this.#marks.indexOf(0, this.#firstFree);
    this.#firstFree = block + 1;
    this.request(slot, block);
    return block;
  }

  /** Only when `slot` has no request for it and there is room for one more. */
  request(slot: number, block: number): void {
    const count = this.#marks[block]!;
    if (count === 0) this.freeCount--;
    this.#requesters[block * this.#maxRequesters + count] = slot;
    this.#marks[block] = count + 1;
  }

  /** Takes back a request; whether there was one. */
  unrequest(slot: number, block: number): boolean {
    const place = this.#placeOf(slot, block);
    if (place < 0) return false;
    const first = block * this.#maxRequesters;
    this.#requesters[first + place] = this.#requesters[first + this.requestCount(block) - 1]!;
    this.#marks[block]!--;
    if (this.#marks[block] === 0) this.#free(block);
    return true;
  }

  /** The first copy of a block came from `slot`; its requests to others stay until they are released. */
  receive(slot: number, block: number): void {
    if (this.#marks[block] === 0) this.freeCount--;
    this.#marks[block]! |= RECEIVED;
    this.#senders[block] = slot;
    this.receivedCount++;
  }

  /**
   * The last block in flight that `slot` was not asked for and that has room for one more request, or -1. Peers answer in
   * order, so it is the one that its peer will send last: the first one may be on its way already.
   */
  findBusy(slot: number): number {
    for (let block = this.blockCount - 1; block >= 0; block--) {
      const count = this.#marks[block]!;
      if (count > 0 && count < this.#maxRequesters && !this.hasRequest(slot, block)) return block;
    }
    return -1;
  }

  /** One of those who sent its received blocks; NOBODY when there are none. */
  firstSender(): number {
    for (let block = 0; block < this.blockCount; block++)
      if (this.isReceived(block)) return this.#senders[block]!;
    return NOBODY;
  }

  #free(block: number): void {
    this.freeCount++;
    if (block < this.#firstFree) this.#firstFree = block;
  }

  #placeOf(slot: number, block: number): number {
    const first = block * this.#maxRequesters;
    const count = this.requestCount(block);
    for (let place = 0; place < count; place++) if (this.#requesters[first + place] === slot) return place;
    return -1;
  }
}
