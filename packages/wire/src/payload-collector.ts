/** First buffer of a payload that comes in parts. */
const FIRST_LENGTH = 512;

/**
 * Puts together a payload that must be handed over whole. When it lies in one chunk it is not copied; else the buffer
 * doubles as bytes arrive, so that a false length costs the peer its own bytes and us at most twice as many.
 */
export class PayloadCollector {
  #buffer: Uint8Array | undefined;
  #collectedLength = 0;
  #remaining = 0;

  /** A payload of `length` bytes begins; what was there before is forgotten. */
  begin(length: number): void {
    this.clear();
    this.#remaining = length;
  }

  /** Bytes that are still to come. */
  get remaining(): number {
    return this.#remaining;
  }

  /**
   * Takes the next `remaining` bytes, or as many as there are, from `source[start, end)`. Returns the payload once it
   * is whole: a view of `source` or of a buffer that the collector has let go.
   */
  take(source: Uint8Array, start: number, end: number): Uint8Array | undefined {
    const count = Math.min(this.#remaining, end - start);
    // Not subarray(): of a Buffer that makes a Buffer, whose slice() does not copy.
    const part = new Uint8Array(source.buffer, source.byteOffset + start, count);
    this.#remaining -= count;
    if (this.#remaining === 0 && this.#buffer === undefined) return part;
    const buffer = this.#grow(this.#collectedLength + count);
    buffer.set(part, this.#collectedLength);
    this.#collectedLength += count;
    if (this.#remaining > 0) return undefined;
    const whole = buffer.subarray(0, this.#collectedLength);
    this.clear();
    return whole;
  }

  clear(): void {
    this.#buffer = undefined;
    this.#collectedLength = 0;
    this.#remaining = 0;
  }

  #grow(neededLength: number): Uint8Array {
    const old = this.#buffer;
    if (old !== undefined && old.length >= neededLength) return old;
    const wholeLength = neededLength + this.#remaining;
    const grown = new Uint8Array(Math.min(wholeLength, Math.max(FIRST_LENGTH, 2 * neededLength)));
    if (old !== undefined) grown.set(old.subarray(0, this.#collectedLength));
    this.#buffer = grown;
    return grown;
  }
}
