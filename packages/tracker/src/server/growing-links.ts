const CHUNK_BITS = 10;
const CHUNK_LENGTH = 1 << CHUNK_BITS;

/** A list of 32-bit numbers in chunks: growing copies 4 KiB at most, and a short list takes little. */
export class GrowingLinks {
  /** The first one doubles until it is a whole chunk. */
  readonly #chunks: Uint32Array[];

  /** `firstLength` is a power of two, at most 1,024. */
  constructor(firstLength: number) {
    this.#chunks = [new Uint32Array(firstLength)];
  }

  get byteLength(): number {
    return this.#chunks[0]!.byteLength + (this.#chunks.length - 1) * CHUNK_LENGTH * 4;
  }

  get(index: number): number {
    return this.#chunks[index >>> CHUNK_BITS]![index & (CHUNK_LENGTH - 1)]!;
  }

  set(index: number, value: number): void {
    this.#chunks[index >>> CHUNK_BITS]![index & (CHUNK_LENGTH - 1)] = value;
  }

  /** Makes room for the next index; it must not be further than one behind those that were reached. */
  reach(index: number): void {
    const first = this.#chunks[0]!;
    if (index < CHUNK_LENGTH) {
      if (index < first.length) return;
      const grown = new Uint32Array(2 * first.length);
      grown.set(first);
      this.#chunks[0] = grown;
    } else if (index >>> CHUNK_BITS === this.#chunks.length) this.#chunks.push(new Uint32Array(CHUNK_LENGTH));
  }

  /** Only what is below `index` is needed: lets go of memory, with half a chunk to spare. */
  release(index: number): void {
    const needed = (index + CHUNK_LENGTH / 2) >>> CHUNK_BITS;
    if (needed < this.#chunks.length - 1) this.#chunks.pop();
  }
}
