import { GrowingLinks } from "./growing-links.ts";

const FIRST_BUCKET_COUNT = 64;

/**
 * Which rows an address stands in, for a swarm that is too large to be looked through. The key is the address without its
 * port, so that the peers of one address stand in one bucket and can be counted. Linear hashing (Litwin, 1980) as in
 * `SwarmTable`: a bucket more with each peer, so that no announce pays for a rehash of all. 8 bytes a peer. Keys are the
 * owner's: it says the hash of each row.
 */
export class EndpointIndex {
  /** The first row of each bucket, + 1; 0 = none. */
  readonly #heads = new GrowingLinks(FIRST_BUCKET_COUNT);
  /** For each row the next one of its bucket, + 1. */
  readonly #next = new GrowingLinks(FIRST_BUCKET_COUNT);
  /** Buckets of the round: a power of two; those below `#splitAt` are split already. */
  #roundSize = FIRST_BUCKET_COUNT;
  #splitAt = 0;
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
    return this.#heads.get(this.#bucketOf(hash)) - 1;
  }

  after(row: number): number {
    return this.#next.get(row) - 1;
  }

  /** Enters the row behind the last one. */
  add(row: number): void {
    this.#count++;
    this.#next.reach(row);
    this.#link(this.#bucketOf(this.#hashOfRow(row)), row);
    if (this.#count > this.#bucketCount) this.#split();
  }

  /** Takes the last row out. */
  remove(row: number): void {
    this.#unlink(this.#bucketOf(this.#hashOfRow(row)), row);
    this.#count--;
    this.#next.release(row);
    // Two, so that the buckets keep up with the rows.
    for (let i = 0; i < 2 && this.#count < this.#bucketCount >> 1; i++) this.#merge();
  }

  /** Two rows change places; to be told before their bytes do. */
  swap(one: number, other: number): void {
    const bucketOfOne = this.#bucketOf(this.#hashOfRow(one));
    const bucketOfOther = this.#bucketOf(this.#hashOfRow(other));
    this.#unlink(bucketOfOne, one);
    this.#unlink(bucketOfOther, other);
    this.#link(bucketOfOne, other);
    this.#link(bucketOfOther, one);
  }

  get #bucketCount(): number {
    return this.#roundSize + this.#splitAt;
  }

  #bucketOf(hash: number): number {
    const bucket = hash & (this.#roundSize - 1);
    return bucket < this.#splitAt ? hash & (2 * this.#roundSize - 1) : bucket;
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
      this.#link(this.#bucketOf(this.#hashOfRow(row)), row);
      row = next;
    }
  }

  #split(): void {
    const bucket = this.#splitAt;
    this.#heads.reach(this.#bucketCount);
    this.#splitAt++;
    if (this.#splitAt === this.#roundSize) {
      this.#roundSize *= 2;
      this.#splitAt = 0;
    }
    this.#relink(bucket);
  }

  #merge(): void {
    if (this.#bucketCount === FIRST_BUCKET_COUNT) return;
    if (this.#splitAt === 0) {
      this.#roundSize /= 2;
      this.#splitAt = this.#roundSize;
    }
    this.#splitAt--;
    this.#relink(this.#bucketCount);
    this.#heads.release(this.#bucketCount);
  }
}
