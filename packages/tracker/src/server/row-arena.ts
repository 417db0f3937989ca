/** Rows of a chunk. A block with more rows is made of pages of so many. */
const ROW_BITS = 10;
const ROWS_PER_CHUNK = 1 << ROW_BITS;
const ROW_MASK = ROWS_PER_CHUNK - 1;
const BLOCK_BITS = 10;
const BLOCK_MASK = (1 << BLOCK_BITS) - 1;
/** A handle that is no block. */
export const NO_BLOCK = 0;

interface Memory {
  readonly words: Uint32Array;
  /** The same. */
  readonly bytes: Uint8Array;
}

/** Memory for blocks of one capacity. */
interface Chunk extends Memory {
  /** The memory of a block that is larger than a chunk, `words` being the first; absent for others. */
  readonly pages: Memory[] | undefined;
  /** Rows of each block. */
  capacity: number;
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
 * a handle; its rows move only when its owner moves them. Memory of a chunk without blocks is let go. A large block grows and
 * shrinks by pages and is never copied: copying 50,000 rows into fresh memory took 10 ms, page faults for the most part.
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

  /** Where `locate` found the row: its memory, and the index of its first word there. */
  words: Uint32Array = NO_WORDS;
  bytes: Uint8Array = NO_BYTES;
  at = 0;

  /** Sets `words`, `bytes` and `at` for a row of a block. */
  locate(handle: number, row: number): void {
    const chunk = this.#chunkOf(handle);
    if (chunk.pages === undefined) {
      this.words = chunk.words;
      this.bytes = chunk.bytes;
      this.at = ((handle & BLOCK_MASK) * chunk.capacity + row) * this.rowWords;
      return;
    }
    const page = chunk.pages[row >>> ROW_BITS]!;
    this.words = page.words;
    this.bytes = page.bytes;
    this.at = (row & ROW_MASK) * this.rowWords;
  }

  #chunkOf(handle: number): Chunk {
    return this.#chunks[handle >>> BLOCK_BITS]!;
  }

  capacityOf(handle: number): number {
    return handle === NO_BLOCK ? 0 : this.#chunkOf(handle).capacity;
  }

  /**
   * A block for at least `capacity` rows in the place of `from` (`NO_BLOCK`: of none), of which the first `rowCount` rows are kept;
   * at most a chunk of rows is copied. What is in the others is not defined. With capacity 0, `NO_BLOCK`.
   */
  resize(from: number, capacity: number, rowCount: number): number {
    const isLarge = from !== NO_BLOCK && this.#chunkOf(from).pages !== undefined;
    if (isLarge && capacity > ROWS_PER_CHUNK) {
      this.#setPages(this.#chunkOf(from), capacity);
      return from;
    }
    const to = capacity === 0 ? NO_BLOCK : this.#allocate(capacity);
    if (from !== NO_BLOCK && to !== NO_BLOCK) {
      this.locate(from, 0);
      const source = this.words.subarray(this.at, this.at + rowCount * this.rowWords);
      this.locate(to, 0);
      this.words.set(source, this.at);
    }
    if (from !== NO_BLOCK) this.#free(from);
    return to;
  }

  #allocate(rowCount: number): number {
    if (rowCount > ROWS_PER_CHUNK) return (this.#addLarge(rowCount) << BLOCK_BITS) >>> 0;
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
    const chunk = this.#chunkOf(handle);
    if (chunk.usedCount * 4 > chunk.blockCount || chunk.openAt < 0) return false; // a large block is never open
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

  #free(handle: number): void {
    const chunkId = handle >>> BLOCK_BITS;
    const chunk = this.#chunks[chunkId]!;
    if (chunk.pages !== undefined) {
      this.#byteLength -= chunk.capacity * this.rowWords * 4;
      this.#chunks[chunkId] = undefined;
      this.#freeChunkIds.push(chunkId);
      return;
    }
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
    const memory = this.#memoryFor(blockCount * capacity);
    const chunkId = this.#freeChunkIds.pop() ?? this.#chunks.length;
    this.#chunks[chunkId] = {
      ...memory,
      pages: undefined,
      capacity,
      sizeClass,
      blockCount,
      usedCount: 0,
      freeHead: 0,
      freshIndex: 0,
      openAt: open.length,
    };
    open.push(chunkId);
    return chunkId;
  }

  #addLarge(rowCount: number): number {
    const chunkId = this.#freeChunkIds.pop() ?? this.#chunks.length;
    const first = this.#memoryFor(ROWS_PER_CHUNK);
    const chunk: Chunk = {
      ...first,
      pages: [first],
      capacity: ROWS_PER_CHUNK,
      sizeClass: -1,
      blockCount: 1,
      usedCount: 1,
      freeHead: 0,
      freshIndex: 1,
      openAt: -1,
    };
    this.#setPages(chunk, rowCount);
    this.#chunks[chunkId] = chunk;
    return chunkId;
  }

  #setPages(chunk: Chunk, rowCount: number): void {
    const pages = chunk.pages!;
    const pageCount = Math.ceil(rowCount / ROWS_PER_CHUNK);
    while (pages.length < pageCount) pages.push(this.#memoryFor(ROWS_PER_CHUNK));
    while (pages.length > pageCount) this.#byteLength -= pages.pop()!.words.byteLength;
    chunk.capacity = pages.length * ROWS_PER_CHUNK;
  }

  #memoryFor(rowCount: number): Memory {
    const words = new Uint32Array(rowCount * this.rowWords);
    this.#byteLength += words.byteLength;
    return { words, bytes: new Uint8Array(words.buffer) };
  }
}

const NO_WORDS = new Uint32Array(0);
const NO_BYTES = new Uint8Array(0);

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
