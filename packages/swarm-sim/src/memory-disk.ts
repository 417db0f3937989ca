import type { Metainfo } from "@bt/metainfo";
import { Bitfield, BLOCK_LENGTH, bytesEqual } from "@bt/primitives";
import type { Clock, DiskPort, PieceSink, ReadTarget, TorrentDisk } from "@bt/engine";

export interface MemoryDiskOptions {
  /** Whether a piece is what it ought to be; bytes to compare with are enough, and cost no hash. */
  readonly truth: Uint8Array | ((piece: number, bytes: Uint8Array) => boolean);
  /** Pieces that are there from the start; "all" for a seed. */
  readonly have?: "all" | readonly number[];
  /** How long hashing and writing a piece takes, and reading a batch, ms. */
  readonly latencyMs?: number;
  /** A block that is done may not be written again: leave that to the disk (false), or catch the engine at it (true, default). */
  readonly refusesLateCopies?: boolean;
  /** Pieces that may be in memory at a time. */
  readonly bufferCount?: number;
  /** Throws to make the n-th call of its kind fail. */
  readonly beforeCommit?: (piece: number) => void;
  readonly beforeRead?: () => void;
  readonly beforeOpen?: () => void;
}

/** A disk in memory for one torrent, with its own latency and faults on demand. It does what storages have to do (a test compares). */
export class MemoryDisk implements DiskPort, TorrentDisk {
  readonly #clock: Clock;
  readonly #options: MemoryDiskOptions;
  contents: Uint8Array = new Uint8Array(0);
  /** Pieces that are there, as of now. */
  have: Bitfield = new Bitfield(0);
  readonly #open = new Set<PieceSink>();
  readonly #renames = new Map<number, readonly string[]>();
  #isClosed = false;
  #metainfo: Metainfo | undefined;
  #wasOpened = false;
  readonly #failed = new Map<number, readonly string[]>();
  #out = 0;
  /** The most buffers that were out at a time. */
  mostBuffersOut = 0;
  commitCount = 0;
  /** What it was told last. */
  unwanted: ReadonlySet<number> = new Set();

  constructor(clock: Clock, options: MemoryDiskOptions) {
    this.#clock = clock;
    this.#options = options;
    if (typeof options.truth !== "function") this.contents = new Uint8Array(options.truth.length);
  }

  get buffersOut(): number {
    return this.#out;
  }

  openTorrent(metainfo: Metainfo): TorrentDisk {
    this.#metainfo = metainfo;
    if (this.contents.length === 0) this.contents = new Uint8Array(metainfo.layout.pieces.totalLength);
    return this;
  }

  async open({ unwanted, signal }: Parameters<TorrentDisk["open"]>[0]): Promise<Bitfield> {
    signal.throwIfAborted();
    this.unwanted = unwanted ?? this.unwanted;
    this.#isClosed = false;
    const { pieces } = this.#metainfo!.layout;
    const have = new Bitfield(pieces.pieceCount);
    const { truth, have: given = [] } = this.#options;
    for (let piece = 0; piece < pieces.pieceCount; piece++) {
      const bytes = this.#bytesOf(piece);
      const isGiven = !this.#wasOpened && (given === "all" || given.includes(piece));
      if (isGiven && typeof truth !== "function") bytes.set(this.#truthOf(truth, piece));
      // Before anything was written, only pad files are there.
      if (isGiven || ((this.#wasOpened || this.#isPad(piece)) && this.#isGood(piece, bytes))) have.set(piece);
    }
    this.#wasOpened = true;
    await this.#wait();
    signal.throwIfAborted();
    this.#requireOpen();
    this.#options.beforeOpen?.();
    this.have = have;
    return have.clone();
  }

  async setUnwanted(fileIndices: ReadonlySet<number>): Promise<void> {
    this.#requireOpen();
    for (const index of fileIndices)
      if (this.#metainfo!.files[index] === undefined) throw new RangeError(`no file ${index}`);
    this.unwanted = fileIndices;
  }

  acquire(piece: number): PieceSink | undefined {
    const { pieces } = this.#metainfo!.layout;
    if (!pieces.isPiece(piece)) throw new RangeError(`piece ${piece} of ${pieces.pieceCount}`);
    if (this.#isClosed || this.#out >= (this.#options.bufferCount ?? Infinity)) return undefined;
    this.#out++;
    this.mostBuffersOut = Math.max(this.mostBuffersOut, this.#out);
    const sink = new MemorySink(piece, pieces.pieceLengthAt(piece), this.#options.refusesLateCopies ?? true);
    this.#open.add(sink);
    return sink;
  }

  discard(sink: PieceSink): void {
    if (this.#open.delete(sink)) this.#out--;
  }

  async commit(sink: PieceSink): Promise<boolean> {
    if (!this.#open.delete(sink)) throw new TypeError(`the buffer of piece ${sink.piece} is not open`);
    const { piece, bytes, doneCount } = sink as MemorySink;
    const { pieces } = this.#metainfo!.layout;
    (sink as MemorySink).isOpen = false;
    await this.#wait();
    this.#out--;
    this.#options.beforeCommit?.(piece);
    if (doneCount !== pieces.blockCountAt(piece))
      throw new Error(`piece ${piece} committed with ${doneCount} blocks`);
    if (!this.#isGood(piece, bytes)) {
      this.#failed.set(piece, blocksOf(bytes));
      return false;
    }
    this.#bytesOf(piece).set(bytes);
    this.have.set(piece);
    this.commitCount++;
    return true;
  }

  takeFailedDigests(piece: number): readonly string[] | undefined {
    const digests = this.#failed.get(piece);
    this.#failed.delete(piece);
    return digests;
  }

  async digestBlocks(piece: number): Promise<readonly string[]> {
    this.#requireOpen();
    if (!this.have.has(piece)) throw new RangeError(`piece ${piece} is not had`);
    await this.#wait();
    return blocksOf(this.#bytesOf(piece));
  }

  async read(targets: readonly ReadTarget[]): Promise<void> {
    this.#requireOpen();
    const { pieceLength, totalLength } = this.#metainfo!.layout.pieces;
    for (const { offset, into } of targets) {
      const end = offset + into.length;
      let isHad = offset >= 0 && end <= totalLength;
      for (let piece = Math.floor(offset / pieceLength); isHad && piece * pieceLength < end; piece++)
        isHad = into.length === 0 || this.have.has(piece);
      if (!isHad) throw new RangeError(`${into.length} bytes at ${offset} are not in pieces that are had`);
    }
    await this.#wait();
    this.#options.beforeRead?.();
    for (const { offset, into } of targets) into.set(this.contents.subarray(offset, offset + into.length));
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#isClosed = true;
    for (const sink of [...this.#open]) this.discard(sink);
    return Promise.resolve();
  }

  async move(_root: string, onMoved: () => Promise<void> | void): Promise<void> {
    this.#requireOpen();
    await this.#wait();
    await onMoved();
  }

  async rename(path: readonly string[], newPath: readonly string[]): Promise<void> {
    this.#requireOpen();
    const isMeant = (of: readonly string[]): boolean =>
      path.length > 0 && path.every((element, i) => of[i] === element);
    const meant = [...this.#metainfo!.files.keys()].filter((index) => isMeant(this.pathOf(index)));
    if (meant.length === 0) throw new RangeError(`no file of the torrent is ${path.join("/")}`);
    for (const index of meant)
      this.#renames.set(index, [...newPath, ...this.pathOf(index).slice(path.length)]);
    await this.#wait();
  }

  pathOf(fileIndex: number): readonly string[] {
    return this.#renames.get(fileIndex) ?? this.#metainfo!.files[fileIndex]!.path;
  }

  async deleteData(): Promise<void> {
    await this.close();
    this.contents.fill(0);
    this.#wasOpened = false;
  }

  removeJournal(): Promise<void> {
    return Promise.resolve();
  }

  #requireOpen(): void {
    if (this.#isClosed) throw Object.assign(new Error("the disk was closed"), { code: "CLOSED" });
  }

  #bytesOf(piece: number): Uint8Array {
    const { pieces } = this.#metainfo!.layout;
    const from = pieces.offsetOf(piece);
    return this.contents.subarray(from, from + pieces.pieceLengthAt(piece));
  }

  #truthOf(truth: Uint8Array, piece: number): Uint8Array {
    const { pieces } = this.#metainfo!.layout;
    const from = pieces.offsetOf(piece);
    return truth.subarray(from, from + pieces.pieceLengthAt(piece));
  }

  #isGood(piece: number, bytes: Uint8Array): boolean {
    const { truth } = this.#options;
    return typeof truth === "function" ? truth(piece, bytes) : bytesEqual(bytes, this.#truthOf(truth, piece));
  }

  #isPad(piece: number): boolean {
    const { files, layout } = this.#metainfo!;
    return layout.filesOfPiece(piece).every((index) => files[index]!.pad);
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
  readonly length: number;
  readonly bytes: Uint8Array;
  isOpen = true;
  readonly #refusesLateCopies: boolean;
  readonly #done: Set<number> = new Set();

  constructor(piece: number, length: number, refusesLateCopies: boolean) {
    this.piece = piece;
    this.length = length;
    this.bytes = new Uint8Array(length);
    this.#refusesLateCopies = refusesLateCopies;
  }

  get doneCount(): number {
    return this.#done.size;
  }

  put(offset: number, source: Uint8Array, start: number, end: number): void {
    if (!(offset >= 0 && start >= 0 && start <= end && offset + end - start <= this.length))
      throw new RangeError(`${end - start} bytes at ${offset} of a piece of ${this.length}`);
    if (!this.isOpen) return;
    if (this.#done.has(Math.floor(offset / BLOCK_LENGTH))) {
      // The engine must never write into a block that it called done: it may have been hashed.
      if (!this.#refusesLateCopies) return;
      throw new Error(`block at ${offset} of piece ${this.piece} written after it was done`);
    }
    this.bytes.set(source.subarray(start, end), offset);
  }

  blockDone(offset: number, length: number): void {
    const end = offset + length;
    const isWhole = end === this.length || (end < this.length && end % BLOCK_LENGTH === 0);
    if (!Number.isInteger(offset / BLOCK_LENGTH) || !(length > 0) || !isWhole)
      throw new RangeError(`${length} bytes at ${offset} are not whole blocks of a piece of ${this.length}`);
    for (let at = offset; at < end; at += BLOCK_LENGTH) this.#done.add(at / BLOCK_LENGTH);
  }
}
