import { type Dirent, lstatSync, readdirSync, realpathSync, type Stats, statSync } from "node:fs";
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
  /** This is a symbolic link (its length is 0) to that file or folder below the scanned folder: BEP 47 `symlink path`. */
  readonly symlink?: string[];
}

export interface ScannedPayload {
  /** Last element of the path: the torrent's name. */
  readonly name: string;
  readonly files: ScannedFile[];
  /** What was left out: links that lead to nothing in the tree, sockets, pipes, devices. */
  readonly skipped: string[];
}

/** Asking for longer than this is interrupted for the event loop. */
const TURN_MS = 5;
/** The names of journals and part files. */
const OWN_NAME = /^\.[0-9a-f]{40,64}\.bt-(resume(\.tmp)?|parts)$/;

/**
 * What lies at `path`, a file or a folder, to make a torrent of: sorted as `compareFilePaths` does, the same on every
 * machine. A link to a file or folder inside the tree is given as a link: followed, its file could not be seeded from
 * where it is, because storage follows no link. A link out of the tree is skipped, so that nobody shares by accident what
 * lies elsewhere. Resume journals and part files are left out.
 *
 * The system is asked in blocking calls, and the event loop turns after each 5 ms of them: through promises, 100,000 files
 * take six times as long.
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
  const root = readOrFail(absolutePath, () => realpathSync.native(absolutePath));
  const state = readOrFail(absolutePath, () => statSync(absolutePath));
  if (state.isFile()) return { name, files: [toFile([], absolutePath, state)], skipped: [] };
  if (!state.isDirectory()) {
    throw new StorageError("NOT_A_FILE", `Cannot read ${path}: it is neither a file nor a folder.`, { path });
  }
  const files: ScannedFile[] = [];
  const links: ScannedLink[] = [];
  const skipped: string[] = [];
  const folders: string[][] = [[]];
  let turnAt = performance.now() + TURN_MS;
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const folderPath = join(absolutePath, ...folder);
    for (const entry of readFolder(folderPath)) {
      if (performance.now() > turnAt) {
        await new Promise((done) => setImmediate(done));
        turnAt = performance.now() + TURN_MS;
      }
      signal?.throwIfAborted();
      const elements = [...folder, entry.name];
      const entryPath = folderPath + sep + entry.name;
      if (entry.isDirectory()) {
        folders.push(elements);
        continue;
      }
      if (folder.length === 0 && OWN_NAME.test(entry.name)) continue;
      if (entry.isFile()) {
        files.push(
          toFile(
            elements,
            entryPath,
            readOrFail(entryPath, () => lstatSync(entryPath)),
          ),
        );
        continue;
      }
      const link = entry.isSymbolicLink() ? readLink(elements, entryPath, root) : undefined;
      if (link === undefined) skipped.push(entryPath);
      else links.push(link);
    }
  }
  const targets = links.length === 0 ? undefined : namesOf(files);
  for (const link of links) {
    if (targets?.has(link.symlink.join("/"))) files.push(link);
    else skipped.push(link.absolutePath);
  }
  files.sort((a, b) => compareFilePaths(a.path, b.path));
  return { name, files, skipped: skipped.sort() };
}

interface ScannedLink extends ScannedFile {
  readonly symlink: string[];
}

function readFolder(path: string): Dirent[] {
  const entries = readOrFail(path, () => readdirSync(path, { withFileTypes: true }));
  // What is not UTF-8 was replaced, but this character may be in a name too.
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  if (entries.some(({ name }) => name.includes("\ufffd")))
    for (const name of readOrFail(path, () => readdirSync(path, { encoding: "buffer" }))) {
      try {
        decoder.decode(name);
      } catch (cause) {
        const shown = join(path, name.toString());
        const message = `Cannot use ${shown}: its name is not UTF-8 text; rename it.`;
        throw new StorageError("NAME_INVALID", message, { path: shown }, { cause });
      }
    }
  return entries;
}

/** Where a link leads in the end, when that is in the tree and is not the tree itself. */
function readLink(path: string[], absolutePath: string, root: string): ScannedLink | undefined {
  try {
    const target = relative(root, realpathSync.native(absolutePath));
    const symlink = target.split(sep);
    if (symlink[0] === ".." || target === "" || resolve(target) === target) return undefined;
    return { path, absolutePath, length: 0, modifiedMs: 0, inode: 0, executable: false, symlink };
  } catch {
    return undefined; // it leads nowhere
  }
}

/** The files and all folders above them, each joined by "/": what a link of a torrent can lead to. */
function namesOf(files: readonly ScannedFile[]): Set<string> {
  const names = new Set<string>();
  for (const { path } of files)
    for (let end = path.length; end > 0; end--) {
      const name = path.slice(0, end).join("/");
      if (names.has(name)) break;
      names.add(name);
    }
  return names;
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

function readOrFail<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw toStorageError(cause, "read", path);
  }
}
