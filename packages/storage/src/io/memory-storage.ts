import { Bitfield } from "@bt/primitives";
import { BufferPool } from "../buffer-pool.ts";
import { StorageError } from "../errors.ts";
import type { StorageMetainfo } from "../storage-metainfo.ts";
import type { MoveOptions, OpenOptions, PieceBuffer, ReadRange, TorrentStorage } from "../torrent-storage.ts";
import { digestBlocks } from "./block-digests.ts";
import { PieceVerifier } from "./piece-verifier.ts";
import { PooledPiece } from "./pooled-piece.ts";

/** Bytes hashed in one go. */
const SLICE_LENGTH = 512 * 1024;

export interface MemoryStorageOptions {
  readonly metainfo: StorageMetainfo;
  /** One for all torrents of a session; default: one of its own. */
  readonly pool?: BufferPool | undefined;
  /** Pieces by index. Given to another storage of the same torrent, they are there at its start. */
  readonly pieces?: Map<number, Uint8Array> | undefined;
}

/**
 * The payload of one torrent in memory, for tests and for small torrents that are only passed on. It takes as much
 * memory as the torrent has bytes. There are no files: paths and folders are names only.
 */
export function createMemoryStorage(options: MemoryStorageOptions): TorrentStorage {
  return new MemoryStorage(options);
}

class MemoryStorage implements TorrentStorage {
  readonly have: Bitfield;
  root = "";
  readonly #metainfo: StorageMetainfo;
  readonly #pool: BufferPool;
  readonly #pieces: Map<number, Uint8Array>;
  readonly #verifier: PieceVerifier;
  readonly #open = new Set<PieceBuffer>();
  readonly #failed = new Map<number, readonly string[]>();
  readonly #renames = new Map<number, readonly string[]>();
  #state: "new" | "open" | "closed" = "new";

  constructor({ metainfo, pool = new BufferPool(), pieces = new Map() }: MemoryStorageOptions) {
    this.#metainfo = metainfo;
    this.#pool = pool;
    this.#pieces = pieces;
    this.#verifier = new PieceVerifier(metainfo);
    this.have = new Bitfield(metainfo.layout.pieces.pieceCount);
  }

  async open({ signal, onProgress }: OpenOptions = {}): Promise<Bitfield> {
    if (this.#state !== "new") throw new TypeError("a storage is opened once");
    const { pieces } = this.#metainfo.layout;
    for (let piece = 0; piece < pieces.pieceCount; piece++) {
      signal?.throwIfAborted();
      const bytes = this.#pieces.get(piece) ?? this.#padPiece(piece);
      if (bytes !== undefined && (await this.#isGood(piece, bytes))) {
        this.#pieces.set(piece, bytes);
        this.have.set(piece);
      }
      onProgress?.(piece + 1, pieces.pieceCount);
    }
    // `close` may have come meanwhile.
    if (this.#isClosed()) await this.#refusal();
    this.#state = "open";
    return this.have.clone();
  }

  setUnwanted(fileIndices: ReadonlySet<number>): Promise<void> {
    for (const index of fileIndices)
      if (this.#metainfo.files[index] === undefined)
        return Promise.reject(new RangeError(`no file ${index}`));
    return this.#refusal() ?? Promise.resolve();
  }

  acquire(piece: number): PieceBuffer | undefined {
    const { pieces } = this.#metainfo.layout;
    if (!pieces.isPiece(piece)) throw new RangeError(`piece ${piece} of ${pieces.pieceCount}`);
    if (this.#state === "closed") return undefined;
    const length = pieces.pieceLengthAt(piece);
    if (!this.#pool.reserve(length)) return undefined;
    const buffer = new PooledPiece(piece, length, this.#pool, undefined);
    this.#open.add(buffer);
    return buffer;
  }

  discard(buffer: PieceBuffer): void {
    if (!this.#open.delete(buffer)) return;
    const bytes = (buffer as PooledPiece).seal();
    if (bytes === undefined) this.#pool.cancel(buffer.length);
    else this.#pool.release(bytes);
  }

  async commit(buffer: PieceBuffer): Promise<boolean> {
    if (!this.#open.delete(buffer)) throw new TypeError(`the buffer of piece ${buffer.piece} is not open`);
    const bytes = (buffer as PooledPiece).sealWhole();
    try {
      const refusal = this.#refusal();
      if (refusal !== undefined) await refusal;
      const { piece } = buffer;
      if (!this.#verifier.isKnown(piece)) throw new RangeError(`the hash of piece ${piece} is not known`);
      if (!(await this.#isGood(piece, bytes))) {
        this.#failed.set(piece, await digestBlocks(bytes));
        return false;
      }
      this.#pieces.set(piece, bytes.slice());
      this.have.set(piece);
      return true;
    } finally {
      this.#pool.release(bytes);
    }
  }

  takeFailedDigests(piece: number): readonly string[] | undefined {
    const digests = this.#failed.get(piece);
    this.#failed.delete(piece);
    return digests;
  }

  async digestBlocks(piece: number): Promise<readonly string[]> {
    await this.#refusal();
    const bytes = this.#pieces.get(piece);
    if (bytes === undefined || !this.have.has(piece)) throw new RangeError(`piece ${piece} is not had`);
    return digestBlocks(bytes);
  }

  async read(ranges: readonly ReadRange[]): Promise<void> {
    await this.#refusal();
    const { pieceLength, totalLength } = this.#metainfo.layout.pieces;
    for (const { offset, into } of ranges) {
      const end = offset + into.length;
      let isHad = offset >= 0 && end <= totalLength;
      for (let piece = Math.floor(offset / pieceLength); isHad && piece * pieceLength < end; piece++)
        isHad = into.length === 0 || this.have.has(piece);
      if (!isHad) throw new RangeError(`${into.length} bytes at ${offset} are not in pieces that are had`);
    }
    for (const { offset, into } of ranges) {
      for (let at = 0; at < into.length;) {
        const inPiece = (offset + at) % pieceLength;
        const bytes = this.#pieces.get(Math.floor((offset + at) / pieceLength))!;
        const part = bytes.subarray(inPiece, inPiece + into.length - at);
        into.set(part, at);
        // BEP 52: behind the end of a file there is nothing up to the next piece.
        const partEnd = Math.min(into.length, at + pieceLength - inPiece);
        into.fill(0, at + part.length, partEnd);
        at = partEnd;
      }
    }
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#state = "closed";
    for (const buffer of this.#open) this.discard(buffer);
    return Promise.resolve();
  }

  pathOf(fileIndex: number): readonly string[] {
    return this.#renames.get(fileIndex) ?? this.#metainfo.files[fileIndex]?.path ?? [];
  }

  async move(root: string, { signal, onMoved }: MoveOptions = {}): Promise<void> {
    await this.#refusal();
    signal?.throwIfAborted();
    this.root = root;
    await onMoved?.();
  }

  async rename(path: readonly string[], newPath: readonly string[]): Promise<void> {
    await this.#refusal();
    const before = this.#metainfo.files.map((_, index) => this.pathOf(index));
    const isMeant = (of: readonly string[]): boolean =>
      path.length > 0 && path.every((element, i) => of[i] === element);
    if (!before.some(isMeant)) throw new RangeError(`no file of the torrent is ${path.join("/")}`);
    for (const [index, of] of before.entries())
      if (isMeant(of)) this.#renames.set(index, [...newPath, ...of.slice(path.length)]);
  }

  async deleteData(): Promise<void> {
    await this.close();
    this.#pieces.clear();
  }

  removeJournal(): Promise<void> {
    return Promise.resolve();
  }

  /** Hashed in slices between which the loop turns. */
  async #isGood(piece: number, bytes: Uint8Array): Promise<boolean> {
    const digester = this.#verifier.createDigester(piece);
    for (let at = 0; at < bytes.length; at += SLICE_LENGTH) {
      if (at > 0) await new Promise((resolve) => setImmediate(resolve));
      digester.update(bytes.subarray(at, at + SLICE_LENGTH));
    }
    return this.#verifier.isMatch(piece, digester.digest());
  }

  /** BEP 47: pieces that lie in pad files only are zeros. */
  #padPiece(piece: number): Uint8Array | undefined {
    const { files, layout } = this.#metainfo;
    const isPad = layout.filesOfPiece(piece).every((index) => files[index]!.pad);
    return isPad ? new Uint8Array(layout.pieces.pieceLengthAt(piece)) : undefined;
  }

  #isClosed(): boolean {
    return this.#state === "closed";
  }

  #refusal(): Promise<never> | undefined {
    if (this.#state === "open") return undefined;
    return Promise.reject(
      this.#state === "closed"
        ? new StorageError("CLOSED", "Cannot use the storage: it was closed; make a new one.")
        : new TypeError("open() comes first"),
    );
  }
}
