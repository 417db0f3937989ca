/**
 * A fixed number of bits, most significant bit first, as BEP 3 "bitfield" sends them: piece 0 is the high bit of
 * byte 0. The number of bits that are set is kept, so `count` and `isFull` cost nothing.
 *
 * Invariant: the spare bits of the last byte are always zero.
 */
export class Bitfield {
  readonly length: number;
  readonly #bytes: Uint8Array;
  #count = 0;

  /** `length` bits, all clear. */
  constructor(length: number) {
    if (!Number.isSafeInteger(length) || length < 0) throw new RangeError(`bitfield length ${length}`);
    this.length = length;
    this.#bytes = new Uint8Array(Math.ceil(length / 8));
  }

  /**
   * A copy of bytes from the wire or from disk. `undefined` when the size is not exactly right for `length` bits or a
   * spare bit is set; BEP 3 asks to drop such a peer.
   */
  static fromBytes(bytes: Uint8Array, length: number): Bitfield | undefined {
    const field = new Bitfield(length);
    if (bytes.length !== field.#bytes.length) return undefined;
    const spare = (8 - (length % 8)) % 8;
    const last = bytes[bytes.length - 1];
    if (last !== undefined && (last & ((1 << spare) - 1)) !== 0) return undefined;
    field.#bytes.set(bytes);
    for (const byte of bytes) field.#count += bitCount(byte);
    return field;
  }

  /** How many bits are set. */
  get count(): number {
    return this.#count;
  }

  get isFull(): boolean {
    return this.#count === this.length;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  has(index: number): boolean {
    return ((this.#bytes[index >> 3] ?? 0) & (0x80 >> (index & 7))) !== 0;
  }

  /** Sets the bit; returns whether that changed it. */
  set(index: number): boolean {
    this.#check(index);
    if (this.has(index)) return false;
    this.#bytes[index >> 3]! |= 0x80 >> (index & 7);
    this.#count++;
    return true;
  }

  /** Clears the bit; returns whether that changed it. */
  clear(index: number): boolean {
    this.#check(index);
    if (!this.has(index)) return false;
    this.#bytes[index >> 3]! &= ~(0x80 >> (index & 7));
    this.#count--;
    return true;
  }

  /** Sets every bit. */
  fill(): void {
    this.#bytes.fill(0xff);
    const spare = this.#bytes.length * 8 - this.length;
    if (spare > 0) this.#bytes[this.#bytes.length - 1]! &= 0xff << spare;
    this.#count = this.length;
  }

  /** The indices of the set bits, in rising order. */
  *indices(): IterableIterator<number> {
    for (let byteIndex = 0; byteIndex < this.#bytes.length; byteIndex++) {
      const byte = this.#bytes[byteIndex]!;
      if (byte === 0) continue;
      for (let bit = 0; bit < 8; bit++) if ((byte & (0x80 >> bit)) !== 0) yield byteIndex * 8 + bit;
    }
  }

  /** A copy of the bytes as the wire wants them. */
  toBytes(): Uint8Array {
    return this.#bytes.slice();
  }

  clone(): Bitfield {
    const copy = new Bitfield(this.length);
    copy.#bytes.set(this.#bytes);
    copy.#count = this.#count;
    return copy;
  }

  #check(index: number): void {
    if (!(index >= 0 && index < this.length)) throw new RangeError(`bit ${index} of ${this.length}`);
  }
}

function bitCount(byte: number): number {
  let count = 0;
  for (let rest = byte; rest !== 0; rest &= rest - 1) count++;
  return count;
}
