import { join } from "node:path";
import { Bitfield, formatHex } from "@bt/primitives";
import { BufferPool } from "../buffer-pool.ts";
import type { StorageClock } from "../clock.ts";
import { StorageError } from "../errors.ts";
import { placeHash, type HashPlacement, type HashSituation } from "../hash-placement.ts";
import { RateMeter } from "../rate-meter.ts";
import type { StorageMetainfo } from "../storage-metainfo.ts";
import type { JournalIdentity } from "../journal-format.ts";
import type { MoveOptions, OpenOptions, PieceBuffer, ReadRange, TorrentStorage } from "../torrent-storage.ts";
import { gatherWrites, type WriteSituation } from "../write-gathering.ts";
import { BatchReader } from "./batch-reader.ts";
import { digestBlocks } from "./block-digests.ts";
import { deleteData } from "./delete-data.ts";
import { NODE_DISK, type Disk } from "./disk.ts";
import { FilePool } from "./file-pool.ts";
import { Gate } from "./gate.ts";
import { HashWorkers } from "./hash-workers.ts";
import { Journal } from "./journal.ts";
import { moveData } from "./move-data.ts";
import { NODE_CLOCK } from "./node-clock.ts";
import { choosePlaces } from "./part-file.ts";
import { PART_SUFFIX, PayloadFiles } from "./payload-files.ts";
import { PieceVerifier } from "./piece-verifier.ts";
import { PieceWriter } from "./piece-writer.ts";
import { PooledPiece } from "./pooled-piece.ts";
import { renameFiles } from "./rename-files.ts";
import { recover } from "./recover.ts";
import { DEFAULT_WRITE_WINDOW, ResumeLog, type WriteWindow } from "./resume-log.ts";

export interface StorageOptions {
  readonly metainfo: StorageMetainfo;
  /** The download folder. It is made when the first piece is written. */
  readonly root: string;
  /** One for all torrents of a session; default: one of its own. */
  readonly pool?: BufferPool | undefined;
  /** One for all torrents of a session; default: its own, closed with it. */
  readonly hashers?: HashWorkers | undefined;
  /** One for all torrents of a session; default: one of its own. */
  readonly files?: FilePool | undefined;
  /** One for all torrents of a session: so many of them look at the disk at a time while they open. Default: it waits for no other. */
  readonly gate?: Gate | undefined;
  /** Default: `.<infohash hex>.bt-resume` in `root`. */
  readonly journalPath?: string | undefined;
  /**
   * "sparse" (default): files take room as pieces come. "full": a file gets all of its room, by writing zeros, when its
   * first piece is written, so that a disk that is too small shows at once and the file lies in one place.
   */
  readonly allocation?: "sparse" | "full" | undefined;
  readonly writeWindow?: Partial<WriteWindow> | undefined;
  /** Where pieces are hashed; default: `placeHash`. */
  readonly placeHash?: ((situation: HashSituation) => HashPlacement) | undefined;
  /** How many bytes of verified pieces wait for one another before they are written; default: `gatherWrites`. */
  readonly gatherWrites?: ((situation: WriteSituation) => number) | undefined;
  readonly clock?: StorageClock | undefined;
  readonly disk?: Disk | undefined;
}

/** Failed pieces whose block digests are kept; each takes 40 characters a block. */
const MAX_FAILED_DIGESTS = 16;

/**
 * The payload of one torrent in a folder. Nothing is touched before `open`.
 *
 * @throws StorageError OUTSIDE_ROOT when a path of the torrent leads out of the folder.
 */
export function createStorage(options: StorageOptions): TorrentStorage {
  return new DiskStorage(options);
}

/** The journal's name beside the data. */
export function journalName(metainfo: Pick<StorageMetainfo, "infoHash" | "infoHashV2">): string {
  return `.${formatHex(infoHashOf(metainfo))}.bt-resume`;
}

class DiskStorage implements TorrentStorage {
  readonly have: Bitfield;
  readonly #options: StorageOptions;
  readonly #pool: BufferPool;
  readonly #hashers: HashWorkers;
  readonly #verifier: PieceVerifier;
  readonly #payload: PayloadFiles;
  readonly #writer: PieceWriter;
  readonly #reader: BatchReader;
  #journal: Journal;
  readonly #identity: JournalIdentity;
  readonly #clock: StorageClock;
  readonly #rate = new RateMeter();
  #log: ResumeLog | undefined;
  #starting: Promise<void> | undefined;
  /** Of pieces that failed their hash, until somebody asks for them. */
  readonly #failedDigests = new Map<number, readonly string[]>();
  /** Verified pieces on their way to the disk. */
  readonly #writing = new Map<number, Promise<void>>();
  /** Buffers that are out and not being committed. */
  readonly #open = new Set<PooledPiece>();
  readonly #underWay = new Set<Promise<unknown>>();
  #isClosed = false;
  #isOpened = false;
  readonly #closing = new AbortController();
  #moving: Promise<unknown> = Promise.resolve();
  #hadJournal = false;

  constructor(options: StorageOptions) {
    const { metainfo, root, journalPath = join(root, journalName(metainfo)), disk = NODE_DISK } = options;
    const { pieceCount, pieceLength, totalLength } = metainfo.layout.pieces;
    const fileCount = metainfo.files.length;
    this.#options = options;
    this.#pool = options.pool ?? new BufferPool();
    this.#hashers = options.hashers ?? new HashWorkers();
    this.#clock = options.clock ?? NODE_CLOCK;
    this.#verifier = new PieceVerifier(metainfo);
    const partName = `.${formatHex(infoHashOf(metainfo))}${PART_SUFFIX}`;
    this.#payload = new PayloadFiles(metainfo, root, options.files ?? new FilePool({ disk }), disk, partName);
    this.#writer = new PieceWriter(this.#payload, this.#clock, () => this.#worthWaitingFor());
    this.have = new Bitfield(pieceCount);
    this.#reader = new BatchReader(this.#payload, this.have);
    this.#identity = { infoHash: infoHashOf(metainfo), pieceCount, pieceLength, totalLength, fileCount };
    this.#journal = new Journal(journalPath, this.#identity, disk, options.journalPath !== undefined);
    this.#payload.isAllocating = options.allocation === "full";
    this.#payload.signal = this.#closing.signal;
  }

  async open(options: OpenOptions = {}): Promise<Bitfield> {
    this.#checkOpen();
    options.signal?.throwIfAborted();
    this.#isOpened = true;
    const signals = [this.#closing.signal, ...(options.signal === undefined ? [] : [options.signal])];
    return this.#track(this.#openWith({ ...options, signal: AbortSignal.any(signals) }));
  }

  /** Nothing is written any more once the signal is aborted. */
  async #openWith(options: OpenOptions & { readonly signal: AbortSignal }): Promise<Bitfield> {
    const gate = this.#options.gate ?? new Gate(1);
    const journalState = await gate.pass(() => this.#journal.load(), options.signal);
    this.#hadJournal = journalState !== undefined;
    const recovery = await recover(this.#payload, journalState, this.#verifier, this.#hashers, gate, options);
    options.signal.throwIfAborted();
    for (const piece of recovery.have.indices()) this.have.set(piece);
    this.#payload.foreign = recovery.foreign;
    const window = { ...DEFAULT_WRITE_WINDOW, ...this.#options.writeWindow };
    this.#log = new ResumeLog(this.#journal, this.#payload, this.#clock, window, recovery);
    const unwanted = new Set(options.unwanted);
    await choosePlaces(this.#payload, unwanted, this.#tools(), recovery.onDisk);
    options.signal.throwIfAborted();
    const log = this.#log;
    await gate.pass(() => log.saveFindings(), options.signal);
    // With nothing to download, no write will come that could make the empty files; on a read-only disk they stay away.
    if (this.have.isFull || (unwanted.size > 0 && !this.have.isEmpty))
      await this.#makeEmptyFiles().catch(() => {});
    return this.have.clone();
  }

  setUnwanted(fileIndices: ReadonlySet<number>): Promise<void> {
    const reason = this.#reasonToRefuse();
    if (reason !== undefined) return Promise.reject(reason);
    const unwanted = new Set(fileIndices);
    return this.#track(
      this.#writer.exclusive(async () => {
        await choosePlaces(this.#payload, unwanted, this.#tools());
        if (!this.have.isEmpty) await this.#makeEmptyFiles();
      }),
    );
  }

  move(root: string, options: MoveOptions = {}): Promise<void> {
    const reason = this.#reasonToRefuse();
    if (reason !== undefined) return Promise.reject(reason);
    const { metainfo, journalPath, files, disk = NODE_DISK } = this.#options;
    const partName = this.#payload.elementsOf(this.#payload.parts.fileIndex)[0];
    const moved = this.#moving.then(() =>
      moveData({
        ...this.#tools(),
        payload: this.#payload,
        target: new PayloadFiles(metainfo, root, files ?? new FilePool({ disk }), disk, partName),
        journal: this.#journal,
        newJournal:
          journalPath === undefined
            ? new Journal(join(root, journalName(metainfo)), this.#identity, disk, false)
            : undefined,
        onJournal: (journal) => (this.#journal = journal),
        signals: [this.#closing.signal, ...(options.signal === undefined ? [] : [options.signal])],
        onMoved: options.onMoved,
      }),
    );
    this.#moving = moved.catch(() => {});
    return this.#track(moved);
  }

  async rename(path: readonly string[], newPath: readonly string[]): Promise<void> {
    const reason = this.#reasonToRefuse();
    if (reason !== undefined) throw reason;
    await this.#track(this.#writer.exclusive(() => renameFiles(this.#payload, this.#log!, path, newPath)));
  }

  pathOf(fileIndex: number): readonly string[] {
    return this.#payload.elementsOf(fileIndex);
  }

  get root(): string {
    return this.#payload.root.path;
  }

  async deleteData(): Promise<void> {
    await this.close().catch(() => {});
    // Where nothing was ever ours, nothing is proven to be.
    const isProven = !this.have.isEmpty || this.#hadJournal || this.#starting !== undefined;
    await deleteData(this.#payload, (fileIndex) => !isProven || this.#payload.foreign.has(fileIndex));
    await this.removeJournal();
  }

  #tools(): { have: Bitfield; writer: PieceWriter; log: ResumeLog } {
    return { have: this.have, writer: this.#writer, log: this.#log! };
  }

  acquire(piece: number): PieceBuffer | undefined {
    const { pieces } = this.#options.metainfo.layout;
    if (!pieces.isPiece(piece)) throw new RangeError(`piece ${piece} of ${pieces.pieceCount}`);
    if (this.#isClosed) return undefined;
    const pieceLength = pieces.pieceLengthAt(piece);
    if (!this.#pool.reserve(pieceLength)) return undefined;
    const byteRate = this.#rate.byteRate(this.#clock.monotonicMs());
    const situation = { pieceLength, byteRate, workerCount: this.#hashers.count };
    const placement = (this.#options.placeHash ?? placeHash)(situation);
    const verifier = placement === "loop" ? this.#verifier : undefined;
    const buffer = new PooledPiece(piece, pieceLength, this.#pool, verifier);
    this.#open.add(buffer);
    return buffer;
  }

  discard(buffer: PieceBuffer): void {
    if (!this.#open.delete(buffer as PooledPiece)) return;
    const bytes = (buffer as PooledPiece).seal();
    if (bytes === undefined) this.#pool.cancel(buffer.length);
    else this.#pool.release(bytes);
  }

  commit(buffer: PieceBuffer): Promise<boolean> {
    return this.#track(this.#commit(buffer));
  }

  read(ranges: readonly ReadRange[]): Promise<void> {
    const reason = this.#reasonToRefuse();
    return reason === undefined ? this.#track(this.#reader.read(ranges)) : Promise.reject(reason);
  }

  takeFailedDigests(piece: number): readonly string[] | undefined {
    const digests = this.#failedDigests.get(piece);
    this.#failedDigests.delete(piece);
    return digests;
  }

  async digestBlocks(piece: number): Promise<readonly string[]> {
    const { pieces } = this.#options.metainfo.layout;
    const bytes = new Uint8Array(pieces.pieceLengthAt(piece));
    await this.read([{ offset: pieces.offsetOf(piece), into: bytes }]);
    return digestBlocks(bytes);
  }

  async flush(): Promise<void> {
    await this.#log?.flush();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#closing.abort(new StorageError("CLOSED", "Cannot go on: the storage was closed."));
    for (const buffer of this.#open) this.discard(buffer);
    await Promise.allSettled(this.#underWay);
    try {
      await this.#log?.close();
    } finally {
      await this.#payload.close();
      if (this.#options.hashers === undefined) await this.#hashers.close();
    }
  }

  async removeJournal(): Promise<void> {
    await this.#journal.remove();
  }

  async #commit(buffer: PieceBuffer): Promise<boolean> {
    if (!this.#open.delete(buffer as PooledPiece))
      throw new TypeError(`the buffer of piece ${buffer.piece} is not open`);
    const held: Held = { bytes: (buffer as PooledPiece).sealWhole() };
    this.#pool.enterBacklog(buffer.length);
    try {
      const reason = this.#reasonToRefuse();
      if (reason !== undefined) throw reason;
      if (!this.#verifier.isKnown(buffer.piece))
        throw new RangeError(`the hash of piece ${buffer.piece} is not known`);
      if (!this.#verifier.isMatch(buffer.piece, await this.#digest(buffer as PooledPiece, held))) {
        if (this.#failedDigests.size < MAX_FAILED_DIGESTS)
          this.#failedDigests.set(buffer.piece, await digestBlocks(held.bytes));
        return false;
      }
      // Somebody may have brought the same piece, which is not written into once it is had.
      for (let other; (other = this.#writing.get(buffer.piece)) !== undefined;) await other.catch(() => {});
      if (this.have.has(buffer.piece)) return true;
      const writing = this.#write(buffer, held.bytes);
      this.#writing.set(buffer.piece, writing);
      await writing.finally(() => this.#writing.delete(buffer.piece));
      return true;
    } finally {
      this.#pool.leaveBacklog(buffer.length);
      if (held.bytes.byteLength > 0) this.#pool.release(held.bytes);
      else this.#pool.writeOff(buffer.length);
    }
  }

  async #write({ piece, length }: PieceBuffer, bytes: Uint8Array): Promise<void> {
    await this.#start();
    const log = this.#log!;
    const offset = this.#options.metainfo.layout.pieces.offsetOf(piece);
    const touched = await this.#writer.write(offset, bytes, (fileIndices) => log.addFailed(fileIndices));
    if (log.fault !== undefined) throw log.fault;
    log.add(piece, length, touched);
    this.#rate.add(length, this.#clock.monotonicMs());
    this.have.set(piece);
  }

  /** The digest of a whole piece; a long rest is hashed in slices between which the loop turns, or in a worker. */
  async #digest(piece: PooledPiece, held: Held): Promise<Uint8Array> {
    if (!piece.hashesOnLoop) {
      const width = this.#verifier.treeWidthOf(piece.piece);
      const { digest, bytes } = await this.#hashers.hashBuffer(held.bytes, width);
      held.bytes = bytes;
      return digest;
    }
    for (;;) {
      const digest = piece.hashSlice();
      if (digest !== undefined) return digest;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Before the first write: the journal is marked as in use, and empty files are made. */
  #start(): Promise<void> {
    this.#starting ??= this.#log!.begin()
      .then(() => this.#makeEmptyFiles())
      .catch((error: unknown) => {
        this.#starting = undefined;
        throw error;
      });
    return this.#starting;
  }

  async #makeEmptyFiles(): Promise<void> {
    await this.#payload.makeFilesWithoutBytes();
  }

  #worthWaitingFor(): number {
    const { pieceLength } = this.#options.metainfo.layout.pieces;
    const byteRate = this.#rate.byteRate(this.#clock.monotonicMs());
    const { budgetLength } = this.#pool;
    return (this.#options.gatherWrites ?? gatherWrites)({ pieceLength, byteRate, budgetLength });
  }

  #reasonToRefuse(): Error | undefined {
    if (this.#isClosed)
      return new StorageError("CLOSED", "Cannot use the storage: it was closed; make a new one.");
    if (this.#log === undefined) return new TypeError("open() comes first");
    return this.#log.fault;
  }

  #checkOpen(): void {
    if (this.#isClosed || this.#isOpened) throw new TypeError("a storage is opened once");
  }

  /** `close` waits for what was tracked. */
  #track<T>(promise: Promise<T>): Promise<T> {
    this.#underWay.add(promise);
    const forget = (): void => void this.#underWay.delete(promise);
    promise.then(forget, forget);
    return promise;
  }
}

/** A buffer that may change hands while it is in a worker. */
interface Held {
  bytes: Uint8Array<ArrayBuffer>;
}

function infoHashOf({ infoHash, infoHashV2 }: Pick<StorageMetainfo, "infoHash" | "infoHashV2">): Uint8Array {
  const hash = infoHash ?? infoHashV2;
  if (hash === undefined) throw new TypeError("a torrent without an info-hash");
  return hash;
}
