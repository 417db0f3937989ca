import { constants, fstatSync } from "node:fs";
import { mkdir, utimes, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { NODE_DISK, type Disk, type DiskStat } from "@bt/storage";

type Operation =
  | { kind: "create"; path: string; file: number }
  | { kind: "unlink" | "mkdir" | "rmdir"; path: string }
  | { kind: "rename"; path: string; from: string }
  | { kind: "link"; path: string; from: string }
  | { kind: "truncate"; file: number; length: number }
  | { kind: "write"; file: number; position: number; bytes: Uint8Array; mtimeMs: number }
  | { kind: "sync"; file: number; mtimeMs: number }
  | { kind: "sync-folder"; path: string };

/** What the disk may have done with names when the power went. */
export type NameLoss =
  /** One order for all names, as a journalling file system keeps it: from some moment on they are lost. */
  | "ordered"
  /** An order in each folder, as POSIX promises no more: each loses its names from a moment of its own on. */
  | "by-folder";

/**
 * The real disk, with a record of all that changes it, from which the state after a power cut can be made. What was synced is
 * there: the bytes of a file by `fsync`, the names in a folder by `syncFolder`. Of every later write all, a part or nothing
 * is there, and later names are there up to some moment.
 */
export class CrashDisk {
  readonly disk: Disk;
  readonly #log: Operation[] = [];
  /** Each file that ever existed has a number, which survives renames. */
  readonly #numbers = new Map<string, number>();
  readonly #byFd = new Map<number, number>();
  #fileCount = 0;

  constructor(root: string) {
    const note = (operation: Operation): void => void this.#log.push(operation);
    const name = (path: string): string => relative(root, path);
    this.disk = {
      ...NODE_DISK,
      open: (path, flags, mode, done) =>
        NODE_DISK.open(path, flags, mode, (error, fd) => {
          if (error === null) {
            if (!this.#numbers.has(name(path)) && (flags & constants.O_CREAT) !== 0) {
              this.#numbers.set(name(path), this.#fileCount);
              note({ kind: "create", path: name(path), file: this.#fileCount++ });
            }
            this.#byFd.set(fd, this.#numbers.get(name(path)) ?? -1);
          }
          done(error, fd);
        }),
      write: (fd, from, at, length, position, done) => {
        const bytes = from.slice(at, at + length);
        NODE_DISK.write(fd, from, at, length, position, (error, count) => {
          const file = this.#byFd.get(fd)!;
          if (error === null)
            note({ kind: "write", file, position, bytes: bytes.subarray(0, count), mtimeMs: timeOf(fd) });
          done(error, count);
        });
      },
      writev: (fd, from, position, done) => {
        const bytes = new Uint8Array(Buffer.concat(from as Uint8Array[]));
        NODE_DISK.writev(fd, from, position, (error, count) => {
          const file = this.#byFd.get(fd)!;
          if (error === null)
            note({ kind: "write", file, position, bytes: bytes.subarray(0, count), mtimeMs: timeOf(fd) });
          done(error, count);
        });
      },
      fsync: (fd, done) => {
        const before = this.#log.length;
        const operation = { kind: "sync", file: this.#byFd.get(fd)!, mtimeMs: timeOf(fd) } as const;
        NODE_DISK.fsync(fd, (error) => {
          // Only what was written before the call is certain.
          if (error === null) this.#log.splice(before, 0, operation);
          done(error);
        });
      },
      syncFolder: (path, done) => {
        const before = this.#log.length;
        NODE_DISK.syncFolder(path, (error) => {
          if (error === null) this.#log.splice(before, 0, { kind: "sync-folder", path: name(path) });
          done(error);
        });
      },
      ftruncate: (fd, length, done) => {
        note({ kind: "truncate", file: this.#byFd.get(fd)!, length });
        NODE_DISK.ftruncate(fd, length, done);
      },
      mkdir: (path, done) =>
        NODE_DISK.mkdir(path, (error) => {
          if (error === null) note({ kind: "mkdir", path: name(path) });
          done(error);
        }),
      mkdirs: (path, done) =>
        NODE_DISK.mkdirs(path, (error, first) => {
          const made: string[] = [];
          for (let at = path; first !== undefined && at.length >= first.length; at = dirname(at))
            made.unshift(at);
          for (const folder of made) note({ kind: "mkdir", path: name(folder) });
          done(error, first);
        }),
      rmdir: (path, done) =>
        NODE_DISK.rmdir(path, (error) => {
          if (error === null) note({ kind: "rmdir", path: name(path) });
          done(error);
        }),
      rename: (from, to, done) =>
        NODE_DISK.rename(from, to, (error) => {
          if (error === null) {
            this.#numbers.set(name(to), this.#numbers.get(name(from))!);
            this.#numbers.delete(name(from));
            note({ kind: "rename", path: name(to), from: name(from) });
          }
          done(error);
        }),
      link: (from, to, done) =>
        NODE_DISK.link(from, to, (error) => {
          if (error === null) {
            this.#numbers.set(name(to), this.#numbers.get(name(from))!);
            note({ kind: "link", path: name(to), from: name(from) });
          }
          done(error);
        }),
      unlink: (path, done) =>
        NODE_DISK.unlink(path, (error) => {
          if (error === null) {
            this.#numbers.delete(name(path));
            note({ kind: "unlink", path: name(path) });
          }
          done(error);
        }),
    };
  }

  get operationCount(): number {
    return this.#log.length;
  }

  /** Makes in `folder` what is there when the power goes after `cut` operations. Nothing is read from the real folder. */
  async materialize(folder: string, cut: number, seed: number, loss: NameLoss): Promise<void> {
    const random = generator(seed);
    const operations = this.#log.slice(0, cut);
    const isKept = keptNames(operations, loss, random);
    const lastSync = new Map<number, number>();
    for (const [index, operation] of operations.entries())
      if (operation.kind === "sync") lastSync.set(operation.file, index);
    const folders = new Set<string>([""]);
    const names = new Map<string, number>();
    const contents = new Map<number, Uint8Array>();
    const times = new Map<number, number>();
    for (const [index, operation] of operations.entries()) {
      switch (operation.kind) {
        case "sync":
          times.set(operation.file, operation.mtimeMs);
          break;
        case "sync-folder":
          break;
        case "mkdir":
          if (isKept(index)) folders.add(operation.path);
          break;
        case "rmdir":
          if (isKept(index)) folders.delete(operation.path);
          break;
        case "create":
          contents.set(operation.file, new Uint8Array(0));
          if (isKept(index)) names.set(operation.path, operation.file);
          break;
        case "unlink":
          if (isKept(index)) names.delete(operation.path);
          break;
        case "rename":
        case "link": {
          const file = names.get(operation.from);
          if (!isKept(index) || file === undefined) break;
          names.set(operation.path, file);
          if (operation.kind === "rename") names.delete(operation.from);
          break;
        }
        case "truncate":
        case "write": {
          // A time may be on the disk without the bytes, and the other way round.
          if (operation.kind === "write" && random() < 0.5) times.set(operation.file, operation.mtimeMs);
          const isSynced = index < (lastSync.get(operation.file) ?? -1);
          const before = contents.get(operation.file) ?? new Uint8Array(0);
          if (operation.kind === "truncate") {
            if (isSynced || random() < 0.5) contents.set(operation.file, before.slice(0, operation.length));
            break;
          }
          const bytes = isSynced ? operation.bytes : tear(operation.bytes, random);
          if (bytes === undefined) break;
          const after = new Uint8Array(Math.max(before.length, operation.position + bytes.length));
          after.set(before);
          after.set(bytes, operation.position);
          contents.set(operation.file, after);
          break;
        }
      }
    }
    await mkdir(folder, { recursive: true });
    for (const path of [...folders].sort())
      if (hasWay(path, folders)) await mkdir(join(folder, path), { recursive: true });
    for (const [path, file] of names) {
      if (!hasWay(dirname(path), folders)) continue;
      await writeFile(join(folder, path), contents.get(file)!);
      const seconds = Math.ceil(times.get(file) ?? 0) / 1000;
      await utimes(join(folder, path), seconds, seconds);
    }
  }
}

/**
 * The disk as a file system without numbers of files shows it, and with times of whole milliseconds: so a copy of a folder can stand
 * for the folder.
 */
export function coarse(disk: Disk): Disk {
  const blur = (stat: DiskStat | undefined): DiskStat =>
    Object.assign(stat ?? ({} as DiskStat), { ino: 0, mtimeMs: Math.ceil(stat?.mtimeMs ?? 0) });
  return {
    ...disk,
    lstat: (path, done) => disk.lstat(path, (error, stat) => done(error, blur(stat))),
    fstat: (fd, done) => disk.fstat(fd, (error, stat) => done(error, blur(stat))),
  };
}

function timeOf(fd: number): number {
  return fstatSync(fd).mtimeMs;
}

/** Whether all folders that lead to `path` were kept. */
function hasWay(path: string, folders: ReadonlySet<string>): boolean {
  for (let at = path === "." ? "" : path; at !== ""; at = dirname(at) === "." ? "" : dirname(at))
    if (!folders.has(at)) return false;
  return true;
}

function keptNames(
  operations: readonly Operation[],
  loss: NameLoss,
  random: () => number,
): (index: number) => boolean {
  const groupOf = (folder: string): string => (loss === "ordered" ? "" : folder === "" ? "." : folder);
  /** By group: where names begin to be lost. */
  const ends = new Map<string, number>();
  const synced = new Map<string, number>();
  for (const [index, operation] of operations.entries())
    if (operation.kind === "sync-folder") synced.set(groupOf(operation.path), index);
  return (index) => {
    const operation = operations[index]!;
    if (!("path" in operation)) return true;
    const group = groupOf(dirname(operation.path));
    let end = ends.get(group);
    if (end === undefined) {
      const from = synced.get(group) ?? 0;
      end = from + Math.floor(random() * (operations.length + 1 - from));
      ends.set(group, end);
    }
    return index < end;
  };
}

/** All of the bytes, none, a part of them, or zeros in their place, as a file system leaves that knew only the size. */
function tear(bytes: Uint8Array, random: () => number): Uint8Array | undefined {
  const fate = random();
  if (fate < 0.25) return bytes;
  if (fate < 0.5) return undefined;
  if (fate < 0.75) return bytes.subarray(0, Math.floor(random() * bytes.length));
  return new Uint8Array(bytes.length);
}

function generator(seed: number): () => number {
  let state = (seed * 2_654_435_761 + 12_345) >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
