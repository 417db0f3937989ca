import { mkdir, rename, truncate, unlink, writeFile, open } from "node:fs/promises";
import { constants } from "node:fs";
import { dirname, join, relative } from "node:path";
import { NODE_DISK, type Disk } from "@bt/storage";

type Operation =
  | { kind: "create" | "unlink" | "mkdir"; path: string }
  | { kind: "rename"; path: string; to: string }
  | { kind: "truncate"; file: number; length: number }
  | { kind: "write"; file: number; position: number; bytes: Uint8Array }
  | { kind: "sync"; file: number };

/**
 * The real disk, with a record of all that changes it, from which the state after a power cut can be made: folders and
 * names as they were (a journalling file system keeps their order), what was synced whole, and of every later write
 * all, a part or nothing.
 */
export class CrashDisk {
  readonly disk: Disk;
  readonly #root: string;
  readonly #log: Operation[] = [];
  /** Each file that ever existed has a number, which survives renames. */
  readonly #numbers = new Map<string, number>();
  readonly #byFd = new Map<number, number>();
  #fileCount = 0;

  constructor(root: string) {
    this.#root = root;
    this.disk = {
      ...NODE_DISK,
      open: (path, flags, mode, done) =>
        NODE_DISK.open(path, flags, mode, (error, fd) => {
          if (error === null) {
            const name = this.#name(path);
            if (!this.#numbers.has(name) && (flags & constants.O_CREAT) !== 0) {
              this.#numbers.set(name, this.#fileCount++);
              this.#log.push({ kind: "create", path: name });
            }
            this.#byFd.set(fd, this.#numbers.get(name) ?? -1);
          }
          done(error, fd);
        }),
      write: (fd, from, at, length, position, done) => {
        const bytes = from.slice(at, at + length);
        NODE_DISK.write(fd, from, at, length, position, (error, count) => {
          const file = this.#byFd.get(fd)!;
          if (error === null)
            this.#log.push({ kind: "write", file, position, bytes: bytes.subarray(0, count) });
          done(error, count);
        });
      },
      fdatasync: (fd, done) => {
        const before = this.#log.length;
        NODE_DISK.fdatasync(fd, (error) => {
          // Only what was written before the call is certain.
          if (error === null) this.#log.splice(before, 0, { kind: "sync", file: this.#byFd.get(fd)! });
          done(error);
        });
      },
      ftruncate: (fd, length, done) => {
        this.#log.push({ kind: "truncate", file: this.#byFd.get(fd)!, length });
        NODE_DISK.ftruncate(fd, length, done);
      },
      mkdir: (path, done) =>
        NODE_DISK.mkdir(path, (error) => {
          if (error === null) this.#log.push({ kind: "mkdir", path: this.#name(path) });
          done(error);
        }),
      rename: (from, to, done) =>
        NODE_DISK.rename(from, to, (error) => {
          if (error === null) {
            const number = this.#numbers.get(this.#name(from))!;
            this.#numbers.delete(this.#name(from));
            this.#numbers.set(this.#name(to), number);
            this.#log.push({ kind: "rename", path: this.#name(from), to: this.#name(to) });
          }
          done(error);
        }),
      unlink: (path, done) =>
        NODE_DISK.unlink(path, (error) => {
          if (error === null) this.#log.push({ kind: "unlink", path: this.#name(path) });
          done(error);
        }),
    };
  }

  get operationCount(): number {
    return this.#log.length;
  }

  /** Makes in `folder` what is there when the power goes after `cut` operations. */
  async materialize(folder: string, cut: number, seed: number): Promise<void> {
    await mkdir(folder, { recursive: true });
    const random = generator(seed);
    const operations = this.#log.slice(0, cut);
    const lastSync = new Map<number, number>();
    for (const [index, operation] of operations.entries()) {
      if (operation.kind === "sync") lastSync.set(operation.file, index);
    }
    const names: string[] = []; // by file number
    for (const [index, operation] of operations.entries()) {
      switch (operation.kind) {
        case "mkdir":
          await mkdir(join(folder, operation.path));
          break;
        case "create":
          await mkdir(dirname(join(folder, operation.path)), { recursive: true });
          await writeFile(join(folder, operation.path), "");
          names.push(operation.path);
          break;
        case "unlink":
          await unlink(join(folder, operation.path));
          break;
        case "rename":
          await rename(join(folder, operation.path), join(folder, operation.to));
          names[names.indexOf(operation.path)] = operation.to;
          break;
        case "truncate":
          await truncate(join(folder, names[operation.file]!), operation.length);
          break;
        case "write": {
          const isSynced = index < (lastSync.get(operation.file) ?? -1);
          const bytes = isSynced ? operation.bytes : tear(operation.bytes, random);
          if (bytes === undefined) break;
          const handle = await open(join(folder, names[operation.file]!), "r+");
          await handle.write(bytes, 0, bytes.length, operation.position);
          await handle.close();
          break;
        }
        case "sync":
          break;
      }
    }
  }

  #name(path: string): string {
    return relative(this.#root, path);
  }
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
