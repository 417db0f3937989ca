import type { Bitfield } from "@bt/primitives";

/**
 * A set of pieces, one bit each, in the bit order of BEP 3. It is not `Bitfield` because the picker has to walk a set,
 * or what two sets have in common, 32 pieces a step: that keeps a look through 1,000,000 pieces at some 30,000 steps.
 */
export class PieceSet {
  readonly length: number;
  readonly #bytes: Uint8Array;
  /** The same memory. Its byte order is the machine's, which no use of it here depends on. */
  readonly #words: Int32Array;

  constructor(length: number) {
    this.length = length;
    this.#words = new Int32Array(Math.ceil(length / 32));
    this.#bytes = new Uint8Array(this.#words.buffer);
  }

  static fromBitfield(field: Bitfield): PieceSet {
    const set = new PieceSet(field.length);
    set.#bytes.set(field.toBytes());
    return set;
  }

  has(piece: number): boolean {
    return (this.#bytes[piece >> 3]! & (0x80 >> (piece & 7))) !== 0;
  }

  set(piece: number): void {
    this.#bytes[piece >> 3]! |= 0x80 >> (piece & 7);
  }

  clear(piece: number): void {
    this.#bytes[piece >> 3]! &= ~(0x80 >> (piece & 7));
  }

  fill(): void {
    this.#bytes.fill(0xff, 0, this.length >> 3);
    if ((this.length & 7) !== 0) this.#bytes[this.length >> 3] = 0xff << (8 - (this.length & 7));
  }

  /** The first member that is not below `from`, or -1. */
  next(from: number): number {
    return this.nextCommon(this, from);
  }

  /** The first piece not below `from` that is in both sets, or -1. Both must be of the same length. */
  nextCommon(other: PieceSet, from: number): number {
    if (from >= this.length) return -1;
    const bytes = this.#bytes;
    const otherBytes = other.#bytes;
    let at = from >> 3;
    let bits = bytes[at]! & otherBytes[at]! & (0xff >> (from & 7));
    while (bits === 0) {
      at++;
      if ((at & 3) === 0) at = this.#nextCommonWord(other, at >> 2) << 2;
      if (at >= bytes.length) return -1;
      bits = bytes[at]! & otherBytes[at]!;
    }
    return at * 8 + Math.clz32(bits) - 24;
  }

  /** How many pieces are in both sets. */
  countCommon(other: PieceSet): number {
    let count = 0;
    for (let i = 0; i < this.#words.length; i++) count += bitCount(this.#words[i]! & other.#words[i]!);
    return count;
  }

  #nextCommonWord(other: PieceSet, from: number): number {
    const words = this.#words;
    const otherWords = other.#words;
    let at = from;
    while (at < words.length && (words[at]! & otherWords[at]!) === 0) at++;
    return at;
  }
}

/** Bits of a 32-bit word, counted in parallel. */
function bitCount(word: number): number {
  let sum = word - ((word >>> 1) & 0x55555555);
  sum = (sum & 0x33333333) + ((sum >>> 2) & 0x33333333);
  return Math.imul((sum + (sum >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
