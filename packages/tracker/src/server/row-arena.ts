/** Rows of a small chunk; a block with more rows has a chunk of its own. */
const ROWS_PER_CHUNK = 1_024;
const BLOCK_BITS = 10;
const BLOCK_MASK = (1 << BLOCK_BITS) - 1;
/** A handle that is no block. */
export const NO_BLOCK = 0;

/** Memory for blocks of one capacity. */
export interface Chunk {
  readonly words: Uint32Array;
  /** The same memory. */
  readonly bytes: Uint8Array;
  /** Rows of each block. */
  readonly capacity: number;
  readonly sizeClass: number;
  readonly blockCount: number;
  usedCount: number;
  /** Blocks that were given back form a list through their first words: index + 1, 0 at its end. */
  freeHead: number;
  /** Blocks from here on have never been used. */
  freshIndex: number;
  /** Where it stands among the chunks with room of its class, or -1. */
  openAt: number;
}

/**
 * Blocks of rows in a few large arrays, instead of a typed array for each swarm, which would cost more than the peers in it.
 * Capacities grow by a third or a half (1, 2, 3, 4, 6, 8, 12, …), so that about a sixth is slack. A block is named by
 * a handle; its rows move only when its owner moves them. Memory of a chunk without blocks is let go.
 */
export class RowArena {
  readonly rowWords: number;
  readonly #chunks: (Chunk | undefined)[] = [undefined];
  readonly #freeChunkIds: number[] = [];
  readonly #openBySizeClass: number[][] = [];
  #byteLength = 0;

  constructor(rowWords: number) {
    this.rowWords = rowWords;
  }

  /** Memory of all chunks. */
  get byteLength(): number {
    return this.#byteLength;
  }

  chunkOf(handle: number): Chunk {
    return this.#chunks[handle >>> BLOCK_BITS]!;
  }

  /** The index of the block's first word in its chunk. */
  baseOf(handle: number): number {
    return (handle & BLOCK_MASK) * this.chunkOf(handle).capacity * this.rowWords;
  }

  capacityOf(handle: number): number {
    return handle === NO_BLOCK ? 0 : this.chunkOf(handle).capacity;
  }

  /** A block for at least `rowCount` rows; what is in it is not defined. */
  allocate(rowCount: number): number {
    const sizeClass = sizeClassFor(rowCount);
    const open = (this.#openBySizeClass[sizeClass] ??= []);
    const chunkId = open.at(-1) ?? this.#addChunk(sizeClass, open);
    return this.#take(chunkId, this.#chunks[chunkId]!, open);
  }

  /**
   * Whether the block stands in a chunk that is nearly empty while another of its class has room: its owner should copy it
   * into a new block and free this one, so that chunks empty out after a flood.
   */
  shouldMove(handle: number): boolean {
    const chunk = this.chunkOf(handle);
    if (chunk.usedCount * 4 > chunk.blockCount || chunk.openAt < 0) return false;
    const open = this.#openBySizeClass[chunk.sizeClass]!;
    if (open.length < 2) return false;
    const top = this.#chunks[open.at(-1)!]!;
    if (top === chunk) {
      // New blocks shall come from the fuller one of the last two.
      const below = open.length - 2;
      const other = this.#chunks[open[below]!]!;
      if (other.usedCount < chunk.usedCount) return false;
      const topId = open[below + 1]!;
      open[below + 1] = open[below]!;
      open[below] = topId;
      other.openAt = below + 1;
      chunk.openAt = below;
      return true;
    }
    return top.usedCount >= chunk.usedCount;
  }

  free(handle: number): void {
    const chunkId = handle >>> BLOCK_BITS;
    const chunk = this.#chunks[chunkId]!;
    const open = this.#openBySizeClass[chunk.sizeClass]!;
    chunk.usedCount--;
    if (chunk.usedCount === 0) {
      if (chunk.openAt >= 0) this.#close(chunk, open);
      this.#chunks[chunkId] = undefined;
      this.#freeChunkIds.push(chunkId);
      this.#byteLength -= chunk.bytes.length;
      return;
    }
    const index = handle & BLOCK_MASK;
    chunk.words[index * chunk.capacity * this.rowWords] = chunk.freeHead;
    chunk.freeHead = index + 1;
    if (chunk.openAt < 0) {
      chunk.openAt = open.length;
      open.push(chunkId);
    }
  }

  #take(chunkId: number, chunk: Chunk, open: number[]): number {
    let index = chunk.freeHead - 1;
    if (index >= 0) chunk.freeHead = chunk.words[index * chunk.capacity * this.rowWords]!;
    else index = chunk.freshIndex++;
    chunk.usedCount++;
    if (chunk.usedCount === chunk.blockCount) this.#close(chunk, open);
    return ((chunkId << BLOCK_BITS) | index) >>> 0;
  }

  #close(chunk: Chunk, open: number[]): void {
    const last = open.pop()!;
    const at = chunk.openAt;
    chunk.openAt = -1;
    if (at === open.length) return;
    open[at] = last;
    this.#chunks[last]!.openAt = at;
  }

  #addChunk(sizeClass: number, open: number[]): number {
    const capacity = capacityOfClass(sizeClass);
    const blockCount = Math.max(1, Math.floor(ROWS_PER_CHUNK / capacity));
    const words = new Uint32Array(blockCount * capacity * this.rowWords);
    const chunkId = this.#freeChunkIds.pop() ?? this.#chunks.length;
    this.#chunks[chunkId] = {
      words,
      bytes: new Uint8Array(words.buffer),
      capacity,
      sizeClass,
      blockCount,
      usedCount: 0,
      freeHead: 0,
      freshIndex: 0,
      openAt: open.length,
    };
    open.push(chunkId);
    this.#byteLength += words.byteLength;
    return chunkId;
  }
}

/** Class 0 holds 1 row, then 2, 3, 4, 6, 8, 12, 16, … */
export function capacityOfClass(sizeClass: number): number {
  if (sizeClass === 0) return 1;
  const half = (sizeClass - 1) >> 1;
  return sizeClass & 1 ? 2 << half : 3 << half;
}

function sizeClassFor(rowCount: number): number {
  if (rowCount <= 1) return 0;
  const exponent = 31 - Math.clz32(rowCount - 1); // 2^exponent < rowCount ≤ 2^(exponent + 1)
  if (exponent === 0) return 1;
  const isBelowMiddle = rowCount <= 3 << (exponent - 1);
  return isBelowMiddle ? 2 * exponent : 2 * exponent + 1;
}
