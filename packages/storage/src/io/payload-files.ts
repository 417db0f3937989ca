import { join } from "node:path";
import { toStorageError } from "../errors.ts";
import type { StorageMetainfo } from "../storage-metainfo.ts";
import type { Disk, DiskStat } from "./disk.ts";
import { PooledFile, type FilePool, type OpenFile } from "./file-pool.ts";
import { PayloadRoot } from "./payload-root.ts";

/** lstat calls under way at a time. */
const INSPECT_DEPTH = 32;

/** The files of one torrent on the disk. Pad files and symbolic links (BEP 47) never touch it. */
export class PayloadFiles {
  readonly metainfo: StorageMetainfo;
  readonly root: PayloadRoot;
  readonly disk: Disk;
  readonly #pool: FilePool;
  readonly #pooled = new Map<number, PooledFile>();

  /** @throws StorageError OUTSIDE_ROOT when a path of the torrent is not safe. */
  constructor(metainfo: StorageMetainfo, root: string, pool: FilePool, disk: Disk) {
    this.metainfo = metainfo;
    this.root = new PayloadRoot(root, disk);
    this.disk = disk;
    this.#pool = pool;
    for (const [index, { path }] of metainfo.files.entries())
      if (this.isOnDisk(index)) this.root.pathOf(path);
  }

  isOnDisk(fileIndex: number): boolean {
    const file = this.metainfo.files[fileIndex]!;
    return !file.pad && file.symlink === undefined;
  }

  pathOf(fileIndex: number): string {
    return join(this.root.path, ...this.metainfo.files[fileIndex]!.path);
  }

  /** The open file if it is open already; both ways it is in use until `giveBack`. */
  borrowOpen(fileIndex: number, writable: boolean): OpenFile | undefined {
    const file = this.#pooled.get(fileIndex);
    return file === undefined ? undefined : this.#pool.borrowOpen(file, writable);
  }

  borrow(fileIndex: number, writable: boolean): Promise<OpenFile> {
    let file = this.#pooled.get(fileIndex);
    if (file === undefined) {
      const { path, executable } = this.metainfo.files[fileIndex]!;
      file = new PooledFile((toWrite) =>
        toWrite ? this.root.openToWrite(path, executable) : this.root.openToRead(path),
      );
      this.#pooled.set(fileIndex, file);
    }
    return this.#pool.borrow(file, writable);
  }

  giveBack(open: OpenFile): void {
    this.#pool.giveBack(open);
  }

  /** The state of every file with content, by file index; missing ones are left out. */
  async inspect(signal?: AbortSignal): Promise<Map<number, DiskStat>> {
    const stats = new Map<number, DiskStat>();
    const { files } = this.metainfo;
    let next = 0;
    const work = async (): Promise<void> => {
      while (next < files.length) {
        signal?.throwIfAborted();
        const index = next++;
        if (files[index]!.length === 0 || !this.isOnDisk(index)) continue;
        const stat = await this.root.inspect(files[index]!.path);
        if (stat !== undefined) stats.set(index, stat);
      }
    };
    await Promise.all(Array.from({ length: INSPECT_DEPTH }, work));
    return stats;
  }

  /** Empty files have no piece that would bring them into being. */
  async makeEmptyFiles(): Promise<void> {
    for (const [index, file] of this.metainfo.files.entries()) {
      if (file.length !== 0 || !this.isOnDisk(index)) continue;
      if ((await this.root.inspect(file.path)) !== undefined) continue;
      const fd = await this.root.openToWrite(file.path, file.executable);
      await new Promise<void>((resolve, reject) => {
        this.disk.close(fd, (error) =>
          error === null ? resolve() : reject(toStorageError(error, "close", this.pathOf(index))),
        );
      });
    }
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this.#pooled.values(), (file) => this.#pool.closeFile(file)));
    this.#pooled.clear();
  }
}
