import { join } from "node:path";
import type { Bitfield } from "@bt/primitives";
import { toStorageError, type StorageError } from "../errors.ts";
import type { FilePlaces } from "../file-places.ts";
import type { FileStat } from "../journal-format.ts";
import { PartPlaces, type PlacedSpan } from "../part-places.ts";
import type { StorageMetainfo } from "../storage-metainfo.ts";
import { allocateFile } from "./allocate-file.ts";
import { confirmKnown, confirmName } from "./confirm-file.ts";
import { asPromise, asVoidPromise, type Disk, type DiskStat } from "./disk.ts";
import { PooledFile, type FilePool, type OpenFile } from "./file-pool.ts";
import { PayloadRoot } from "./payload-root.ts";

/** lstat calls under way at a time. */
export const INSPECT_DEPTH = 32;
/** Files that are synced at a time. With one, a download of 3,000 small files takes half as long again (docs/performance.md). */
const MOST_SYNCS = 4;
/** A file that is read from is looked at after so many ms: whether it is still the one of its name, and untouched. */
const CONFIRM_MS = 1_000;
/** The part file's name after the info-hash. */
export const PART_SUFFIX = ".bt-parts";

/** Our writes to one file. */
export interface FileActivity {
  /** Under way. */
  activeCount: number;
  /** With those that are over. */
  startedCount: number;
}

/**
 * The files of one torrent on the disk, and the part file as the one after the last. Pad files and symbolic links (BEP 47)
 * hold none of its bytes.
 */
export class PayloadFiles {
  readonly metainfo: StorageMetainfo;
  readonly disk: Disk;
  readonly parts: PartPlaces;
  /** Where files lie that were renamed, by index. */
  readonly renames: Map<number, readonly string[]> = new Map();
  /** Files that nobody wants; they are not made as long as nothing of them has to be kept outside the part file. */
  unwanted: ReadonlySet<number> = new Set();
  /** Files that were there before us and that nothing proves to belong to this torrent; see `SpanWriter`. */
  foreign: Set<number> = new Set();
  /** The files as the journal knows them: one that differs is not read from. */
  known: ReadonlyMap<number, FileStat> = new Map();
  /** Whether a file gets all of its room when it is first opened to be written. */
  isAllocating = false;
  /** While files get other names, one that is not found is no news. */
  isRenaming = false;
  /** Ends what takes long. */
  signal: AbortSignal | undefined;
  #root: PayloadRoot;
  readonly #partName: string;
  readonly #pool: FilePool;
  readonly #pooled = new Map<number, PooledFile>();
  /** Counts the times that all files were opened anew. */
  #epoch = 0;
  /** Of files that were written to. */
  readonly #activities = new Map<number, FileActivity>();

  /** @throws StorageError OUTSIDE_ROOT when a path of the torrent is not safe. */
  constructor(
    metainfo: StorageMetainfo,
    root: string,
    pool: FilePool,
    disk: Disk,
    partName: string = PART_SUFFIX,
  ) {
    this.metainfo = metainfo;
    this.#root = new PayloadRoot(root, disk);
    this.disk = disk;
    this.parts = new PartPlaces(metainfo);
    this.#partName = partName;
    this.#pool = pool;
    for (const [index, { path }] of metainfo.files.entries())
      if (this.isOnDisk(index)) this.root.pathOf(path);
  }

  get root(): PayloadRoot {
    return this.#root;
  }

  isOnDisk(fileIndex: number): boolean {
    const file = this.metainfo.files[fileIndex];
    return file === undefined || (!file.pad && file.symlink === undefined);
  }

  /** Path below the root, element by element. */
  elementsOf(fileIndex: number): readonly string[] {
    return this.renames.get(fileIndex) ?? this.metainfo.files[fileIndex]?.path ?? [this.#partName];
  }

  pathOf(fileIndex: number): string {
    return join(this.root.path, ...this.elementsOf(fileIndex));
  }

  /** What the journal has to know. */
  get places(): FilePlaces {
    return { parted: this.parts.parted, foreign: this.foreign, renames: this.renames };
  }

  /** The runs that hold `length` bytes from torrent offset `offset` on, those in the part file where they are there. */
  spansOf(offset: number, length: number): readonly PlacedSpan[] {
    return this.parts.place(this.metainfo.layout.spansOf(offset, length));
  }

  /** The open file if it is open already, and to be read from without a look at it; both ways it is in use until `giveBack`. */
  borrowOpen(fileIndex: number, writable: boolean): OpenFile | undefined {
    const file = this.#pooled.get(fileIndex);
    if (file === undefined || (!writable && isStale(file))) return undefined;
    return this.#pool.borrowOpen(file, writable);
  }

  /** @throws StorageError NOT_FOUND, FILE_CHANGED or FILE_TRUNCATED when it is not the file any more that it was. */
  async borrow(fileIndex: number, writable: boolean): Promise<OpenFile> {
    let file = this.#pooled.get(fileIndex);
    if (file === undefined) {
      const made = new PooledFile(async (toWrite) => {
        const fd = await this.#open(fileIndex, toWrite);
        made.confirmedAtMs = performance.now();
        return fd;
      });
      file = made;
      this.#pooled.set(fileIndex, file);
    }
    const open = await this.#pool.borrow(file, writable);
    if (writable || !isStale(file)) return open;
    try {
      await (file.confirming ??= this.#confirm(fileIndex, open).finally(() => (file.confirming = undefined)));
      file.confirmedAtMs = performance.now();
      return open;
    } catch (error) {
      this.giveBack(open);
      throw error;
    }
  }

  /** Our writes to a file, to be counted by whoever writes to it; from the first call on it counts as written to. */
  activityOf(fileIndex: number): FileActivity {
    let activity = this.#activities.get(fileIndex);
    if (activity === undefined) {
      activity = { activeCount: 0, startedCount: 0 };
      this.#activities.set(fileIndex, activity);
    }
    return activity;
  }

  /** The state of what the file's name stands for; `undefined` when there is nothing. */
  inspectFile(fileIndex: number, folders?: Map<string, Promise<boolean>>): Promise<DiskStat | undefined> {
    return this.root.inspect(this.elementsOf(fileIndex), folders);
  }

  async #open(fileIndex: number, toWrite: boolean): Promise<number> {
    const elements = this.elementsOf(fileIndex);
    const file = this.metainfo.files[fileIndex];
    let fd: number | undefined;
    try {
      await this.#compare(fileIndex, async () => {
        const opened = await (toWrite
          ? this.root.openToWrite(elements, file?.executable ?? false)
          : this.root.openToRead(elements));
        ({ fd } = opened);
        return opened.stat;
      });
      if (toWrite && this.isAllocating && file !== undefined) {
        this.activityOf(fileIndex);
        await allocateFile(this.disk, fd!, file.length, this.signal);
      }
      return fd!;
    } catch (cause) {
      if (fd !== undefined) this.disk.close(fd, () => {});
      throw toStorageError(cause, "allocate", this.pathOf(fileIndex));
    }
  }

  /** Whether an open file is still the one of its name, and as it was. */
  async #confirm(fileIndex: number, { fd }: OpenFile): Promise<void> {
    const epoch = this.#epoch;
    const path = this.pathOf(fileIndex);
    try {
      await this.#compare(fileIndex, async () => {
        const stat = await asPromise<DiskStat>((done) => this.disk.fstat(fd, done)).catch(
          (cause: unknown) => {
            throw toStorageError(cause, "read", path);
          },
        );
        confirmName(path, stat, await this.inspectFile(fileIndex));
        return stat;
      });
    } catch (error) {
      // It may have got another name meanwhile, from us.
      if (epoch === this.#epoch && !this.isRenaming) throw error;
    }
  }

  /** Compares the state that `look` finds with what was known of the file before. */
  async #compare(fileIndex: number, look: () => Promise<DiskStat>): Promise<void> {
    const known = this.known.get(fileIndex);
    const stat = await look();
    if (known !== undefined)
      confirmKnown(this.pathOf(fileIndex), stat, known, this.#activities.has(fileIndex));
  }

  giveBack(open: OpenFile): void {
    this.#pool.giveBack(open);
  }

  /** How many files may be synced at a time: what is read and written meanwhile needs the rest of the pool. */
  get syncDepth(): number {
    return Math.max(1, Math.min(MOST_SYNCS, Math.floor(this.#pool.limit / 2)));
  }

  /** The state of every file with content, by file index; missing ones are left out. */
  async inspect(signal?: AbortSignal): Promise<Map<number, DiskStat>> {
    const stats = new Map<number, DiskStat>();
    const { files } = this.metainfo;
    const folders = new Map<string, Promise<boolean>>();
    let next = 0;
    const work = async (): Promise<void> => {
      while (next < files.length) {
        signal?.throwIfAborted();
        const index = next++;
        if (files[index]!.length === 0 || !this.isOnDisk(index)) continue;
        const stat = await this.inspectFile(index, folders);
        if (stat !== undefined) stats.set(index, stat);
      }
    };
    await Promise.all(Array.from({ length: Math.min(INSPECT_DEPTH, files.length) }, work));
    const partStat = await this.inspectFile(this.parts.fileIndex, folders);
    if (partStat !== undefined) stats.set(this.parts.fileIndex, partStat);
    return stats;
  }

  /** Empty files and symbolic links (BEP 47) have no piece that would bring them into being. */
  async makeFilesWithoutBytes(): Promise<void> {
    for (const [index, file] of this.metainfo.files.entries()) {
      if (file.length !== 0 || file.pad || this.unwanted.has(index)) continue;
      const elements = this.elementsOf(index);
      if (file.symlink !== undefined) {
        await this.root.makeLink(elements, this.#currentPathOf(file.symlink));
        continue;
      }
      if ((await this.inspectFile(index)) !== undefined) continue;
      const { fd } = await this.root.openToWrite(elements, file.executable);
      await asVoidPromise((done) => this.disk.close(fd, done)).catch((cause: unknown) => {
        throw toStorageError(cause, "close", this.pathOf(index));
      });
    }
  }

  /** Where the symbolic links of the torrent lie (BEP 47). */
  linkPaths(): (readonly string[])[] {
    return this.metainfo.files.flatMap(({ symlink }, index) =>
      symlink === undefined ? [] : [this.elementsOf(index)],
    );
  }

  /** Links of the torrent itself are taken away: they are made anew elsewhere, or to elsewhere. */
  async removeLinks(paths: Iterable<readonly string[]> = this.linkPaths()): Promise<void> {
    for (const path of paths) await this.root.unlinkLink(path).catch(() => {});
  }

  /** Where a link leads when the file or folder that it led to was renamed. */
  #currentPathOf(target: readonly string[]): readonly string[] {
    if (this.renames.size === 0) return target;
    for (const [index, { path }] of this.metainfo.files.entries()) {
      if (!target.every((element, i) => path[i] === element)) continue;
      const below = path.length - target.length;
      const current = this.elementsOf(index);
      return current.slice(0, current.length - below);
    }
    return target;
  }

  /** The names of these files are safe from a power cut when this resolves. That takes a descriptor. */
  async syncNames(files: readonly (readonly string[])[]): Promise<void> {
    try {
      await this.root.syncFolders(files);
    } catch (error) {
      if ((error as StorageError).code !== "TOO_MANY_OPEN_FILES") throw error;
      await this.#pool.freeIdle();
      await this.root.syncFolders(files);
    }
  }

  /** From now on the files are in another folder. Reads under way end where they began. */
  switchRoot(root: PayloadRoot): void {
    this.#root = root;
    this.forgetOpenFiles();
  }

  /** Files are opened anew from now on, e.g. under new names. */
  forgetOpenFiles(): void {
    this.#epoch++;
    for (const file of this.#pooled.values()) this.#pool.retire(file);
    this.#pooled.clear();
  }

  /** Nothing is in it any more. What is in the way, e.g. a system that deletes no open file, is left for the next time. */
  async removePartFile(): Promise<void> {
    const pooled = this.#pooled.get(this.parts.fileIndex);
    if (pooled !== undefined) this.#pool.retire(pooled);
    this.#pooled.delete(this.parts.fileIndex);
    await this.root.unlink([this.#partName]).catch(() => {});
  }

  /** Closes all files, of which none may be in use; who needs one again opens it anew. */
  async close(): Promise<void> {
    await Promise.all(Array.from(this.#pooled.values(), (file) => this.#pool.closeFile(file)));
    this.#pooled.clear();
  }
}

function isStale({ confirmedAtMs }: PooledFile): boolean {
  return performance.now() - confirmedAtMs > CONFIRM_MS;
}

/** Whether any piece of a file, as `FileLayout.piecesOfFile` gives them, is had. */
export function isAnyHad(
  have: Bitfield,
  { first, end }: { readonly first: number; readonly end: number },
): boolean {
  for (let piece = first; piece < end; piece++) if (have.has(piece)) return true;
  return false;
}
