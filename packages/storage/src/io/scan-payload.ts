import type { Dirent, Stats } from "node:fs";
import { lstat, readdir, realpath, stat } from "node:fs/promises";
import { basename, join, relative, resolve, sep } from "node:path";
import { compareFilePaths } from "@bt/metainfo";
import { StorageError, toStorageError } from "../errors.ts";

export interface ScannedFile {
  /** Elements below the scanned folder; none when a single file was scanned. */
  readonly path: string[];
  readonly absolutePath: string;
  readonly length: number;
  /** When it was last written to: Unix time in ms, with the fraction that the file system gives. */
  readonly modifiedMs: number;
  /** The file system's number of the file. */
  readonly inode: number;
  /** Whether its owner may execute it. */
  readonly executable: boolean;
}

export interface ScannedPayload {
  /** Last element of the path: the torrent's name. */
  readonly name: string;
  readonly files: ScannedFile[];
  /** What was left out: links that do not lead to a file in the tree, sockets, pipes, devices. */
  readonly skipped: string[];
}

/** The names of journals and part files. */
const OWN_NAME = /^\.[0-9a-f]{40,64}\.bt-(resume(\.tmp)?|parts)$/;

/**
 * What lies at `path`, a file or a folder, to make a torrent of: sorted as `compareFilePaths` does, the same on every
 * machine. A link to a file inside the tree counts as that file; a link out of it is skipped, so that nobody shares by
 * accident what lies elsewhere, and so is a link to a folder, which could lead in circles. Folders are read one at a
 * time. Resume journals and part files are left out.
 *
 * @throws StorageError NOT_FOUND, PERMISSION …; NAME_INVALID for a name that is not UTF-8, as torrents require (BEP 3).
 */
export async function scanPayload(
  path: string,
  { signal }: { signal?: AbortSignal } = {},
): Promise<ScannedPayload> {
  const absolutePath = resolve(path);
  const name = basename(absolutePath);
  if (name === "") throw new RangeError(`${path} has no name that a torrent could have`);
  const root = await readOrFail(absolutePath, () => realpath(absolutePath));
  const state = await readOrFail(absolutePath, () => stat(absolutePath));
  if (state.isFile()) return { name, files: [toFile([], absolutePath, state)], skipped: [] };
  if (!state.isDirectory()) {
    throw new StorageError("NOT_A_FILE", `Cannot read ${path}: it is neither a file nor a folder.`, { path });
  }
  const files: ScannedFile[] = [];
  const skipped: string[] = [];
  const folders: string[][] = [[]];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    signal?.throwIfAborted();
    const folderPath = join(absolutePath, ...folder);
    for (const entry of await readFolder(folderPath)) {
      const elements = [...folder, entry.name];
      const entryPath = join(folderPath, entry.name);
      if (entry.isDirectory()) {
        folders.push(elements);
        continue;
      }
      if (folder.length === 0 && OWN_NAME.test(entry.name)) continue;
      const file = await inspect(entry, entryPath, root);
      if (file === undefined) skipped.push(entryPath);
      else files.push(toFile(elements, entryPath, file));
    }
  }
  files.sort((a, b) => compareFilePaths(a.path, b.path));
  return { name, files, skipped: skipped.sort() };
}

interface Entry {
  readonly name: string;
  isDirectory(): boolean;
  isFile(): boolean;
  isSymbolicLink(): boolean;
}

async function readFolder(path: string): Promise<Entry[]> {
  const entries: Dirent<Buffer>[] = await readOrFail(path, () =>
    readdir(path, { withFileTypes: true, encoding: "buffer" }),
  );
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  return entries.map((entry) => {
    let name: string;
    try {
      name = decoder.decode(entry.name);
    } catch (cause) {
      const shown = join(path, entry.name.toString());
      const message = `Cannot use ${shown}: its name is not UTF-8 text; rename it.`;
      throw new StorageError("NAME_INVALID", message, { path: shown }, { cause });
    }
    return {
      name,
      isDirectory: () => entry.isDirectory(),
      isFile: () => entry.isFile(),
      isSymbolicLink: () => entry.isSymbolicLink(),
    };
  });
}

/** The file that the entry is or leads to; `undefined` when it is to be skipped. */
async function inspect(entry: Entry, path: string, root: string): Promise<Stats | undefined> {
  if (entry.isFile()) return readOrFail(path, () => lstat(path));
  if (!entry.isSymbolicLink()) return undefined;
  try {
    const target = relative(root, await realpath(path));
    if (target === ".." || target.startsWith(`..${sep}`) || resolve(target) === target) return undefined;
    const state = await stat(path);
    return state.isFile() ? state : undefined;
  } catch {
    return undefined; // it leads nowhere
  }
}

function toFile(path: string[], absolutePath: string, { size, mode, mtimeMs, ino }: Stats): ScannedFile {
  return {
    path,
    absolutePath,
    length: size,
    modifiedMs: mtimeMs,
    inode: ino,
    executable: (mode & 0o100) !== 0,
  };
}

async function readOrFail<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    throw toStorageError(cause, "read", path);
  }
}
