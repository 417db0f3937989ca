import { dirname } from "node:path";
import type { Bitfield } from "@bt/primitives";
import { toStorageError } from "../errors.ts";
import type { FilePlaces } from "../file-places.ts";
import {
  decodeJournal,
  encodeClean,
  encodeJournalHeader,
  encodePlacesFrame,
  encodeSnapshot,
  frameCrc,
  journalHeaderCrc,
  type FileStat,
  type JournalIdentity,
  type JournalState,
} from "../journal-format.ts";
import {
  asPromise,
  asVoidPromise,
  isSystemError,
  OPEN_FRESH,
  OPEN_READ,
  OPEN_UPDATE,
  readFully,
  writeFully,
  type Disk,
  type DiskStat,
} from "./disk.ts";

/** A journal that claims to be longer is not ours: a million pieces and a hundred thousand files make 2.2 MB. */
const MAX_JOURNAL_LENGTH = 64 * 1024 * 1024;
/** Below this a journal is not worth writing anew. */
const MIN_COMPACTED_LENGTH = 256 * 1024;
/** A journal is written anew when it has grown to this many times its shortest form. */
const COMPACTION_FACTOR = 8;

/** The journal file of one torrent: reads it once, then appends frames or replaces it as a whole. */
export class Journal {
  readonly path: string;
  readonly #identity: JournalIdentity;
  readonly #disk: Disk;
  readonly #makesFolder: boolean;
  #fd: number | undefined;
  #length = 0;
  #lastCrc = 0;
  #compactedLength = 0;

  /** `makesFolder`: not for a journal in the download folder, which must not come back when it vanishes. */
  constructor(path: string, identity: JournalIdentity, disk: Disk, makesFolder: boolean) {
    this.path = path;
    this.#makesFolder = makesFolder;
    this.#identity = identity;
    this.#disk = disk;
  }

  /** What it says; `undefined` when there is none that can be read and belongs to this torrent. */
  async load(): Promise<JournalState | undefined> {
    const bytes = await this.#readAll();
    const state = bytes && decodeJournal(bytes, this.#identity);
    if (state === undefined) return undefined;
    this.#length = state.validLength;
    this.#lastCrc = state.lastCrc;
    this.#compactedLength = state.validLength;
    return state;
  }

  /** Whether it has grown so much that `replace` is due. */
  get isLong(): boolean {
    return this.#length > Math.max(MIN_COMPACTED_LENGTH, COMPACTION_FACTOR * this.#compactedLength);
  }

  /** Appends a frame to the journal that was loaded or written before. */
  async append(encode: (seed: number) => Uint8Array): Promise<void> {
    const frame = encode(this.#lastCrc);
    try {
      this.#fd ??= await this.#openLoaded();
      await writeFully(this.#disk, this.#fd, [frame], this.#length);
    } catch (cause) {
      throw toStorageError(cause, "write", this.path);
    }
    this.#length += frame.length;
    this.#lastCrc = frameCrc(frame);
  }

  /** What was appended is safe from a power cut when this resolves. */
  async sync(): Promise<void> {
    const fd = this.#fd;
    if (fd === undefined) return;
    try {
      await asVoidPromise((done) => this.#disk.fsync(fd, done));
    } catch (cause) {
      throw toStorageError(cause, "save", this.path);
    }
  }

  /** Replaces the journal at once or not at all, safe from a power cut: a new file is written, synced and renamed over the old one. */
  async replace(
    nowMs: number,
    have: Bitfield,
    stats: ReadonlyMap<number, FileStat>,
    places: FilePlaces,
    clean: boolean,
  ): Promise<void> {
    const header = encodeJournalHeader(this.#identity);
    const frames = [encodeSnapshot(journalHeaderCrc(header), nowMs, have, stats)];
    if (places.parted.size + places.foreign.size + places.renames.size > 0)
      frames.push(encodePlacesFrame(frameCrc(frames[0]!), nowMs, places));
    if (clean) frames.push(encodeClean(frameCrc(frames.at(-1)!), nowMs));
    const bytes = Buffer.concat([header, ...frames]);
    const temporary = `${this.path}.tmp`;
    const disk = this.#disk;
    let fd: number | undefined;
    try {
      if (this.#makesFolder) await asPromise((done) => disk.mkdirs(dirname(this.path), done));
      await asVoidPromise((done) => disk.unlink(temporary, done)).catch((error: unknown) => {
        if (!isSystemError(error, "ENOENT")) throw error;
      });
      fd = await asPromise<number>((done) => disk.open(temporary, OPEN_FRESH, 0o666, done));
      const opened = fd;
      await writeFully(disk, opened, [bytes], 0);
      await asVoidPromise((done) => disk.fsync(opened, done));
      await this.close(); // Windows replaces no file that is open
      await asVoidPromise((done) => disk.rename(temporary, this.path, done));
    } catch (cause) {
      // Awaited: left to itself it might take away the next attempt's file.
      if (fd !== undefined) {
        const opened = fd;
        await asVoidPromise((done) => disk.close(opened, done)).catch(() => {});
        await asVoidPromise((done) => disk.unlink(temporary, done)).catch(() => {});
      }
      throw toStorageError(cause, "write", this.path);
    }
    this.#fd = fd;
    this.#length = bytes.length;
    this.#compactedLength = bytes.length;
    this.#lastCrc = frameCrc(frames.at(-1)!);
    try {
      await asVoidPromise((done) => disk.syncFolder(dirname(this.path), done));
    } catch (cause) {
      throw toStorageError(cause, "save", this.path);
    }
  }

  async remove(): Promise<void> {
    await this.close();
    // With the beginning of one that a killed process may have left.
    for (const path of [this.path, `${this.path}.tmp`]) {
      try {
        await asVoidPromise((done) => this.#disk.unlink(path, done));
      } catch (cause) {
        if (!isSystemError(cause, "ENOENT")) throw toStorageError(cause, "delete", path);
      }
    }
  }

  async close(): Promise<void> {
    const fd = this.#fd;
    this.#fd = undefined;
    if (fd !== undefined) await asVoidPromise((done) => this.#disk.close(fd, done)).catch(() => {});
  }

  async #readAll(): Promise<Uint8Array | undefined> {
    let fd: number;
    try {
      fd = await asPromise<number>((done) => this.#disk.open(this.path, OPEN_READ, 0, done));
    } catch {
      return undefined; // missing, a link, not ours to read: the same as no journal
    }
    try {
      const stat = await asPromise<DiskStat>((done) => this.#disk.fstat(fd, done));
      if (!stat.isFile() || stat.size > MAX_JOURNAL_LENGTH) return undefined;
      const bytes = new Uint8Array(stat.size);
      return bytes.subarray(0, await readFully(this.#disk, fd, bytes, 0));
    } catch {
      return undefined;
    } finally {
      await asVoidPromise((done) => this.#disk.close(fd, done)).catch(() => {});
    }
  }

  /** Opens the journal that was loaded and cuts off what was damaged. */
  async #openLoaded(): Promise<number> {
    const fd = await asPromise<number>((done) => this.#disk.open(this.path, OPEN_UPDATE, 0, done));
    try {
      await asVoidPromise((done) => this.#disk.ftruncate(fd, this.#length, done));
      return fd;
    } catch (cause) {
      await asVoidPromise((done) => this.#disk.close(fd, done)).catch(() => {});
      throw cause;
    }
  }
}
