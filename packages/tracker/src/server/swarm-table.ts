import type { KeyedHash } from "./keyed-hash.ts";
import { LinearHashing } from "./linear-hashing.ts";

type SwarmWord =
  "hash" | "next" | "key" | "completed" | "touchedAt" | "scannedAt" | "v4" | "v6" | "wordCount";

/** Words of a swarm's record. */
export const SWARM: Readonly<Record<SwarmWord, number>> = Object.freeze({
  /** The info-hash, five words. */
  hash: 0,
  /** Index + 1 of the next record in the same bucket; 0 at the end; `FREE` when the record is not in use. */
  next: 5,
  /** The keyed hash of the info-hash. */
  key: 6,
  completed: 7,
  /** Tick of the last announce. */
  touchedAt: 8,
  /** Tick at which silent peers were last looked for. */
  scannedAt: 9,
  /** Two groups of four words, IPv4 and IPv6: see `FAMILY`. */
  v4: 10,
  v6: 14,
  wordCount: 18,
});

/** Words of one family's part: its block, and how many peers stand in it, in the order of their classes. */
export const FAMILY: Readonly<Record<"block" | "downloaderEnd" | "pausedEnd" | "peerCount", number>> =
  Object.freeze({ block: 0, downloaderEnd: 1, pausedEnd: 2, peerCount: 3 });

export const FREE = 0xffff_ffff;
const RECORDS_PER_CHUNK_BITS = 10;
const RECORDS_PER_CHUNK = 1 << RECORDS_PER_CHUNK_BITS;
const BUCKETS_PER_CHUNK_BITS = 12;
const BUCKETS_PER_CHUNK = 1 << BUCKETS_PER_CHUNK_BITS;

/**
 * Swarms by info-hash. The table grows by one bucket with each swarm and shrinks by one, so that no announce pays for a
 * rehash of all, and it lies in chunks, so that growing copies nothing. 76 bytes a swarm. A record keeps its index as long
 * as its swarm lives.
 */
export class SwarmTable {
  readonly #hash: KeyedHash;
  readonly #records: Uint32Array[] = [];
  readonly #buckets: Uint32Array[] = [new Uint32Array(BUCKETS_PER_CHUNK)];
  readonly #hashing = new LinearHashing(1);
  #freeHead = 0;
  #recordCount = 0;
  #size = 0;

  constructor(hash: KeyedHash) {
    this.#hash = hash;
  }

  get size(): number {
    return this.#size;
  }

  /** Records that were ever in use: indices are below. */
  get recordCount(): number {
    return this.#recordCount;
  }

  get byteLength(): number {
    const perChunk = RECORDS_PER_CHUNK * SWARM.wordCount * 4;
    return this.#records.length * perChunk + this.#buckets.length * BUCKETS_PER_CHUNK * 4;
  }

  /** The array that holds record `index`; its words begin at `baseOf(index)`. */
  wordsOf(index: number): Uint32Array {
    return this.#records[index >>> RECORDS_PER_CHUNK_BITS]!;
  }

  baseOf(index: number): number {
    return (index & (RECORDS_PER_CHUNK - 1)) * SWARM.wordCount;
  }

  /** The record of the info-hash (five words), or -1. */
  find(infoHash: Uint32Array): number {
    const key = this.#hash.hash32(infoHash, 5);
    const bucket = this.#hashing.bucketOf(key);
    let link = this.#buckets[bucket >>> BUCKETS_PER_CHUNK_BITS]![bucket & (BUCKETS_PER_CHUNK - 1)]!;
    while (link !== 0) {
      const words = this.wordsOf(link - 1);
      const base = this.baseOf(link - 1);
      if (words[base + SWARM.key] === key && isHashAt(words, base, infoHash)) return link - 1;
      link = words[base + SWARM.next]!;
    }
    return -1;
  }

  /** Adds a swarm that `find` did not find; all but its info-hash is zero. */
  add(infoHash: Uint32Array): number {
    const index = this.#freeHead === 0 ? this.#recordCount++ : this.#freeHead - 1;
    const chunk = index >>> RECORDS_PER_CHUNK_BITS;
    const words = (this.#records[chunk] ??= new Uint32Array(RECORDS_PER_CHUNK * SWARM.wordCount));
    const base = this.baseOf(index);
    if (this.#freeHead !== 0) this.#freeHead = words[base + SWARM.completed]!;
    words.fill(0, base, base + SWARM.wordCount);
    for (let i = 0; i < 5; i++) words[base + i] = infoHash[i]!;
    words[base + SWARM.key] = this.#hash.hash32(infoHash, 5);
    this.#size++;
    this.#link(index);
    if (this.#size > this.#hashing.bucketCount) this.#split();
    return index;
  }

  remove(index: number): void {
    const words = this.wordsOf(index);
    const base = this.baseOf(index);
    const bucket = this.#hashing.bucketOf(words[base + SWARM.key]!);
    const heads = this.#buckets[bucket >>> BUCKETS_PER_CHUNK_BITS]!;
    const headAt = bucket & (BUCKETS_PER_CHUNK - 1);
    if (heads[headAt] === index + 1) heads[headAt] = words[base + SWARM.next]!;
    else {
      let link = heads[headAt]!;
      for (;;) {
        const before = this.wordsOf(link - 1);
        const nextAt = this.baseOf(link - 1) + SWARM.next;
        if (before[nextAt] === index + 1) {
          before[nextAt] = words[base + SWARM.next]!;
          break;
        }
        link = before[nextAt]!;
      }
    }
    words[base + SWARM.next] = FREE;
    words[base + SWARM.completed] = this.#freeHead;
    this.#freeHead = index + 1;
    this.#size--;
    // Two, so that the buckets keep up with the swarms.
    for (let i = 0; i < 2 && this.#size < this.#hashing.bucketCount >> 1; i++) this.#merge();
  }

  #link(index: number): void {
    const words = this.wordsOf(index);
    const base = this.baseOf(index);
    const bucket = this.#hashing.bucketOf(words[base + SWARM.key]!);
    const heads = this.#buckets[bucket >>> BUCKETS_PER_CHUNK_BITS]!;
    words[base + SWARM.next] = heads[bucket & (BUCKETS_PER_CHUNK - 1)]!;
    heads[bucket & (BUCKETS_PER_CHUNK - 1)] = index + 1;
  }

  /** Takes a bucket's chain off and links its records anew. */
  #relink(bucket: number): void {
    const heads = this.#buckets[bucket >>> BUCKETS_PER_CHUNK_BITS]!;
    let link = heads[bucket & (BUCKETS_PER_CHUNK - 1)]!;
    heads[bucket & (BUCKETS_PER_CHUNK - 1)] = 0;
    while (link !== 0) {
      const next = this.wordsOf(link - 1)[this.baseOf(link - 1) + SWARM.next]!;
      this.#link(link - 1);
      link = next;
    }
  }

  #split(): void {
    const last = this.#hashing.bucketCount;
    if (last >>> BUCKETS_PER_CHUNK_BITS >= this.#buckets.length)
      this.#buckets.push(new Uint32Array(BUCKETS_PER_CHUNK));
    this.#relink(this.#hashing.grow());
  }

  #merge(): void {
    const last = this.#hashing.shrink();
    if (last < 0) return;
    this.#relink(last);
    if (this.#buckets.length - 1 > (last + BUCKETS_PER_CHUNK) >>> BUCKETS_PER_CHUNK_BITS) this.#buckets.pop();
  }
}

function isHashAt(words: Uint32Array, base: number, infoHash: Uint32Array): boolean {
  for (let i = 0; i < 5; i++) if (words[base + i] !== infoHash[i]) return false;
  return true;
}
