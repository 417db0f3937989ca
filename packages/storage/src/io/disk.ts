import * as fs from "node:fs";

export type Done<T> = (error: Error | null, value: T) => void;

/** What the storage needs to know of a file. */
export interface DiskStat {
  readonly size: number;
  readonly mtimeMs: number;
  /** When the file was made, where the file system knows. */
  readonly birthtimeMs?: number | undefined;
  /** 0 when the file was deleted while it was open. */
  readonly nlink: number;
  /** Which file of which device it is: two names with the same numbers are one file. */
  readonly ino: number;
  readonly dev: number;
  /** Allocated on the disk, in units of 512 bytes; absent on Windows. */
  readonly blocks?: number | undefined;
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

/**
 * The calls that the storage makes, in the callback form of `node:fs`: at one call per piece the `FileHandle` form
 * costs a fifth more CPU (measured on Node 20). A port, so that tests can make each single call fail.
 */
export interface Disk {
  open(path: string, flags: number, mode: number, done: Done<number>): void;
  close(fd: number, done: (error: Error | null) => void): void;
  write(fd: number, from: Uint8Array, at: number, length: number, position: number, done: Done<number>): void;
  writev(fd: number, from: readonly Uint8Array[], position: number, done: Done<number>): void;
  read(fd: number, into: Uint8Array, at: number, length: number, position: number, done: Done<number>): void;
  readv(fd: number, into: readonly Uint8Array[], position: number, done: Done<number>): void;
  /** With the file's time, by which it is known again after a power cut; `fdatasync` may leave that behind. */
  fsync(fd: number, done: (error: Error | null) => void): void;
  /** Makes the names in a folder safe from a power cut, where the system knows how. */
  syncFolder(path: string, done: (error: Error | null) => void): void;
  ftruncate(fd: number, length: number, done: (error: Error | null) => void): void;
  fstat(fd: number, done: Done<DiskStat>): void;
  lstat(path: string, done: Done<DiskStat>): void;
  mkdir(path: string, done: (error: Error | null) => void): void;
  /** Like `mkdir`, with the folders above it; no error when it exists. Tells the first one that was made. */
  mkdirs(path: string, done: Done<string | undefined>): void;
  realpath(path: string, done: Done<string>): void;
  rename(from: string, to: string, done: (error: Error | null) => void): void;
  unlink(path: string, done: (error: Error | null) => void): void;
  /** A second name for a file. */
  link(from: string, to: string, done: (error: Error | null) => void): void;
  symlink(target: string, path: string, done: (error: Error | null) => void): void;
  rmdir(path: string, done: (error: Error | null) => void): void;
}

/** The real disk. */
export const NODE_DISK: Disk = Object.freeze<Disk>({
  open: fs.open,
  close: fs.close,
  write: fs.write,
  writev: (fd, from, position, done) => fs.writev(fd, from as Uint8Array[], position, done),
  read: fs.read,
  readv: (fd, into, position, done) => fs.readv(fd, into as Uint8Array[], position, done),
  fsync: fs.fsync,
  syncFolder,
  ftruncate: fs.ftruncate,
  fstat: fs.fstat,
  lstat: fs.lstat,
  mkdir: fs.mkdir,
  mkdirs: (path, done) => fs.mkdir(path, { recursive: true }, done),
  realpath: fs.realpath.native,
  rename: fs.rename,
  unlink: fs.unlink,
  link: fs.link,
  symlink: (target, path, done) => fs.symlink(target, path, done),
  rmdir: (path, done) => fs.rmdir(path, done),
});

const { O_RDONLY, O_RDWR, O_CREAT, O_TRUNC, O_EXCL } = fs.constants;
// A link or a pipe in the place of a file must neither be followed nor block a thread. Windows has no such flags.
const O_CAREFUL = (fs.constants.O_NOFOLLOW ?? 0) | (fs.constants.O_NONBLOCK ?? 0);

export const OPEN_READ: number = O_RDONLY | O_CAREFUL;
export const OPEN_UPDATE: number = O_RDWR | O_CAREFUL;
export const OPEN_WRITE: number = O_RDWR | O_CREAT | O_CAREFUL;
export const OPEN_FRESH: number = O_RDWR | O_CREAT | O_TRUNC | O_EXCL | O_CAREFUL;

/** A folder that may not be read, or a file system that knows no such thing, keeps its names in an order of its own. */
const FOLDER_SYNC_REFUSALS: readonly unknown[] = ["EINVAL", "ENOTSUP", "ENOSYS", "EACCES", "EPERM", "EBADF"];

function syncFolder(path: string, done: (error: Error | null) => void): void {
  const end = (error: NodeJS.ErrnoException | null): void =>
    done(error !== null && FOLDER_SYNC_REFUSALS.includes(error.code) ? null : error);
  if (process.platform === "win32") {
    setImmediate(end, null);
    return;
  }
  fs.open(path, O_RDONLY | fs.constants.O_DIRECTORY, (error, fd) => {
    if (error !== null) end(error);
    else fs.fsync(fd, (failure) => fs.close(fd, () => end(failure)));
  });
}

/** One disk call as a promise, for the calls that are not made per block or piece. */
export function asPromise<T>(start: (done: Done<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => (error === null ? resolve(value) : reject(error)));
  });
}

/** The same for calls that give nothing back. */
export function asVoidPromise(start: (done: (error: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => (error === null ? resolve() : reject(error)));
  });
}

/** Whether `error` is the system's error `code`, e.g. `ENOENT`. */
export function isSystemError(error: unknown, code: string): boolean {
  return (error as { code?: unknown } | null)?.code === code;
}

/** Writes `parts`, one behind the other, at `position`, going on after short writes. At most 1,024 parts. */
export async function writeFully(
  disk: Disk,
  fd: number,
  parts: readonly Uint8Array[],
  position: number,
): Promise<void> {
  let rest = parts.filter(({ length }) => length > 0);
  let at = position;
  while (rest.length > 0) {
    const [first] = rest as [Uint8Array];
    const written = await asPromise<number>((done) => {
      if (rest.length === 1) disk.write(fd, first, 0, first.length, at, done);
      else disk.writev(fd, rest, at, done);
    });
    if (written === 0) throw new Error("the disk took no bytes");
    at += written;
    rest = behind(rest, written);
  }
}

/** What is left of `parts` behind their first `length` bytes. */
function behind(parts: readonly Uint8Array[], length: number): Uint8Array[] {
  let left = length;
  const rest: Uint8Array[] = [];
  for (const part of parts) {
    if (left < part.length) rest.push(left > 0 ? part.subarray(left) : part);
    left = Math.max(0, left - part.length);
  }
  return rest;
}

/** Reads into the whole of `into`, going on after short reads; returns the bytes that were there. */
export async function readFully(disk: Disk, fd: number, into: Uint8Array, position: number): Promise<number> {
  let at = 0;
  while (at < into.length) {
    const count = await asPromise<number>((done) =>
      disk.read(fd, into, at, into.length - at, position + at, done),
    );
    if (count === 0) break;
    at += count;
  }
  return at;
}
