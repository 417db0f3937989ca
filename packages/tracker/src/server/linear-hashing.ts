/**
 * Which bucket a hash belongs to while buckets come and go one at a time: linear hashing (Litwin, 1980). A table that grows with its
 * entries pays for one bucket each time, never for a rehash of all. The buckets themselves are the owner's.
 */
export class LinearHashing {
  readonly #least: number;
  /** Buckets of the round: a power of two; those below `#splitAt` are split already. */
  #roundSize: number;
  #splitAt = 0;

  /** `least` is a power of two: there are never fewer buckets. */
  constructor(least: number) {
    this.#least = least;
    this.#roundSize = least;
  }

  get bucketCount(): number {
    return this.#roundSize + this.#splitAt;
  }

  bucketOf(hash: number): number {
    const bucket = hash & (this.#roundSize - 1);
    return bucket < this.#splitAt ? hash & (2 * this.#roundSize - 1) : bucket;
  }

  /** Adds a bucket behind the others; returns the one whose entries are to be placed anew. */
  grow(): number {
    const bucket = this.#splitAt++;
    if (this.#splitAt === this.#roundSize) {
      this.#roundSize *= 2;
      this.#splitAt = 0;
    }
    return bucket;
  }

  /** Takes the last bucket away; returns it, for its entries are to be placed anew, or -1 when all are needed. */
  shrink(): number {
    if (this.bucketCount === this.#least) return -1;
    if (this.#splitAt === 0) {
      this.#roundSize /= 2;
      this.#splitAt = this.#roundSize;
    }
    this.#splitAt--;
    return this.bucketCount;
  }
}
