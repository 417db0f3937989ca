import { EndpointIndex } from "./endpoint-index.ts";
import type { KeyedHash } from "./keyed-hash.ts";
import { NO_BLOCK, RowArena } from "./row-arena.ts";
import { FAMILY } from "./swarm-table.ts";

/** The order in which a swarm's peers stand. Whoever is not a downloader wants nothing of the later classes (BEP 21). */
export const PEER_CLASS: Readonly<Record<"downloader" | "paused" | "seed", number>> = Object.freeze({
  downloader: 0,
  paused: 1,
  seed: 2,
});

/** The present tick, and how many ticks a silent peer is kept. */
export interface RowAge {
  readonly tick: number;
  readonly lifetime: number;
}

/** A swarm with more peers of a family gets an index; a smaller one is looked through, 2 KiB at most. */
const INDEX_FROM = 64;
const ID_WORDS = 5;
const COMPLETED_FLAG = 1;

/**
 * The peers of one address family, of all swarms: rows of address, port, flags, tick of the last announce, id (32 bytes for
 * IPv4, 44 for IPv6). The rows of a swarm stand without gaps, downloaders first, then partial seeds, then seeds: so that
 * counting them is subtracting and choosing among them is drawing numbers. `words` and `at` name the family's part of a
 * swarm's record.
 */
export class PeerRows {
  readonly entryLength: number;
  readonly #addressWords: number;
  /** Words that tell one host from another: an IPv6 host has the whole /64 to itself. */
  readonly #hostWords: number;
  readonly #rowWords: number;
  readonly #hash: KeyedHash;
  readonly #arena: RowArena;
  readonly #indexBySwarm = new Map<number, EndpointIndex>();
  readonly #wanted = new Uint32Array(5);
  readonly #wantedBytes = new Uint8Array(this.#wanted.buffer);
  readonly #hostScratch = new Uint32Array(2);
  /** Peers of the same host that `find` met. */
  hostCount = 0;

  constructor(family: 4 | 6, hash: KeyedHash) {
    this.#addressWords = family === 4 ? 1 : 4;
    this.#hostWords = family === 4 ? 1 : 2;
    this.entryLength = 4 * this.#addressWords + 2;
    this.#rowWords = this.#addressWords + 2 + ID_WORDS;
    this.#hash = hash;
    this.#arena = new RowArena(this.#rowWords);
  }

  /** Memory of rows and indices. */
  get byteLength(): number {
    let total = this.#arena.byteLength;
    for (const index of this.#indexBySwarm.values()) total += index.byteLength;
    return total;
  }

  /** The row of the peer with this compact entry, or -1. Sets `hostCount`, complete only when the peer is not there. */
  find(words: Uint32Array, at: number, swarm: number, entry: Uint8Array): number {
    this.hostCount = 0;
    const count = words[at + FAMILY.peerCount]!;
    if (count === 0) return -1;
    for (let i = 0; i < this.entryLength; i++) this.#wantedBytes[i] = entry[i]!;
    const arena = this.#arena;
    const handle = words[at + FAMILY.block]!;
    const index = count > INDEX_FROM ? this.#indexBySwarm.get(swarm) : undefined;
    if (index === undefined) {
      arena.locate(handle, 0);
      for (let row = 0; row < count; row++) {
        if (this.#isWanted(arena.words, arena.bytes, arena.at + row * this.#rowWords)) return row;
      }
      return -1;
    }
    for (let row = index.first(this.#hashOfHost(this.#wanted, 0)); row >= 0; row = index.after(row)) {
      arena.locate(handle, row);
      if (this.#isWanted(arena.words, arena.bytes, arena.at)) return row;
    }
    return -1;
  }

  classOf(words: Uint32Array, at: number, row: number): number {
    if (row < words[at + FAMILY.downloaderEnd]!) return PEER_CLASS.downloader;
    return row < words[at + FAMILY.pausedEnd]! ? PEER_CLASS.paused : PEER_CLASS.seed;
  }

  /** Adds a peer that `find` did not find; returns its row. */
  add(words: Uint32Array, at: number, swarm: number, entry: Uint8Array, peerClass: number): number {
    const row = words[at + FAMILY.peerCount]!;
    this.#reserve(words, at, row + 1);
    const arena = this.#arena;
    arena.locate(words[at + FAMILY.block]!, row);
    const byteAt = 4 * arena.at;
    for (let i = 0; i < this.entryLength; i++) arena.bytes[byteAt + i] = entry[i]!;
    arena.bytes[byteAt + this.entryLength] = 0;
    arena.bytes[byteAt + this.entryLength + 1] = 0;
    words[at + FAMILY.peerCount] = row + 1;
    const mayHaveIndex = row >= INDEX_FROM >> 1;
    if (row >= INDEX_FROM || (mayHaveIndex && this.#indexBySwarm.has(swarm)))
      this.#indexFor(words, at, swarm, row);
    return this.move(words, at, swarm, row, PEER_CLASS.seed, peerClass);
  }

  /** The peer has announced itself. */
  touch(words: Uint32Array, at: number, row: number, peerId: Uint8Array, tick: number): void {
    const arena = this.#arena;
    arena.locate(words[at + FAMILY.block]!, row);
    const seenAt = arena.at + this.#addressWords + 1;
    arena.words[seenAt] = tick;
    for (let i = 0; i < 4 * ID_WORDS; i++) arena.bytes[4 * seenAt + 4 + i] = peerId[i]!;
  }

  /** Notes that the peer's download was counted; whether it was not yet. */
  markCompleted(words: Uint32Array, at: number, row: number): boolean {
    this.#arena.locate(words[at + FAMILY.block]!, row);
    const { bytes } = this.#arena;
    const flagAt = 4 * this.#arena.at + this.entryLength;
    const isNew = (bytes[flagAt]! & COMPLETED_FLAG) === 0;
    bytes[flagAt]! |= COMPLETED_FLAG;
    return isNew;
  }

  /** Puts a row from one class into another, by swaps with the rows at the borders between. Returns its new place. */
  move(words: Uint32Array, at: number, swarm: number, row: number, from: number, to: number): number {
    let place = row;
    for (let peerClass = from; peerClass < to; peerClass++) {
      const last = --words[at + FAMILY.downloaderEnd + peerClass]!;
      this.#swap(words, at, swarm, place, last);
      place = last;
    }
    for (let peerClass = from; peerClass > to; peerClass--) {
      const first = words[at + FAMILY.downloaderEnd + peerClass - 1]!++;
      this.#swap(words, at, swarm, place, first);
      place = first;
    }
    return place;
  }

  remove(words: Uint32Array, at: number, swarm: number, row: number): void {
    const place = this.move(words, at, swarm, row, this.classOf(words, at, row), PEER_CLASS.seed);
    const last = words[at + FAMILY.peerCount]! - 1;
    this.#swap(words, at, swarm, place, last);
    // Invariant: a swarm with an index has more than half of INDEX_FROM peers, and all of them are in it.
    if (last >= INDEX_FROM >> 1) this.#indexBySwarm.get(swarm)?.remove(last);
    words[at + FAMILY.peerCount] = last;
    if (last === INDEX_FROM >> 1) this.#indexBySwarm.delete(swarm);
    const capacity = this.#arena.capacityOf(words[at + FAMILY.block]!);
    if (3 * last <= capacity) this.#relocate(words, at, last === 0 ? 0 : last + (last >> 2));
  }

  /** Ticks since the peer was last seen. */
  ageOf(words: Uint32Array, at: number, row: number, tick: number): number {
    this.#arena.locate(words[at + FAMILY.block]!, row);
    return (tick - this.#arena.words[this.#arena.at + this.#addressWords + 1]!) >>> 0;
  }

  /** Removes who was last seen more than `lifetime` ticks before `tick`, among the rows `from` up to and without `to`. */
  expire(
    words: Uint32Array,
    at: number,
    swarm: number,
    { tick, lifetime }: RowAge,
    from: number,
    to: number,
  ): void {
    // From the end: a row that a removal swaps in was looked at before.
    for (let row = Math.min(to, words[at + FAMILY.peerCount]!) - 1; row >= from; row--)
      if (this.ageOf(words, at, row, tick) > lifetime) this.remove(words, at, swarm, row);
  }

  /** Removes all of a swarm's peers of this family. */
  clear(words: Uint32Array, at: number, swarm: number): void {
    while (words[at + FAMILY.peerCount]! > 0)
      this.remove(words, at, swarm, words[at + FAMILY.peerCount]! - 1);
  }

  /** Helps memory to be let go after a flood: see `RowArena.shouldMove`. */
  compact(words: Uint32Array, at: number): void {
    const handle = words[at + FAMILY.block]!;
    if (handle !== NO_BLOCK && this.#arena.shouldMove(handle))
      this.#relocate(words, at, this.#arena.capacityOf(handle));
  }

  /** Copies a row's compact entry. */
  copyEntry(words: Uint32Array, at: number, row: number, to: Uint8Array, toAt: number): void {
    this.#arena.locate(words[at + FAMILY.block]!, row);
    const { bytes } = this.#arena;
    const from = 4 * this.#arena.at;
    // A loop: for so few bytes the views that `set` needs cost more than the copying.
    for (let i = 0; i < this.entryLength; i++) to[toAt + i] = bytes[from + i]!;
  }

  /** Copies a row's peer id. */
  copyId(words: Uint32Array, at: number, row: number, to: Uint8Array, toAt: number): void {
    this.#arena.locate(words[at + FAMILY.block]!, row);
    const { bytes } = this.#arena;
    const from = 4 * (this.#arena.at + this.#addressWords + 2);
    for (let i = 0; i < 4 * ID_WORDS; i++) to[toAt + i] = bytes[from + i]!;
  }

  #isWanted(words: Uint32Array, bytes: Uint8Array, rowAt: number): boolean {
    for (let i = 0; i < this.#hostWords; i++) if (words[rowAt + i] !== this.#wanted[i]) return false;
    this.hostCount++;
    for (let i = 4 * this.#hostWords; i < this.entryLength; i++)
      if (bytes[4 * rowAt + i] !== this.#wantedBytes[i]) return false;
    return true;
  }

  #hashOfHost(words: Uint32Array, from: number): number {
    for (let i = 0; i < this.#hostWords; i++) this.#hostScratch[i] = words[from + i]!;
    return this.#hash.hash32(this.#hostScratch, this.#hostWords);
  }

  /** Enters the newest row into the swarm's index, which is made when it is the first that needs one. */
  #indexFor(words: Uint32Array, at: number, swarm: number, newest: number): void {
    let index = this.#indexBySwarm.get(swarm);
    let row = newest;
    if (index === undefined) {
      index = new EndpointIndex((one) => {
        this.#arena.locate(words[at + FAMILY.block]!, one);
        return this.#hashOfHost(this.#arena.words, this.#arena.at);
      });
      this.#indexBySwarm.set(swarm, index);
      row = 0;
    }
    for (; row <= newest; row++) index.add(row);
  }

  #swap(words: Uint32Array, at: number, swarm: number, one: number, other: number): void {
    if (one === other) return;
    if (words[at + FAMILY.peerCount]! > INDEX_FROM >> 1) this.#indexBySwarm.get(swarm)?.swap(one, other);
    const handle = words[at + FAMILY.block]!;
    this.#arena.locate(handle, one);
    const { words: wordsOfOne, at: atOne } = this.#arena;
    this.#arena.locate(handle, other);
    const { words: wordsOfOther, at: atOther } = this.#arena;
    for (let i = 0; i < this.#rowWords; i++) {
      const word = wordsOfOne[atOne + i]!;
      wordsOfOne[atOne + i] = wordsOfOther[atOther + i]!;
      wordsOfOther[atOther + i] = word;
    }
  }

  #reserve(words: Uint32Array, at: number, rowCount: number): void {
    if (rowCount > this.#arena.capacityOf(words[at + FAMILY.block]!)) this.#relocate(words, at, rowCount);
  }

  /** Moves the rows into a block for `capacity` rows; 0 gives the block back. */
  #relocate(words: Uint32Array, at: number, capacity: number): void {
    const count = words[at + FAMILY.peerCount]!;
    words[at + FAMILY.block] = this.#arena.resize(words[at + FAMILY.block]!, capacity, count);
  }
}
