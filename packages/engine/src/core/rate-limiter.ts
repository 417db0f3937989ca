/** How much unused allowance may pile up, in ms of the rate: a burst after a pause stays short. */
const BURST_MS = 250;
/** Waits are not shorter than this, so that a slow limit does not wake the session for every block. */
const MINIMUM_WAIT_MS = 20;

/**
 * A token bucket in bytes. Whoever finds it above zero may take a whole block, which may leave it below zero:
 * the debt is waited for, so the mean rate holds exactly and any limit above zero makes progress.
 */
export class RateLimiter {
  #rate: number;
  #tokens: number;
  #at = 0;

  /** `rate` in bytes per second, above 0; `Infinity` for no limit. */
  constructor(rate: number) {
    this.#rate = rate;
    this.#tokens = this.#burst();
  }

  get isUnlimited(): boolean {
    return this.#rate === Infinity;
  }

  setRate(rate: number, now: number): void {
    this.#refill(now);
    this.#rate = rate;
    this.#tokens = Math.min(this.#tokens, this.#burst());
    if (!Number.isFinite(this.#tokens)) this.#tokens = 0;
  }

  /** Bytes that may be taken now: `Infinity` without a limit, 0 or less when one has to wait. */
  available(now: number): number {
    if (this.isUnlimited) return Infinity;
    this.#refill(now);
    return this.#tokens;
  }

  take(length: number, now: number): void {
    if (this.isUnlimited) return;
    this.#refill(now);
    this.#tokens -= length;
  }

  /** Takes back what was taken for something that did not happen. */
  giveBack(length: number): void {
    if (!this.isUnlimited) this.#tokens = Math.min(this.#burst(), this.#tokens + length);
  }

  /** When something can be taken again. */
  nextAt(now: number): number {
    if (this.available(now) > 0) return now;
    return now + Math.max(MINIMUM_WAIT_MS, (1 - this.#tokens) / (this.#rate / 1000));
  }

  #burst(): number {
    return Math.max(16_384, (this.#rate * BURST_MS) / 1000);
  }

  #refill(now: number): void {
    if (this.isUnlimited) return;
    this.#tokens = Math.min(this.#burst(), this.#tokens + ((now - this.#at) * this.#rate) / 1000);
    this.#at = now;
  }
}
