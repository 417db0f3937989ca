import { NODE_DISK, asVoidPromise, isSystemError, type Disk } from "./disk.ts";

export interface FilePoolOptions {
  /** Descriptors kept open. Files in use are never closed, so operations under way may pass the limit for a moment. */
  readonly limit?: number;
  readonly disk?: Disk;
}

/** libtorrent keeps 40 files open, Transmission 32. */
export const DEFAULT_OPEN_FILE_LIMIT = 40;

/** A file of a torrent as the pool knows it: how to open it, and what of it is open. */
export class PooledFile {
  readonly open: (writable: boolean) => Promise<number>;
  reader: OpenFile | undefined;
  writer: OpenFile | undefined;
  opening: Promise<OpenFile> | undefined;
  /** When its owner made sure last that it is the right file: monotonic ms. */
  confirmedAtMs: number = -Infinity;
  confirming: Promise<void> | undefined;

  constructor(open: (writable: boolean) => Promise<number>) {
    this.open = open;
  }
}

export interface OpenFile {
  readonly fd: number;
  readonly file: PooledFile;
  readonly writable: boolean;
  /** Operations under way. */
  users: number;
  /** To be closed when the last operation is over. */
  isRetired?: boolean;
}

/** Open descriptors of all torrents of a session; the least recently used are closed when there are too many. */
export class FilePool {
  readonly limit: number;
  readonly #disk: Disk;
  /** In the order of last use. */
  readonly #open = new Set<OpenFile>();
  readonly #closing = new Set<Promise<void>>();

  constructor({ limit = DEFAULT_OPEN_FILE_LIMIT, disk = NODE_DISK }: FilePoolOptions = {}) {
    if (!Number.isSafeInteger(limit) || limit < 1) throw new RangeError(`limit of ${limit} open files`);
    this.limit = limit;
    this.#disk = disk;
  }

  get openCount(): number {
    return this.#open.size;
  }

  /** The file if it is open already, in use until `giveBack`. A reader also gets a file that is open for writing. */
  borrowOpen(file: PooledFile, writable: boolean): OpenFile | undefined {
    const open = file.writer ?? (writable ? undefined : file.reader);
    if (open === undefined) return undefined;
    open.users++;
    this.#open.delete(open);
    this.#open.add(open);
    return open;
  }

  /** The file, opened if need be, in use until `giveBack`. */
  async borrow(file: PooledFile, writable: boolean): Promise<OpenFile> {
    for (;;) {
      const open = this.borrowOpen(file, writable);
      if (open !== undefined) return open;
      if (file.opening === undefined) {
        file.opening = this.#openFile(file, writable).finally(() => (file.opening = undefined));
      }
      await file.opening;
    }
  }

  giveBack(open: OpenFile): void {
    open.users--;
    if (open.isRetired === true && open.users === 0) this.#close(open);
    if (this.#open.size > this.limit) this.#closeIdle(this.limit);
  }

  /** Closes the file's descriptors as soon as nothing uses them; the file must not be borrowed again. */
  retire(file: PooledFile): void {
    for (const open of [file.reader, file.writer]) {
      if (open === undefined) continue;
      if (open.users === 0) this.#close(open);
      else open.isRetired = true;
    }
  }

  /** Closes the file's descriptors; nothing may be using them. */
  async closeFile(file: PooledFile): Promise<void> {
    if (file.reader !== undefined) this.#close(file.reader);
    if (file.writer !== undefined) this.#close(file.writer);
    await Promise.all(this.#closing);
  }

  /** Gives back all descriptors that nothing uses, for who has run out of them. */
  async freeIdle(): Promise<void> {
    this.#closeIdle(0);
    await Promise.all(this.#closing);
  }

  async #openFile(file: PooledFile, writable: boolean): Promise<OpenFile> {
    this.#closeIdle(this.limit - 1);
    let fd: number;
    try {
      fd = await file.open(writable);
    } catch (error) {
      const cause = (error as { cause?: unknown }).cause ?? error;
      if (!isSystemError(cause, "EMFILE") && !isSystemError(cause, "ENFILE")) throw error;
      await this.freeIdle();
      fd = await file.open(writable);
    }
    const open: OpenFile = { fd, file, writable, users: 0 };
    if (writable) {
      if (file.reader !== undefined && file.reader.users === 0) this.#close(file.reader);
      file.writer = open;
    } else {
      file.reader = open;
    }
    this.#open.add(open);
    return open;
  }

  #closeIdle(wantedCount: number): void {
    for (const open of this.#open) {
      if (this.#open.size <= wantedCount) return;
      if (open.users === 0) this.#close(open);
    }
  }

  #close(open: OpenFile): void {
    this.#open.delete(open);
    if (open.file.writer === open) open.file.writer = undefined;
    if (open.file.reader === open) open.file.reader = undefined;
    // What close reports is not lost data: bytes are synced before the journal speaks of them.
    const closing = asVoidPromise((done) => this.#disk.close(open.fd, done))
      .catch(() => {})
      .finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }
}
