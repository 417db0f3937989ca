/** What is extrapolated from, at the least. */
const SHORTEST_MS = 100;

/** Bytes per second over the last one to two seconds: two buckets, no history. */
export class RateMeter {
  #bucketStartMs = 0;
  #bucketLength = 0;
  #lastLength = 0;

  add(length: number, nowMs: number): void {
    this.#turn(nowMs);
    this.#bucketLength += length;
  }

  byteRate(nowMs: number): number {
    this.#turn(nowMs);
    const elapsedMs = nowMs - this.#bucketStartMs;
    // What has just begun is extrapolated: a fast download is over before a second has passed.
    if (this.#lastLength === 0) return (this.#bucketLength * 1000) / Math.max(elapsedMs, SHORTEST_MS);
    // The last whole second counts for as much as is not yet replaced by this one.
    return this.#bucketLength + this.#lastLength * (1 - elapsedMs / 1000);
  }

  #turn(nowMs: number): void {
    const elapsedMs = nowMs - this.#bucketStartMs;
    if (elapsedMs < 1000) return;
    this.#lastLength = elapsedMs < 2000 ? this.#bucketLength : 0;
    this.#bucketLength = 0;
    this.#bucketStartMs = elapsedMs < 2000 ? this.#bucketStartMs + 1000 : nowMs;
  }
}
