import { dirname, join } from "node:path";
import { StorageError, toStorageError } from "../errors.ts";
import {
  asPromise,
  asVoidPromise,
  isSystemError,
  OPEN_READ,
  OPEN_WRITE,
  type Disk,
  type DiskStat,
} from "./disk.ts";

/** Whether the file system could take `element` for anything else than the name of one entry of a folder. */
function isUnsafe(element: string): boolean {
  if (element === "" || element === "." || element === ".." || /[/\0]/.test(element)) return true;
  return process.platform === "win32" && /[\\:]/.test(element);
}

/**
 * The download folder, and the only way to anything in it. No path leaves it and no symbolic link below it is followed:
 * every folder is compared with its real path before a file in it is opened, and the file itself is opened with
 * O_NOFOLLOW. The folder itself may be reached by a link; that was the user's choice.
 *
 * A folder that was there once is not made again: when a disk is unmounted, nothing is written under its mount point.
 */
export class PayloadRoot {
  readonly path: string;
  readonly #disk: Disk;
  #realPath: string | undefined;

  constructor(path: string, disk: Disk) {
    this.path = path;
    this.#disk = disk;
  }

  /** @throws StorageError OUTSIDE_ROOT when an element is not a plain name. */
  pathOf(elements: readonly string[]): string {
    if (elements.length === 0 || elements.some(isUnsafe)) {
      const path = elements.join("/");
      const message = `Cannot use the path ${JSON.stringify(path)}: it leads out of the download folder; get the torrent from somewhere else.`;
      throw new StorageError("OUTSIDE_ROOT", message, { path });
    }
    return join(this.path, ...elements);
  }

  /** Whether the folder exists. */
  async find(): Promise<boolean> {
    try {
      this.#realPath = await asPromise<string>((done) => this.#disk.realpath(this.path, done));
      return true;
    } catch (cause) {
      if (isSystemError(cause, "ENOENT")) return false;
      throw toStorageError(cause, "open", this.path);
    }
  }

  /** Makes the folder, unless it was there before: then it has to be there still. */
  async make(): Promise<void> {
    if (this.#realPath !== undefined || (await this.find())) return;
    try {
      await asVoidPromise((done) => this.#disk.mkdirs(this.path, done));
      this.#realPath = await asPromise<string>((done) => this.#disk.realpath(this.path, done));
    } catch (cause) {
      throw toStorageError(cause, "create", this.path);
    }
  }

  /** The file's state without following links; `undefined` when it or a folder above it is missing. */
  async inspect(elements: readonly string[]): Promise<DiskStat | undefined> {
    const path = this.pathOf(elements);
    if (!(await this.#isFolderSafe(elements.slice(0, -1)))) return undefined;
    let stat: DiskStat;
    try {
      stat = await asPromise<DiskStat>((done) => this.#disk.lstat(path, done));
    } catch (cause) {
      if (isSystemError(cause, "ENOENT")) return undefined;
      throw toStorageError(cause, "read", path);
    }
    if (stat.isSymbolicLink()) throw linkError(path);
    if (!stat.isFile()) throw notAFile(path);
    return stat;
  }

  /** Opens a file that exists. Resolves with its descriptor. */
  async openToRead(elements: readonly string[]): Promise<number> {
    const path = this.pathOf(elements);
    if (!(await this.#isFolderSafe(elements.slice(0, -1)))) {
      throw toStorageError({ code: "ENOENT" }, "open", dirname(path));
    }
    return this.#open(path, OPEN_READ, 0);
  }

  /** Opens a file to write and read, making it and the folders above it. */
  async openToWrite(elements: readonly string[], executable: boolean): Promise<number> {
    const path = this.pathOf(elements);
    await this.make();
    const folders = elements.slice(0, -1);
    if (!(await this.#isFolderSafe(folders))) {
      await this.#makeFolders(folders);
      if (!(await this.#isFolderSafe(folders)))
        throw toStorageError({ code: "ENOENT" }, "create", dirname(path));
    }
    return this.#open(path, OPEN_WRITE, executable ? 0o777 : 0o666);
  }

  async #open(path: string, flags: number, mode: number): Promise<number> {
    let fd: number;
    try {
      fd = await asPromise<number>((done) => this.#disk.open(path, flags, mode, done));
    } catch (cause) {
      throw toStorageError(cause, "open", path);
    }
    try {
      const stat = await asPromise<DiskStat>((done) => this.#disk.fstat(fd, done));
      if (stat.isFile()) return fd;
    } catch (cause) {
      this.#disk.close(fd, () => {});
      throw toStorageError(cause, "open", path);
    }
    this.#disk.close(fd, () => {});
    throw notAFile(path);
  }

  /** True when the folder is really where its name says, false when it is missing. */
  async #isFolderSafe(folders: readonly string[]): Promise<boolean> {
    if (this.#realPath === undefined && !(await this.find())) return false;
    const path = join(this.path, ...folders);
    let real: string;
    try {
      real = await asPromise<string>((done) => this.#disk.realpath(path, done));
    } catch (cause) {
      if (isSystemError(cause, "ENOENT")) return false;
      throw toStorageError(cause, "open", path);
    }
    if (real !== join(this.#realPath!, ...folders)) throw linkError(path);
    return true;
  }

  /** Step by step, so that no step is taken through a link. The root itself is not made here. */
  async #makeFolders(folders: readonly string[]): Promise<void> {
    let path = this.path;
    for (const folder of folders) {
      path = join(path, folder);
      try {
        await asVoidPromise((done) => this.#disk.mkdir(path, done));
      } catch (cause) {
        if (!isSystemError(cause, "EEXIST")) throw toStorageError(cause, "create the folder", path);
        const stat = await asPromise<DiskStat>((done) => this.#disk.lstat(path, done)).catch(
          (error: unknown) => {
            throw toStorageError(error, "open", path);
          },
        );
        if (stat.isSymbolicLink()) throw linkError(path);
        if (!stat.isDirectory()) throw toStorageError({ code: "ENOTDIR" }, "create the folder", path);
      }
    }
  }
}

function linkError(path: string): StorageError {
  const message = `Cannot use ${path}: a symbolic link in it leads elsewhere; replace the link by what it points to.`;
  return new StorageError("OUTSIDE_ROOT", message, { path });
}

function notAFile(path: string): StorageError {
  const message = `Cannot use ${path}: it is not a regular file; move it away.`;
  return new StorageError("NOT_A_FILE", message, { path });
}
