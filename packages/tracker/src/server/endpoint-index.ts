import { GrowingLinks } from "./growing-links.ts";
import { LinearHashing } from "./linear-hashing.ts";

const FIRST_BUCKET_COUNT = 64;

/**
 * Which rows an address stands in, for a swarm that is too large to be looked through. The key is the address without its
 * port, so that the peers of one address stand in one bucket and can be counted. A bucket more with each peer, so that no
 * announce pays for a rehash of all. 8 bytes a peer. Keys are the owner's: it says the hash of each row.
 */
export class EndpointIndex {
  /** The first row of each bucket, + 1; 0 = none. */
  readonly #heads = new GrowingLinks(FIRST_BUCKET_COUNT);
  /** For each row the next one of its bucket, + 1. */
  readonly #next = new GrowingLinks(FIRST_BUCKET_COUNT);
  readonly #buckets = new LinearHashing(FIRST_BUCKET_COUNT);
  #count = 0;
  readonly #hashOfRow: (row: number) => number;

  constructor(hashOfRow: (row: number) => number) {
    this.#hashOfRow = hashOfRow;
  }

  get byteLength(): number {
    return this.#heads.byteLength + this.#next.byteLength;
  }

  /** The first row whose address may have this hash, or -1; then `after`. */
  first(hash: number): number {
    return this.#heads.get(this.#buckets.bucketOf(hash)) - 1;
  }

  after(row: number): number {
    return this.#next.get(row) - 1;
  }

  /** Enters the row behind the last one. */
  add(row: number): void {
    this.#count++;
    this.#next.reach(row);
    this.#link(this.#buckets.bucketOf(this.#hashOfRow(row)), row);
    if (this.#count > this.#buckets.bucketCount) this.#split();
  }

  /** Takes the last row out. */
  remove(row: number): void {
    this.#unlink(this.#buckets.bucketOf(this.#hashOfRow(row)), row);
    this.#count--;
    this.#next.release(row);
    // Two, so that the buckets keep up with the rows.
    for (let i = 0; i < 2 && this.#count < this.#buckets.bucketCount >> 1; i++) this.#merge();
  }

  /** Two rows change places; to be told before their bytes do. */
  swap(one: number, other: number): void {
    const bucketOfOne = this.#buckets.bucketOf(this.#hashOfRow(one));
    const bucketOfOther = this.#buckets.bucketOf(this.#hashOfRow(other));
    this.#unlink(bucketOfOne, one);
    this.#unlink(bucketOfOther, other);
    this.#link(bucketOfOne, other);
    this.#link(bucketOfOther, one);
  }

  #link(bucket: number, row: number): void {
    this.#next.set(row, this.#heads.get(bucket));
    this.#heads.set(bucket, row + 1);
  }

  #unlink(bucket: number, row: number): void {
    const behind = this.#next.get(row);
    let before = this.#heads.get(bucket) - 1;
    if (before === row) return this.#heads.set(bucket, behind);
    while (this.after(before) !== row) before = this.after(before);
    this.#next.set(before, behind);
  }

  /** Links the rows of a bucket anew. */
  #relink(bucket: number): void {
    let row = this.#heads.get(bucket) - 1;
    this.#heads.set(bucket, 0);
    while (row >= 0) {
      const next = this.after(row);
      this.#link(this.#buckets.bucketOf(this.#hashOfRow(row)), row);
      row = next;
    }
  }

  #split(): void {
    this.#heads.reach(this.#buckets.bucketCount);
    this.#relink(this.#buckets.grow());
  }

  #merge(): void {
    const last = this.#buckets.shrink();
    if (last < 0) return;
    this.#relink(last);
    this.#heads.release(last);
  }
}
