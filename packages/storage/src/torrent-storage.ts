import type { Bitfield } from "@bt/primitives";

/** Memory for one piece while it is downloaded. It ends with `commit` or `discard`; calls after that do nothing. */
export interface PieceBuffer {
  readonly piece: number;
  /** Bytes of the piece. */
  readonly length: number;
  /**
   * Copies `source[start, end)` to `offset` in the piece. What falls into a block that is already done is left out, so
   * a second copy of a block that trickles in late cannot spoil bytes that were hashed.
   *
   * @throws RangeError when the bytes do not lie within the piece.
   */
  put(offset: number, source: Uint8Array, start: number, end: number): void;
  /**
   * The block at `offset` is whole and will not be written again, so that hashing may run over it. `length` may also
   * cover several whole blocks.
   *
   * @throws RangeError when the range is not made of whole blocks of the piece.
   */
  blockDone(offset: number, length: number): void;
}

/** Bytes to be read: `into.length` bytes from torrent offset `offset` on. */
export interface ReadRange {
  readonly offset: number;
  readonly into: Uint8Array;
}

/**
 * - `auto`: trust the journal where the files bear it out, hash what is open (JOURNAL.md)
 * - `all`: hash everything that is there, whatever the journal says
 * - `none`: read no payload; what the journal leaves open counts as missing
 */
export type RecheckMode = "auto" | "all" | "none";

export interface OpenOptions {
  /** Rejects with its reason as soon as the work under way is done. */
  readonly signal?: AbortSignal | undefined;
  /** Pieces hashed so far and pieces to be hashed; not called when nothing has to be hashed. */
  readonly onProgress?: ((checkedCount: number, totalCount: number) => void) | undefined;
  readonly recheck?: RecheckMode | undefined;
  /**
   * There was data before: when neither the journal nor any file is there, the disk is not mounted, and opening fails with
   * NOT_FOUND instead of beginning anew.
   */
  readonly expectData?: boolean | undefined;
  /** As for `setUnwanted`; default none. */
  readonly unwanted?: ReadonlySet<number> | undefined;
}

export interface MoveOptions {
  /** Ends a move that is under way, as long as the old place is the valid one. */
  readonly signal?: AbortSignal | undefined;
  /** The new place is complete and is used from now on: remember it. The old one is deleted after this resolves. */
  readonly onMoved?: (() => Promise<void> | void) | undefined;
}

/** The payload of one torrent. Every promise rejects with a `StorageError` when the disk fails. */
export interface TorrentStorage {
  /** Pieces that are verified and on the disk. Live: `commit` sets bits in it. Do not write to it. */
  readonly have: Bitfield;
  /** Finds out what is there. Call it once, before anything else. Returns a copy of `have`. */
  open(options?: OpenOptions): Promise<Bitfield>;
  /**
   * Files that nobody wants, instead of those named before. One that is not there yet is not made for the sake of pieces that
   * it shares with wanted ones: what they hold of it is kept in a part file, and moved to its place when it is wanted.
   */
  setUnwanted(fileIndices: ReadonlySet<number>): Promise<void>;
  /** Memory for `piece`, or `undefined` while the buffer budget is spent or after `close`. */
  acquire(piece: number): PieceBuffer | undefined;
  /** Gives the memory back without writing anything. */
  discard(buffer: PieceBuffer): void;
  /**
   * Verifies the piece and writes it. `true`: the bytes are in the files and the piece counts as had. `false`: they do
   * not match the hash and nothing was written. The memory goes back to the pool in every case. A piece that is had already
   * is not written again.
   *
   * @throws TypeError when the buffer was committed or discarded before, or by `close`.
   */
  commit(buffer: PieceBuffer): Promise<boolean>;
  /**
   * The digests of the blocks with which `piece` failed its hash last, and forgets them; `undefined` when it did not. With
   * `digestBlocks` of the good piece they tell which blocks were bad, and so who sent them.
   */
  takeFailedDigests(piece: number): readonly string[] | undefined;
  /** Digests of the blocks of a piece that is had, read from the files. */
  digestBlocks(piece: number): Promise<readonly string[]>;
  /**
   * Fills every range from pieces that are had (`RangeError` otherwise); what lies between the files of a v2 torrent is zeros.
   * Adjacent ranges are read together.
   */
  read(ranges: readonly ReadRange[]): Promise<void>;
  /** Writes all that was committed so far to the journal. */
  flush(): Promise<void>;
  /** Discards the buffers that are out, waits for what is under way, marks the journal clean, closes the files. */
  close(): Promise<void>;
  /** The download folder. */
  readonly root: string;
  /** Where a file lies below `root`; the part file has the index after the last. */
  pathOf(fileIndex: number): readonly string[];
  /**
   * Brings the files into another folder, which is made if need be, while pieces are read and written. They get second names
   * there, or copies on another disk; only when the new place is complete is the old one given up. If the process dies,
   * one of both is complete with a true journal: which one is to be opened is what `onMoved` is for.
   *
   * @throws StorageError FOREIGN_DATA when a file of that name is there and differs; then nothing has changed.
   */
  move(root: string, options?: MoveOptions): Promise<void>;
  /**
   * Gives a file, or a folder with all that is in it, another path below `root`; the journal remembers it.
   *
   * @throws RangeError when no file of the torrent is there, StorageError FOREIGN_DATA when the new name is taken,
   *   OUTSIDE_ROOT when it is none. Then nothing has changed.
   */
  rename(path: readonly string[], newPath: readonly string[]): Promise<void>;
  /** Closes the storage and deletes the torrent's files, its journal, and folders that are empty then. Other files stay. */
  deleteData(): Promise<void>;
  /** Deletes the journal; the next `open` hashes what is there. */
  removeJournal(): Promise<void>;
}
