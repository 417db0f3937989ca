/** Sampling window in ms: long enough to smooth bursts of blocks, short enough to steer request queues. */
const WINDOW_MS = 500;
/** Weight of the newest window. */
const NEWEST_WEIGHT = 0.4;

// Fields that will hold fractions begin as numbers that are no small integers: V8 gives an object another shape when a field
// goes from one kind to the other, and throws away what it had compiled for the first.

/** Bytes per second as an exponentially weighted mean of half-second windows; costs nothing while nothing moves. */
export class RateMeter {
  #windowStart = -Infinity;
  #windowLength = 0;
  /** NaN until the first window has closed. */
  #rate = NaN;
  /** All bytes ever added. */
  total = 0;

  add(length: number, now: number): void {
    this.total += length;
    if (this.#windowStart === -Infinity) this.#windowStart = now;
    this.#roll(now);
    this.#windowLength += length;
  }

  /** Bytes per second, as of `now`. */
  rate(now: number): number {
    if (this.#windowStart === -Infinity) return 0;
    this.#roll(now);
    // Before the first window has closed, and after silence, what came so far is the best guess there is.
    if (!(this.#rate > 0))
      return (this.#windowLength * 1000) / Math.max(WINDOW_MS / 2, now - this.#windowStart);
    return this.#rate;
  }

  #roll(now: number): void {
    const elapsed = now - this.#windowStart;
    if (elapsed < WINDOW_MS) return;
    const sample = (this.#windowLength * 1000) / elapsed;
    // A long silence counts as that many empty windows.
    const weight = 1 - (1 - NEWEST_WEIGHT) ** (elapsed / WINDOW_MS);
    this.#rate = !(this.#rate > 0) ? sample : this.#rate + (sample - this.#rate) * weight;
    if (this.#rate < 1) this.#rate = 0;
    this.#windowStart = now;
    this.#windowLength = 0;
  }
}
