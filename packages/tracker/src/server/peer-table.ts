import { chooseIndices } from "./choose-indices.ts";

/** Some peers of a swarm as they go into an answer. */
export interface PeerSample {
  readonly count: number;
  /** BEP 23 or BEP 7 entries, one after the other. */
  readonly compact: Uint8Array;
  /** The ids that belong to the entries, 20 bytes each, in the same order. */
  readonly peerIds: Uint8Array;
}

export const EMPTY_SAMPLE: PeerSample = Object.freeze({
  count: 0,
  compact: new Uint8Array(0),
  peerIds: new Uint8Array(0),
});

const ID_LENGTH = 20;
const FIRST_CAPACITY = 4;

/**
 * The peers of one swarm and one address family: rows of compact entry and id in one array, without gaps, so that a
 * peer takes about 100 bytes and a random choice is a few indices. Invariant: the map's order is the order of the last
 * announces, so that whoever has gone silent stands in front.
 */
export class PeerTable {
  readonly #entryLength: number;
  readonly #rowLength: number;
  #rows: Uint8Array;
  #seenAt: Float64Array = new Float64Array(FIRST_CAPACITY);
  #isSeed: Uint8Array = new Uint8Array(FIRST_CAPACITY);
  /** Row by compact entry, read as Latin-1. */
  readonly #indexByKey = new Map<string, number>();
  /** Made when there are so many peers that one address could have too many. */
  #countByAddress: Map<string, number> | undefined;
  #seedCount = 0;

  constructor(family: 4 | 6) {
    this.#entryLength = family === 4 ? 6 : 18;
    this.#rowLength = this.#entryLength + ID_LENGTH;
    this.#rows = new Uint8Array(FIRST_CAPACITY * this.#rowLength);
  }

  get size(): number {
    return this.#indexByKey.size;
  }

  get seedCount(): number {
    return this.#seedCount;
  }

  has(entry: Uint8Array): boolean {
    return this.#indexByKey.has(keyOf(entry));
  }

  /** Whether `limit` peers of the address of `entry` are there already. */
  isAddressFull(entry: Uint8Array, limit: number): boolean {
    if (this.size < limit) return false;
    if (this.#countByAddress === undefined) {
      this.#countByAddress = new Map();
      for (const key of this.#indexByKey.keys()) this.#countAddress(key, 1);
    }
    return (this.#countByAddress.get(keyOf(entry).slice(0, -2)) ?? 0) >= limit;
  }

  /** The peer at `entry` is there. Returns whether it was a seed before; `undefined` when it is new. */
  announce(
    entry: Uint8Array,
    peer: { readonly peerId: Uint8Array; readonly isSeed: boolean },
    now: number,
  ): boolean | undefined {
    const key = keyOf(entry);
    const known = this.#indexByKey.get(key);
    const index = known ?? this.size;
    let wasSeed: boolean | undefined;
    if (known === undefined) {
      this.#reserve(index + 1);
      this.#rows.set(entry, index * this.#rowLength);
      this.#rows.set(peer.peerId, index * this.#rowLength + this.#entryLength);
      this.#countAddress(key, 1);
    } else {
      wasSeed = this.#isSeed[index] === 1;
      this.#indexByKey.delete(key); // so that it comes to the end of the map's order
    }
    this.#indexByKey.set(key, index);
    this.#seedCount += Number(peer.isSeed) - Number(wasSeed === true);
    this.#isSeed[index] = Number(peer.isSeed);
    this.#seenAt[index] = now;
    return wasSeed;
  }

  remove(entry: Uint8Array): void {
    const key = keyOf(entry);
    const index = this.#indexByKey.get(key);
    if (index !== undefined) this.#remove(key, index);
  }

  /** Removes all who were last seen before `time`; O(removed). */
  expire(time: number): void {
    for (const [key, index] of this.#indexByKey) {
      if (this.#seenAt[index]! >= time) return;
      this.#remove(key, index);
    }
  }

  /**
   * Up to `count` peers, each equally likely, without the one at `except.entry`; O(count). For a seed, which has
   * nothing to do with other seeds, leechers only, as far as they are found among four times as many.
   */
  sample(
    count: number,
    random: () => number,
    except: { readonly entry: Uint8Array; readonly isSeed: boolean },
  ): PeerSample {
    if (count <= 0 || this.size === 0) return EMPTY_SAMPLE;
    const self = this.#indexByKey.get(keyOf(except.entry));
    const most = Math.min(count, this.size);
    const compact = new Uint8Array(most * this.#entryLength);
    const peerIds = new Uint8Array(most * ID_LENGTH);
    let taken = 0;
    for (const index of chooseIndices(this.size, except.isSeed ? 4 * count : count + 1, random)) {
      if (taken === most) break;
      if (index === self || (except.isSeed && this.#isSeed[index] === 1)) continue;
      const row = index * this.#rowLength;
      copy(this.#rows, row, compact, taken * this.#entryLength, this.#entryLength);
      copy(this.#rows, row + this.#entryLength, peerIds, taken * ID_LENGTH, ID_LENGTH);
      taken++;
    }
    return {
      count: taken,
      compact: compact.subarray(0, taken * this.#entryLength),
      peerIds: peerIds.subarray(0, taken * ID_LENGTH),
    };
  }

  #remove(key: string, index: number): void {
    const last = this.size - 1;
    if (this.#isSeed[index] === 1) this.#seedCount--;
    this.#countAddress(key, -1);
    this.#indexByKey.delete(key);
    if (index === last) return;
    // The last row fills the gap.
    this.#rows.copyWithin(index * this.#rowLength, last * this.#rowLength, (last + 1) * this.#rowLength);
    this.#seenAt[index] = this.#seenAt[last]!;
    this.#isSeed[index] = this.#isSeed[last]!;
    const row = index * this.#rowLength;
    this.#indexByKey.set(keyOf(this.#rows.subarray(row, row + this.#entryLength)), index);
  }

  #countAddress(key: string, change: 1 | -1): void {
    if (this.#countByAddress === undefined) return;
    const address = key.slice(0, -2);
    const count = (this.#countByAddress.get(address) ?? 0) + change;
    if (count === 0) this.#countByAddress.delete(address);
    else this.#countByAddress.set(address, count);
  }

  #reserve(count: number): void {
    if (count <= this.#isSeed.length) return;
    const capacity = 2 * this.#isSeed.length;
    this.#rows = grown(this.#rows, new Uint8Array(capacity * this.#rowLength));
    this.#seenAt = grown(this.#seenAt, new Float64Array(capacity));
    this.#isSeed = grown(this.#isSeed, new Uint8Array(capacity));
  }
}

function grown<T extends Uint8Array | Float64Array>(from: T, into: T): T {
  into.set(from);
  return into;
}

/** A loop: for so few bytes the views that `set` needs cost more than the copying. */
function copy(from: Uint8Array, fromAt: number, to: Uint8Array, toAt: number, length: number): void {
  for (let i = 0; i < length; i++) to[toAt + i] = from[fromAt + i]!;
}

function keyOf(entry: Uint8Array): string {
  return String.fromCharCode(...entry);
}
