/** Bytes that grow at their end: answers are written into one that is used again and again. */
export class AnswerWriter {
  bytes: Uint8Array = new Uint8Array(4_096);
  length = 0;

  clear(): this {
    this.length = 0;
    return this;
  }

  /** Characters below 256, a byte each. */
  text(text: string): this {
    const at = this.#reserve(text.length);
    for (let i = 0; i < text.length; i++) this.bytes[at + i] = text.charCodeAt(i);
    return this;
  }

  /** `i…e` */
  integer(value: number): this {
    return this.text(`i${value}e`);
  }

  /** `…:` and the first `length` of the bytes. */
  string(bytes: Uint8Array, length: number = bytes.length): this {
    this.text(`${length}:`);
    const at = this.#reserve(length);
    // For few bytes a loop is cheaper than the view that `set` needs.
    if (length > 128) this.bytes.set(bytes.subarray(0, length), at);
    else for (let i = 0; i < length; i++) this.bytes[at + i] = bytes[i]!;
    return this;
  }

  /** What was written, as a copy. */
  copy(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }

  #reserve(more: number): number {
    const at = this.length;
    this.length += more;
    if (this.length > this.bytes.length) {
      const grown = new Uint8Array(Math.max(this.length, 2 * this.bytes.length));
      grown.set(this.bytes.subarray(0, at));
      this.bytes = grown;
    }
    return at;
  }
}
