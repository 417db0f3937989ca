import type { Bitfield } from "@bt/primitives";
import type { StorageClock } from "../clock.ts";
import { toStorageError, type StorageError } from "../errors.ts";
import {
  encodeClean,
  encodeOpened,
  encodePlacesFrame,
  encodeProgress,
  type FileStat,
} from "../journal-format.ts";
import { asPromise, asVoidPromise, type DiskStat } from "./disk.ts";
import { confirmWritten, type FileMemory } from "./confirm-file.ts";
import type { Journal } from "./journal.ts";
import type { PayloadFiles } from "./payload-files.ts";
import { addWritten, type Written } from "./piece-writer.ts";
import { eachOf } from "./each-of.ts";
import { syncFound } from "./sync-found.ts";

export interface WriteWindow {
  /** A written piece is in the journal after this time at the latest, if the disk can keep up. */
  readonly windowMs: number;
  /** Or as soon as so many bytes were written since. */
  readonly windowLength: number;
}

/** What is lost at most when the process is killed: one second or 16 MiB, whichever is less. */
export const DEFAULT_WRITE_WINDOW: WriteWindow = Object.freeze({
  windowMs: 1000,
  windowLength: 16 * 1024 * 1024,
});

/** What was found at the start; see `Recovery`. */
export interface Found {
  readonly have: Bitfield;
  readonly stats: Map<number, FileStat>;
  readonly isExact: boolean;
  readonly news: Set<number>;
}

/** What there is to know of the folder that files were moved to. */
export interface NewPlace {
  /** Of files that were copied. */
  readonly stats: ReadonlyMap<number, FileStat>;
  /** Files that stayed in the old folder. */
  readonly left: readonly number[];
  /** Files that were there and are not ours. */
  readonly foreign: ReadonlySet<number>;
}

/** In a file of which the state is to be noted, and no more. */
const NOTHING: Written = Object.freeze({ length: 0, end: 0 });

/** How long the very first pieces of a download wait for the journal, ms. */
const FIRST_FLUSH_MS = 50;

/**
 * Brings pieces into the journal, in batches, and only after their bytes are on the disk: the files are synced first, so
 * that the journal is true after a power cut as well. The lifecycle is drawn in JOURNAL.md.
 */
export class ResumeLog {
  #journal: Journal;
  readonly #payload: PayloadFiles;
  readonly #clock: StorageClock;
  readonly #window: WriteWindow;
  /** What the journal says, or will say after the next flush. */
  readonly #have: Bitfield;
  readonly #stats: Map<number, FileStat>;
  /** Of files that were written to since the start. */
  readonly #memories = new Map<number, FileMemory>();
  /** Files of which pieces were found that a power cut may still take: whoever wrote them may not have synced them. */
  readonly #unsynced: Set<number>;
  /** Whether the file on the disk says just that. */
  #isExact: boolean;
  #isClean = true;
  #arePlacesNew = false;
  readonly #whenReplaced: (() => Promise<void>)[] = [];
  #beginning: Promise<void> | undefined;
  #pieces: number[] = [];
  #pendingLength = 0;
  /** What was written since the last flush, by file index. */
  #dirtyFiles = new Map<number, Written>();
  #flushing: Promise<void> | undefined;
  #cancelTimer: (() => void) | undefined;
  /** A disk that loses what it has taken: nothing more is written until the storage is opened anew. */
  fault: StorageError | undefined;

  constructor(
    journal: Journal,
    payload: PayloadFiles,
    clock: StorageClock,
    window: WriteWindow,
    recovered: Found,
  ) {
    this.#journal = journal;
    this.#payload = payload;
    this.#clock = clock;
    this.#window = window;
    this.#have = recovered.have.clone();
    this.#stats = recovered.stats;
    this.#isExact = recovered.isExact;
    this.#unsynced = recovered.news;
    payload.known = this.#stats;
  }

  /** Saves what was found at the start. A disk that cannot be written to is no obstacle to seeding from it. */
  async saveFindings(): Promise<void> {
    if (this.#isExact || this.#have.isEmpty) return;
    await this.#replace(true).catch(() => {});
    // Of a thousand torrents that only seed, none keeps a descriptor: neither of its journal nor of the files that were synced.
    await this.#journal.close();
    await this.#payload.close();
  }

  /** To be awaited before anything is written into a file: the journal must not look clean after that. */
  begin(): Promise<void> {
    this.#beginning ??= this.#begin().catch((error: unknown) => {
      this.#beginning = undefined;
      throw error;
    });
    return this.#beginning;
  }

  /** A write into these files failed, perhaps half way: their length and time may have changed. What is lost of it is no harm. */
  addFailed(fileIndices: Iterable<number>): void {
    for (const fileIndex of fileIndices) addWritten(this.#dirtyFiles, fileIndex, NOTHING);
  }

  /** The bytes of `piece` were written into these files. */
  add(piece: number, length: number, written: ReadonlyMap<number, Written>): void {
    this.#pieces.push(piece);
    this.#pendingLength += length;
    this.#addDirty(written);
    this.#schedule();
  }

  /** Everything that was added before is in the journal when this resolves. */
  async flush(): Promise<void> {
    while (this.#flushing !== undefined) await this.#flushing.catch(() => {});
    if (this.fault !== undefined) throw this.fault;
    if (this.#pieces.length === 0 && this.#dirtyFiles.size === 0) return;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#flushing = this.#flush().finally(() => (this.#flushing = undefined));
    await this.#flushing;
  }

  /** Flushes and marks the journal clean. */
  async close(): Promise<void> {
    try {
      await this.flush();
      if (!this.#isClean) await this.#markClean();
    } finally {
      this.#cancelTimer?.();
      this.#cancelTimer = undefined;
      await this.#journal.close();
    }
  }

  /** The journal must say where the files are before it is called clean. */
  async #markClean(): Promise<void> {
    if (!this.#isExact || this.#arePlacesNew) return this.#replace(true);
    const nowMs = this.#clock.unixMs();
    await this.#journal.append((seed) => encodeClean(seed, nowMs));
  }

  /** Whether the journal says where the files are. */
  get arePlacesSaved(): boolean {
    return this.#isExact && !this.#arePlacesNew;
  }

  /** To be done when the journal has been replaced the next time, and says what it is to say for sure. */
  whenReplaced(work: () => Promise<void>): void {
    this.#whenReplaced.push(work);
  }

  /** `payload.places` has changed; to be in the journal before the next piece is. */
  placesChanged(): void {
    this.#arePlacesNew = true;
  }

  /** Writes `payload.places` down at once and for good: files have been written and synced for it, as `stats` says. */
  async savePlaces(stats: ReadonlyMap<number, FileStat>): Promise<void> {
    for (const [fileIndex, stat] of stats) this.#stats.set(fileIndex, stat);
    this.#arePlacesNew = true;
    this.#isClean = false;
    if (this.#isExact && stats.size === 0) await this.#appendSafely(() => this.#appendPlaces());
    else await this.#replace(false);
  }

  /**
   * What `append` appends is safe from a power cut when this resolves. When that fails the journal is in doubt, and is replaced
   * before anything else is said of it: the system may have dropped the frame, and a second sync would report success.
   */
  async #appendSafely(append: () => Promise<void>): Promise<void> {
    try {
      await append();
      await this.#journal.sync();
    } catch (error) {
      this.#isExact = false;
      throw error;
    }
  }

  /** The files are in another folder now: what is known goes into another journal, which is true when this resolves. */
  async moveTo(journal: Journal, { stats, left, foreign }: NewPlace, arrive: () => void): Promise<void> {
    const all = new Map([...this.#stats, ...stats]);
    for (const fileIndex of left) all.delete(fileIndex);
    const places = { ...this.#payload.places, foreign };
    try {
      await journal.replace(this.#clock.unixMs(), this.#have, all, places, false);
    } catch (error) {
      // A journal that lies elsewhere serves both places.
      if (journal === this.#journal) this.#isExact = false;
      throw error;
    }
    for (const [fileIndex, stat] of stats) this.#stats.set(fileIndex, stat);
    for (const fileIndex of left) this.#stats.delete(fileIndex);
    // Copies have blocks of their own.
    this.#memories.clear();
    this.#journal = journal;
    this.#isExact = true;
    this.#isClean = false;
    arrive();
  }

  async #appendPlaces(): Promise<void> {
    if (!this.#arePlacesNew) return;
    this.#arePlacesNew = false;
    const nowMs = this.#clock.unixMs();
    try {
      await this.#journal.append((seed) => encodePlacesFrame(seed, nowMs, this.#payload.places));
    } catch (error) {
      this.#arePlacesNew = true;
      throw error;
    }
  }

  async #begin(): Promise<void> {
    await this.#payload.root.make();
    if (this.#isExact) {
      const nowMs = this.#clock.unixMs();
      try {
        // A journal that looks clean after a power cut would have all hashed that was written to since.
        await this.#appendSafely(async () => {
          await this.#journal.append((seed) => encodeOpened(seed, nowMs));
          await this.#appendPlaces();
        });
      } catch {
        await this.#replace(false); // it vanished or is not to be written to, but perhaps its folder is
      }
    } else {
      await this.#replace(false);
    }
    this.#isClean = false;
  }

  async #flush(): Promise<void> {
    const pieces = this.#pieces;
    const dirtyFiles = this.#dirtyFiles;
    const pendingLength = this.#pendingLength;
    this.#pieces = [];
    this.#dirtyFiles = new Map();
    this.#pendingLength = 0;
    const stats = new Map<number, FileStat>();
    try {
      const written = [...dirtyFiles].filter(([, { end }]) => end > 0);
      const newFiles = written.map(([fileIndex]) => fileIndex).filter((index) => !this.#memories.has(index));
      await eachOf(written, this.#payload.syncDepth, async ([fileIndex, of]) => {
        stats.set(fileIndex, await this.#sync(fileIndex, of));
      });
      for (const [fileIndex, { end }] of dirtyFiles) if (end === 0) await this.#lookAt(fileIndex, stats);
      await this.#payload.syncNames(newFiles.map((fileIndex) => this.#payload.elementsOf(fileIndex)));
    } catch (error) {
      // After a failed sync the system may have dropped the pages, so these pieces count as not written.
      this.fault = error as StorageError;
      throw error;
    }
    for (const piece of pieces) this.#have.set(piece);
    for (const [fileIndex, stat] of stats) this.#stats.set(fileIndex, stat);
    try {
      const nowMs = this.#clock.unixMs();
      if (this.#isExact && !this.#journal.isLong) {
        await this.#appendSafely(async () => {
          await this.#appendPlaces();
          await this.#journal.append((seed) => encodeProgress(seed, nowMs, pieces, stats));
        });
      } else {
        await this.#replace(false);
      }
    } catch (error) {
      this.#pieces = pieces.concat(this.#pieces);
      this.#pendingLength += pendingLength;
      this.addFailed(dirtyFiles.keys());
      throw error;
    }
  }

  /** Nothing is to be made safe in the file: it is not made for that, and what is in its place is no fault. */
  async #lookAt(fileIndex: number, stats: Map<number, FileStat>): Promise<void> {
    const stat = await this.#payload.inspectFile(fileIndex).catch(() => undefined);
    if (stat !== undefined)
      stats.set(fileIndex, { length: stat.size, modifiedMs: stat.mtimeMs, inode: stat.ino });
  }

  #addDirty(written: ReadonlyMap<number, Written>): void {
    for (const [fileIndex, of] of written) addWritten(this.#dirtyFiles, fileIndex, of);
  }

  async #replace(clean: boolean): Promise<void> {
    this.#isExact = false;
    await syncFound(this.#payload, this.#unsynced, (error) => (this.fault = error));
    this.#arePlacesNew = false;
    try {
      await this.#journal.replace(this.#clock.unixMs(), this.#have, this.#stats, this.#payload.places, clean);
    } catch (error) {
      this.#arePlacesNew = true;
      throw error;
    }
    this.#isExact = true;
    for (const work of this.#whenReplaced.splice(0)) await work();
  }

  /** `written`: what came into the file since the last time. */
  async #sync(fileIndex: number, written: Written): Promise<FileStat> {
    const { disk } = this.#payload;
    const path = this.#payload.pathOf(fileIndex);
    const open = this.#payload.borrowOpen(fileIndex, true) ?? (await this.#payload.borrow(fileIndex, true));
    const activity = this.#payload.activityOf(fileIndex);
    const { startedCount, activeCount } = activity;
    let earlier: DiskStat;
    let stat: DiskStat;
    try {
      earlier = await asPromise<DiskStat>((done) => disk.fstat(open.fd, done));
      await asVoidPromise((done) => disk.fsync(open.fd, done));
      stat = await asPromise<DiskStat>((done) => disk.fstat(open.fd, done));
    } catch (cause) {
      throw toStorageError(cause, "save", path);
    } finally {
      this.#payload.giveBack(open);
    }
    const isQuiet = activeCount === 0 && activity.startedCount === startedCount;
    const before = this.#memories.get(fileIndex);
    const length = Math.max(this.#stats.get(fileIndex)?.length ?? 0, written.end);
    confirmWritten(path, stat, await this.#payload.inspectFile(fileIndex), {
      length,
      syncedLength: before?.syncedLength ?? 0,
      blocks: before?.blocks,
    });
    const syncedLength = (before?.syncedLength ?? 0) + written.length;
    this.#memories.set(fileIndex, { length: stat.size, syncedLength, blocks: stat.blocks });
    // While writes go on, the time of now is not on the disk: after a power cut the file would look older than recorded.
    const { size, mtimeMs } = isQuiet ? stat : earlier;
    return { length: size, modifiedMs: mtimeMs, inode: stat.ino };
  }

  #schedule(): void {
    if (this.#flushing !== undefined || this.fault !== undefined) return;
    if (this.#pendingLength >= this.#window.windowLength) {
      this.#flushInBackground();
    } else {
      // Until something is in the journal a kill would lose all there is, so the first pieces do not wait long.
      const { windowMs } = this.#window;
      const delayMs = this.#have.isEmpty ? Math.min(FIRST_FLUSH_MS, windowMs) : windowMs;
      this.#cancelTimer ??= this.#clock.startTimer(delayMs, () => {
        this.#cancelTimer = undefined;
        this.#flushInBackground();
      });
    }
  }

  /** A failure is not lost: the pieces stay pending and are tried again, or the fault stops the next commit. */
  #flushInBackground(): void {
    void this.flush()
      .catch(() => {})
      .then(() => {
        if (this.#pieces.length > 0 && this.#cancelTimer === undefined) {
          this.#cancelTimer = this.#clock.startTimer(this.#window.windowMs, () => {
            this.#cancelTimer = undefined;
            this.#flushInBackground();
          });
        }
      });
  }
}
