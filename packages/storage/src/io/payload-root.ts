import { dirname, join, resolve } from "node:path";
import { StorageError, toStorageError } from "../errors.ts";
import { confirmName } from "./confirm-file.ts";
import {
  asPromise,
  asVoidPromise,
  isSystemError,
  OPEN_READ,
  OPEN_WRITE,
  type Disk,
  type DiskStat,
} from "./disk.ts";

/** Whether a path leads to one place below a folder. */
export function isSafePath(elements: readonly string[]): boolean {
  return elements.length > 0 && !elements.some(isUnsafe);
}

/** Whether the file system could take `element` for anything else than the name of one entry of a folder. */
function isUnsafe(element: string): boolean {
  if (element === "" || element === "." || element === ".." || /[/\0]/.test(element)) return true;
  return process.platform === "win32" && /[\\:]/.test(element);
}

/** A file that was opened just now. */
export interface Opened {
  readonly fd: number;
  readonly stat: DiskStat;
}

/** How file systems say that a file cannot have a second name, or not there. */
const LINK_REFUSALS = ["EXDEV", "EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK", "EACCES"];

/**
 * The download folder, and the only way to anything in it. No path leaves it and no symbolic link below it is followed:
 * every folder is compared with its real path before a file in it is opened, and the file itself is opened with
 * O_NOFOLLOW. The folder itself may be reached by a link; that was the user's choice.
 *
 * A folder that was there once is not made again, and another one in its place is not taken for it: when a disk is
 * unmounted, nothing is written under its mount point.
 */
export class PayloadRoot {
  readonly path: string;
  readonly #disk: Disk;
  #realPath: string | undefined;
  /** The file system that it lies on. */
  #device: number | undefined;

  constructor(path: string, disk: Disk) {
    this.path = path;
    this.#disk = disk;
  }

  /** @throws StorageError OUTSIDE_ROOT when an element is not a plain name. */
  pathOf(elements: readonly string[]): string {
    if (!isSafePath(elements)) {
      const path = elements.join("/");
      const message = `Cannot use the path ${JSON.stringify(path)}: it leads out of the download folder; get the torrent from somewhere else.`;
      throw new StorageError("OUTSIDE_ROOT", message, { path });
    }
    return join(this.path, ...elements);
  }

  /** Whether the folder exists. */
  async find(): Promise<boolean> {
    try {
      const realPath = await asPromise<string>((done) => this.#disk.realpath(this.path, done));
      this.#device = (await asPromise<DiskStat>((done) => this.#disk.lstat(realPath, done))).dev;
      this.#realPath = realPath;
      return true;
    } catch (cause) {
      if (isSystemError(cause, "ENOENT")) return false;
      throw toStorageError(cause, "open", this.path);
    }
  }

  /** Makes the folder, unless it was there before: then it has to be there still. */
  async make(): Promise<void> {
    if (this.#realPath !== undefined) {
      if (!(await this.#isMounted())) throw toStorageError({ code: "ENOENT" }, "use the folder", this.path);
      return;
    }
    if (await this.find()) return;
    try {
      const first = await asPromise<string | undefined>((done) => this.#disk.mkdirs(this.path, done));
      for (let folder = resolve(this.path); first !== undefined && folder.length >= resolve(first).length;) {
        folder = dirname(folder);
        await asVoidPromise((done) => this.#disk.syncFolder(folder, done));
      }
    } catch (cause) {
      throw toStorageError(cause, "create", this.path);
    }
    if (!(await this.find())) throw toStorageError({ code: "ENOENT" }, "create", this.path);
  }

  /** The names of these files, and of the folders above them, are safe from a power cut when this resolves. */
  async syncFolders(files: Iterable<readonly string[]>): Promise<void> {
    const folders = new Set<string>();
    for (const elements of files)
      for (let depth = elements.length - 1; depth >= 0; depth--)
        folders.add(join(this.path, ...elements.slice(0, depth)));
    for (const folder of folders) {
      try {
        await asVoidPromise((done) => this.#disk.syncFolder(folder, done));
      } catch (cause) {
        throw toStorageError(cause, "save", folder);
      }
    }
  }

  /**
   * The file's state without following links; `undefined` when it or a folder above it is missing. `folders` remembers the
   * folders' state for a while, for whoever looks at many files: nothing is opened on its word.
   */
  async inspect(
    elements: readonly string[],
    folders: Map<string, Promise<boolean>> = new Map(),
  ): Promise<DiskStat | undefined> {
    const path = this.pathOf(elements);
    const folder = dirname(path);
    let isSafe = folders.get(folder);
    if (isSafe === undefined) {
      isSafe = this.#isFolderSafe(elements.slice(0, -1));
      folders.set(folder, isSafe);
    }
    if (!(await isSafe)) return undefined;
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

  /** Opens a file that exists. */
  async openToRead(elements: readonly string[]): Promise<Opened> {
    const path = this.pathOf(elements);
    if (!(await this.#isFolderSafe(elements.slice(0, -1)))) {
      throw toStorageError({ code: "ENOENT" }, "open", dirname(path));
    }
    return this.#openTrue(elements, path, OPEN_READ, 0);
  }

  /** Opens a file to write and read, making it and the folders above it. */
  async openToWrite(elements: readonly string[], executable: boolean): Promise<Opened> {
    const path = this.pathOf(elements);
    await this.prepare(elements);
    return this.#openTrue(elements, path, OPEN_WRITE, executable ? 0o777 : 0o666);
  }

  /** Deletes a file or a link, never through a link; no error when it is gone already. */
  async unlink(elements: readonly string[]): Promise<void> {
    const path = this.pathOf(elements);
    if (!(await this.#isFolderSafe(elements.slice(0, -1)))) return;
    try {
      await asVoidPromise((done) => this.#disk.unlink(path, done));
    } catch (cause) {
      if (!isSystemError(cause, "ENOENT")) throw toStorageError(cause, "delete", path);
    }
  }

  /** Deletes a symbolic link of a torrent, and nothing else that may have its name. */
  async unlinkLink(elements: readonly string[]): Promise<void> {
    const path = this.pathOf(elements);
    if (!(await this.#isFolderSafe(elements.slice(0, -1)))) return;
    const stat = await asPromise<DiskStat>((done) => this.#disk.lstat(path, done)).catch(() => undefined);
    if (stat?.isSymbolicLink() !== true) return;
    await this.unlink(elements);
    await this.removeEmptyFolders(elements);
  }

  /**
   * Gives a file a second name, in this folder or in another one. "linked" also when it has it already, "same" when both
   * names are one and the same (they differ in case only, and the file system does not care), "taken" when something else
   * has it, "impossible" when the file system has no such thing or lies elsewhere.
   */
  async link(
    elements: readonly string[],
    target: PayloadRoot,
    targetElements: readonly string[],
  ): Promise<"linked" | "same" | "taken" | "impossible"> {
    const from = this.pathOf(elements);
    const to = target.pathOf(targetElements);
    await target.prepare(targetElements);
    try {
      await asVoidPromise((done) => this.#disk.link(from, to, done));
      return "linked";
    } catch (cause) {
      if (!isSystemError(cause, "EEXIST")) {
        if (LINK_REFUSALS.some((code) => isSystemError(cause, code))) return "impossible";
        throw toStorageError(cause, "link", to);
      }
    }
    const [here, there] = [await this.inspect(elements), await target.inspect(targetElements)];
    if (here === undefined || here.ino !== there?.ino || here.dev !== there.dev) return "taken";
    return here.nlink > 1 ? "linked" : "same";
  }

  /** Gives a file another name in this folder, where nothing may be in the way. */
  async rename(elements: readonly string[], newElements: readonly string[]): Promise<void> {
    const to = this.pathOf(newElements);
    await this.prepare(newElements);
    try {
      await asVoidPromise((done) => this.#disk.rename(this.pathOf(elements), to, done));
    } catch (cause) {
      throw toStorageError(cause, "rename", to);
    }
  }

  /** A symbolic link to another path below this folder. What cannot be made, e.g. on FAT, is left out. */
  async makeLink(elements: readonly string[], target: readonly string[]): Promise<void> {
    const path = this.pathOf(elements);
    this.pathOf(target);
    let shared = 0;
    while (shared < elements.length - 1 && elements[shared] === target[shared]) shared++;
    const up = elements.slice(shared, -1).map(() => "..");
    await this.prepare(elements);
    const relative = [...up, ...target.slice(shared)].join("/") || ".";
    await asVoidPromise((done) => this.#disk.symlink(relative, path, done)).catch(() => {});
  }

  /** Makes the folders above a file. */
  async prepare(elements: readonly string[]): Promise<void> {
    await this.make();
    const folders = elements.slice(0, -1);
    if (await this.#isFolderSafe(folders)) return;
    await this.#makeFolders(folders);
    if (!(await this.#isFolderSafe(folders)))
      throw toStorageError({ code: "ENOENT" }, "create", dirname(this.pathOf(elements)));
  }

  /** Removes the folders above a file as far as they are empty, never the root. */
  async removeEmptyFolders(elements: readonly string[]): Promise<void> {
    for (let depth = elements.length - 1; depth > 0; depth--) {
      const folders = elements.slice(0, depth);
      try {
        if (!(await this.#isFolderSafe(folders))) continue;
        await asVoidPromise((done) => this.#disk.rmdir(join(this.path, ...folders), done));
      } catch {
        return; // not empty, or not to be removed by us
      }
    }
  }

  /**
   * O_NOFOLLOW is about the file alone, and a folder above it may have become a link since it was looked at: the open file
   * has to be the one that is found on a way without links.
   */
  async #openTrue(elements: readonly string[], path: string, flags: number, mode: number): Promise<Opened> {
    const opened = await this.#open(path, flags, mode);
    try {
      confirmName(path, opened.stat, await this.inspect(elements));
      return opened;
    } catch (error) {
      this.#disk.close(opened.fd, () => {});
      throw error;
    }
  }

  async #open(path: string, flags: number, mode: number): Promise<Opened> {
    let fd: number;
    try {
      fd = await asPromise<number>((done) => this.#disk.open(path, flags, mode, done));
    } catch (cause) {
      throw toStorageError(cause, "open", path);
    }
    try {
      const stat = await asPromise<DiskStat>((done) => this.#disk.fstat(fd, done));
      if (stat.isFile()) return { fd, stat };
    } catch (cause) {
      this.#disk.close(fd, () => {});
      throw toStorageError(cause, "open", path);
    }
    this.#disk.close(fd, () => {});
    throw notAFile(path);
  }

  /** True when the folder is really where its name says, false when it is missing. */
  async #isFolderSafe(folders: readonly string[]): Promise<boolean> {
    if (this.#realPath === undefined) {
      if (!(await this.find())) return false;
    } else if (!(await this.#isMounted())) return false;
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

  /** False when the download folder is gone, or its disk, so that the name stands for a folder of another one. */
  async #isMounted(): Promise<boolean> {
    try {
      const { dev } = await asPromise<DiskStat>((done) => this.#disk.lstat(this.#realPath!, done));
      return dev === this.#device;
    } catch (cause) {
      if (isSystemError(cause, "ENOENT")) return false;
      throw toStorageError(cause, "open", this.path);
    }
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
