import type { Metainfo } from "@bt/metainfo";
import { Bitfield, BLOCK_LENGTH, bytesEqual } from "@bt/primitives";
import type { DiskPort, PieceSink, ReadTarget, TorrentDisk } from "@bt/engine";
import type { VirtualClock } from "./virtual-clock.ts";

export interface MemoryDiskOptions {
  /** What the torrent's bytes ought to be: a piece that differs fails, as if by its hash. */
  readonly truth: Uint8Array;
  /** Pieces that are there from the start; "all" for a seed. */
  readonly have?: "all" | readonly number[];
  /** How long hashing and writing a piece takes, and reading a batch, ms. */
  readonly latencyMs?: number;
  /** Pieces that may be in memory at a time. */
  readonly bufferCount?: number;
  /** Throws to make the n-th call of its kind fail. */
  readonly beforeCommit?: (piece: number) => void;
  readonly beforeRead?: () => void;
  readonly beforeOpen?: () => void;
}

/** A disk in memory for one torrent, with its own latency and faults on demand. */
export class MemoryDisk implements DiskPort, TorrentDisk {
  readonly #clock: VirtualClock;
  readonly #options: MemoryDiskOptions;
  readonly contents: Uint8Array;
  #metainfo: Metainfo | undefined;
  #wasOpened = false;
  readonly #failed = new Map<number, readonly string[]>();
  #out = 0;
  /** The most buffers that were out at a time. */
  mostBuffersOut = 0;
  commitCount = 0;
  /** What it was told last. */
  unwanted: ReadonlySet<number> = new Set();

  constructor(clock: VirtualClock, options: MemoryDiskOptions) {
    this.#clock = clock;
    this.#options = options;
    this.contents = new Uint8Array(options.truth.length);
  }

  get buffersOut(): number {
    return this.#out;
  }

  openTorrent(metainfo: Metainfo): TorrentDisk {
    this.#metainfo = metainfo;
    return this;
  }

  async open({ unwanted }: Parameters<TorrentDisk["open"]>[0]): Promise<Bitfield> {
    this.unwanted = unwanted ?? this.unwanted;
    const { pieces } = this.#metainfo!.layout;
    const have = new Bitfield(pieces.pieceCount);
    const given = this.#wasOpened ? [] : (this.#options.have ?? []);
    for (let piece = 0; piece < pieces.pieceCount; piece++) {
      const from = pieces.offsetOf(piece);
      const truth = this.#options.truth.subarray(from, from + pieces.pieceLengthAt(piece));
      if (given === "all" || given.includes(piece)) this.contents.set(truth, from);
      else if (!this.#wasOpened || !bytesEqual(this.contents.subarray(from, from + truth.length), truth))
        continue;
      have.set(piece);
    }
    this.#wasOpened = true;
    await this.#wait();
    this.#options.beforeOpen?.();
    return have;
  }

  setUnwanted(fileIndices: ReadonlySet<number>): Promise<void> {
    this.unwanted = fileIndices;
    return Promise.resolve();
  }

  acquire(piece: number): PieceSink | undefined {
    if (this.#out >= (this.#options.bufferCount ?? Infinity)) return undefined;
    this.#out++;
    this.mostBuffersOut = Math.max(this.mostBuffersOut, this.#out);
    return new MemorySink(piece, this.#metainfo!.layout.pieces.pieceLengthAt(piece));
  }

  discard(): void {
    this.#out--;
  }

  async commit(sink: PieceSink): Promise<boolean> {
    const { piece, bytes, doneCount } = sink as MemorySink;
    const { pieces } = this.#metainfo!.layout;
    await this.#wait();
    this.#out--;
    this.#options.beforeCommit?.(piece);
    if (doneCount !== pieces.blockCountAt(piece))
      throw new Error(`piece ${piece} committed with ${doneCount} blocks`);
    const from = pieces.offsetOf(piece);
    if (!bytesEqual(bytes, this.#options.truth.subarray(from, from + bytes.length))) {
      this.#failed.set(piece, blocksOf(bytes));
      return false;
    }
    this.contents.set(bytes, from);
    this.commitCount++;
    return true;
  }

  takeFailedDigests(piece: number): readonly string[] | undefined {
    const digests = this.#failed.get(piece);
    this.#failed.delete(piece);
    return digests;
  }

  async digestBlocks(piece: number): Promise<readonly string[]> {
    const { pieces } = this.#metainfo!.layout;
    const from = pieces.offsetOf(piece);
    await this.#wait();
    return blocksOf(this.contents.subarray(from, from + pieces.pieceLengthAt(piece)));
  }

  async read(targets: readonly ReadTarget[]): Promise<void> {
    await this.#wait();
    this.#options.beforeRead?.();
    for (const { offset, into } of targets) into.set(this.contents.subarray(offset, offset + into.length));
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async move(_root: string, onMoved: () => Promise<void> | void): Promise<void> {
    await this.#wait();
    await onMoved();
  }

  rename(): Promise<void> {
    return this.#wait();
  }

  pathOf(fileIndex: number): readonly string[] {
    return this.#metainfo!.files[fileIndex]!.path;
  }

  deleteData(): Promise<void> {
    this.contents.fill(0);
    return Promise.resolve();
  }

  removeJournal(): Promise<void> {
    return Promise.resolve();
  }

  #wait(): Promise<void> {
    return new Promise((resolve) =>
      this.#clock.callAt(this.#clock.now() + (this.#options.latencyMs ?? 1), resolve),
    );
  }
}

/** The blocks themselves stand for their digests. */
function blocksOf(bytes: Uint8Array): string[] {
  const blocks: string[] = [];
  for (let at = 0; at < bytes.length; at += BLOCK_LENGTH)
    blocks.push(bytes.subarray(at, at + BLOCK_LENGTH).join());
  return blocks;
}

class MemorySink implements PieceSink {
  readonly piece: number;
  readonly bytes: Uint8Array;
  readonly #done: Set<number> = new Set();

  constructor(piece: number, length: number) {
    this.piece = piece;
    this.bytes = new Uint8Array(length);
  }

  get doneCount(): number {
    return this.#done.size;
  }

  put(offset: number, source: Uint8Array, start: number, end: number): void {
    // The engine must never write into a block that it called done: it may have been hashed.
    if (this.#done.has(Math.floor(offset / BLOCK_LENGTH)))
      throw new Error(`block at ${offset} of piece ${this.piece} written after it was done`);
    this.bytes.set(source.subarray(start, end), offset);
  }

  blockDone(offset: number): void {
    this.#done.add(offset / BLOCK_LENGTH);
  }
}
