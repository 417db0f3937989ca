import { join } from "node:path";
import { toStorageError } from "../errors.ts";
import type { FilePlaces } from "../file-places.ts";
import { PartPlaces, type PlacedSpan } from "../part-places.ts";
import type { StorageMetainfo } from "../storage-metainfo.ts";
import { allocateFile } from "./allocate-file.ts";
import { asVoidPromise, type Disk, type DiskStat } from "./disk.ts";
import { PooledFile, type FilePool, type OpenFile } from "./file-pool.ts";
import { PayloadRoot } from "./payload-root.ts";

/** lstat calls under way at a time. */
const INSPECT_DEPTH = 32;
/** The part file's name after the info-hash. */
export const PART_SUFFIX = ".bt-parts";

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
  /** Whether a file gets all of its room when it is first opened to be written. */
  isAllocating = false;
  #root: PayloadRoot;
  readonly #partName: string;
  readonly #pool: FilePool;
  readonly #pooled = new Map<number, PooledFile>();

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
    return { parted: this.parts.parted, renames: this.renames };
  }

  /** The runs that hold `length` bytes from torrent offset `offset` on, those in the part file where they are there. */
  spansOf(offset: number, length: number): readonly PlacedSpan[] {
    return this.parts.place(this.metainfo.layout.spansOf(offset, length));
  }

  /** The open file if it is open already; both ways it is in use until `giveBack`. */
  borrowOpen(fileIndex: number, writable: boolean): OpenFile | undefined {
    const file = this.#pooled.get(fileIndex);
    return file === undefined ? undefined : this.#pool.borrowOpen(file, writable);
  }

  borrow(fileIndex: number, writable: boolean): Promise<OpenFile> {
    let file = this.#pooled.get(fileIndex);
    if (file === undefined) {
      const executable = this.metainfo.files[fileIndex]?.executable ?? false;
      file = new PooledFile((toWrite) => {
        const elements = this.elementsOf(fileIndex);
        return toWrite ? this.#openToWrite(fileIndex, elements, executable) : this.root.openToRead(elements);
      });
      this.#pooled.set(fileIndex, file);
    }
    return this.#pool.borrow(file, writable);
  }

  /** The state of what the file's name stands for; `undefined` when there is nothing. */
  inspectFile(fileIndex: number, folders?: Map<string, Promise<boolean>>): Promise<DiskStat | undefined> {
    return this.root.inspect(this.elementsOf(fileIndex), folders);
  }

  async #openToWrite(fileIndex: number, elements: readonly string[], executable: boolean): Promise<number> {
    const fd = await this.root.openToWrite(elements, executable);
    const length = this.metainfo.files[fileIndex]?.length;
    if (!this.isAllocating || length === undefined) return fd;
    try {
      await allocateFile(this.disk, fd, length);
      return fd;
    } catch (cause) {
      this.disk.close(fd, () => {});
      throw toStorageError(cause, "allocate", this.pathOf(fileIndex));
    }
  }

  giveBack(open: OpenFile): void {
    this.#pool.giveBack(open);
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
      const fd = await this.root.openToWrite(elements, file.executable);
      await asVoidPromise((done) => this.disk.close(fd, done)).catch((cause: unknown) => {
        throw toStorageError(cause, "close", this.pathOf(index));
      });
    }
  }

  /** Links of the torrent itself are taken away: they are made anew elsewhere, or to elsewhere. */
  async removeLinks(): Promise<void> {
    for (const [index, { symlink }] of this.metainfo.files.entries())
      if (symlink !== undefined) await this.root.unlinkLink(this.elementsOf(index)).catch(() => {});
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

  /** From now on the files are in another folder. Reads under way end where they began. */
  switchRoot(root: PayloadRoot): void {
    this.#root = root;
    this.forgetOpenFiles();
  }

  /** Files are opened anew from now on, e.g. under new names. */
  forgetOpenFiles(): void {
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

  async close(): Promise<void> {
    await Promise.all(Array.from(this.#pooled.values(), (file) => this.#pool.closeFile(file)));
    this.#pooled.clear();
  }
}
