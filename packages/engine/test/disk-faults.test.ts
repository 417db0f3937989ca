import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rename,
  rm,
  symlink,
  truncate,
  unlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Session, Torrent } from "@bt/engine";
import { createFileDisk, createNodeSession } from "@bt/engine/node";
import { createTorrent } from "@bt/metainfo";
import { NODE_DISK, type Disk } from "@bt/storage";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { pieceHashes } from "./piece-hashes.ts";

const LENGTH = 3_000_000;
const PIECE_LENGTH = 65_536;
let folder: string;
let payload: Buffer;
let bytes: Uint8Array;
const cleanups: (() => Promise<unknown> | void)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "bt-faults-"));
  payload = randomBytes(LENGTH);
  await mkdir(join(folder, "seed"));
  await writeFile(join(folder, "seed", "payload.bin"), payload);
  bytes = createTorrent({
    name: "payload.bin",
    files: [{ path: [], length: LENGTH }],
    pieceLength: PIECE_LENGTH,
    pieceHashes: pieceHashes(payload, PIECE_LENGTH),
  });
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  await rm(folder, { recursive: true, force: true });
});

async function session(options: Parameters<typeof createNodeSession>[0] = {}): Promise<Session> {
  const made = await createNodeSession({ host: "127.0.0.1", ...options });
  cleanups.push(() => made.close({ timeoutMs: 100 }).catch(() => {}));
  return made;
}

/** Where the torrent's session listens. */
const ports = new WeakMap<Torrent, number>();

/** A leecher beside a slow seeder. */
async function leech(root: string, disk: Disk = NODE_DISK): Promise<Torrent> {
  const seeder = await session({ maxUploadRate: 6_000_000 });
  await seeder.add(bytes, { root: join(folder, "seed") }).ready;
  const leecher = await session({ ports: { disk: createFileDisk({ memoryBudgetLength: 2_000_000, disk }) } });
  const torrent = leecher.add(bytes, { root, peers: [{ host: "127.0.0.1", port: seeder.port }] });
  ports.set(torrent, leecher.port);
  return torrent;
}

function havePieces(torrent: Torrent, count: number): Promise<void> {
  return new Promise((resolve) => {
    const stop = torrent.on("piece", () => {
      if (torrent.snapshot().haveCount < count) return;
      stop();
      resolve();
    });
  });
}

function failure(torrent: Torrent): Promise<{ code: string; message: string }> {
  return torrent.done.then(
    () => Promise.reject(new Error("the torrent completed")),
    (error: unknown) => error as { code: string; message: string },
  );
}

async function goesOn(torrent: Torrent, root: string): Promise<void> {
  torrent.resume();
  await torrent.done;
  expect((await readFile(join(root, "payload.bin"))).equals(payload)).toBe(true);
}

describe("a torrent whose disk fails while it runs goes on after resume, byte for byte,", () => {
  it("when a sync failed, after which nothing unsynced counts as had", async () => {
    let isBroken = false;
    const disk: Disk = {
      ...NODE_DISK,
      fsync: (fd, done) =>
        isBroken
          ? setImmediate(() => done(Object.assign(new Error("EIO"), { code: "EIO" })))
          : NODE_DISK.fsync(fd, done),
    };
    const root = join(folder, "leech");
    const torrent = await leech(root, disk);
    await havePieces(torrent, 5);
    isBroken = true;
    expect(await failure(torrent)).toMatchObject({ code: "IO" });
    isBroken = false;
    await goesOn(torrent, root);
  });

  it("when its folder was moved away and is put back", async () => {
    const root = join(folder, "leech");
    const torrent = await leech(root);
    await havePieces(torrent, 5);
    await rename(root, join(folder, "unmounted"));
    const error = await failure(torrent);
    expect(error.code).toBe("NOT_FOUND");
    // Without the folder it stops again, and says so again.
    torrent.resume();
    expect(await failure(torrent)).toMatchObject({ code: "NOT_FOUND" });
    await rename(join(folder, "unmounted"), root);
    await goesOn(torrent, root);
  });

  it("when its file was deleted, of which nothing is had any more", async () => {
    const root = join(folder, "leech");
    const torrent = await leech(root);
    await havePieces(torrent, 5);
    await unlink(join(root, "payload.bin"));
    expect(await failure(torrent)).toMatchObject({ code: "NOT_FOUND" });
    await goesOn(torrent, root);
  });

  it("when its file was replaced by a folder, once that is gone", async () => {
    const root = join(folder, "leech");
    const torrent = await leech(root);
    await havePieces(torrent, 5);
    await unlink(join(root, "payload.bin"));
    await mkdir(join(root, "payload.bin"));
    await failure(torrent);
    torrent.resume();
    expect(await failure(torrent)).toMatchObject({ code: "NOT_A_FILE" });
    await rm(join(root, "payload.bin"), { recursive: true });
    await goesOn(torrent, root);
  });

  it("when its file was replaced by a link, which is not followed", async () => {
    const root = join(folder, "leech");
    const torrent = await leech(root);
    await havePieces(torrent, 5);
    await unlink(join(root, "payload.bin"));
    await writeFile(join(folder, "elsewhere"), "mine");
    await symlink(join(folder, "elsewhere"), join(root, "payload.bin"));
    await failure(torrent);
    torrent.resume();
    expect(await failure(torrent)).toMatchObject({ code: "OUTSIDE_ROOT" });
    expect(await readFile(join(folder, "elsewhere"), "utf8")).toBe("mine");
    await unlink(join(root, "payload.bin"));
    await goesOn(torrent, root);
  });

  it("when its file was cut while it was seeded", async () => {
    const root = join(folder, "leech");
    const torrent = await leech(root);
    await torrent.done;
    await truncate(join(root, "payload.bin"), 1_000_000);
    const other = await session();
    const reader = other.add(bytes, {
      root: join(folder, "other"),
      peers: [{ host: "127.0.0.1", port: ports.get(torrent)! }],
    });
    await new Promise<void>((resolve) => torrent.on("error", () => resolve()));
    expect(torrent.snapshot().error).toMatchObject({ code: "FILE_TRUNCATED" });
    const checked = new Promise<number>((resolve) => torrent.on("checked", resolve));
    torrent.resume();
    expect(await checked).toBe(Math.floor(1_000_000 / PIECE_LENGTH));
    await torrent.done;
    expect((await readFile(join(root, "payload.bin"))).equals(payload)).toBe(true);
    await reader.done;
  });
});

describe("a slow disk", () => {
  it("slows the download down: buffers stay within their budget, and all of it comes", async () => {
    const budgetLength = 4 * PIECE_LENGTH;
    const slow: Disk = {
      ...NODE_DISK,
      write: (...args) => void setTimeout(() => NODE_DISK.write(...args), 20),
    };
    const files = createFileDisk({ memoryBudgetLength: budgetLength, disk: slow });
    let outCount = 0;
    let mostOut = 0;
    let refusedCount = 0;
    const seeder = await session();
    await seeder.add(bytes, { root: join(folder, "seed") }).ready;
    const leecher = await session({
      ports: {
        disk: {
          close: () => files.close(),
          openTorrent(metainfo, root) {
            const disk = files.openTorrent(metainfo, root);
            const { acquire, commit, discard } = disk;
            return Object.assign(disk, {
              acquire(piece: number) {
                const sink = acquire.call(disk, piece);
                if (sink === undefined) refusedCount++;
                else mostOut = Math.max(mostOut, ++outCount);
                return sink;
              },
              discard(sink: Parameters<typeof discard>[0]) {
                outCount--;
                discard.call(disk, sink);
              },
              commit: (sink: Parameters<typeof commit>[0]) =>
                commit.call(disk, sink).finally(() => outCount--),
            });
          },
        },
      },
    });
    const root = join(folder, "leech");
    const torrent = leecher.add(bytes, { root, peers: [{ host: "127.0.0.1", port: seeder.port }] });
    await torrent.done;
    expect((await readFile(join(root, "payload.bin"))).equals(payload)).toBe(true);
    expect(mostOut).toBe(4);
    expect(refusedCount).toBeGreaterThan(0);
    expect(outCount).toBe(0);
  });
});

describe.skipIf(process.getuid?.() !== 0 || process.platform !== "linux")(
  "on a real small file system",
  () => {
    it("a full disk stops the torrent with DISK_FULL, and room lets it go on", async () => {
      const root = join(folder, "small");
      await mkdir(root);
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=1500k", "none", root]);
      cleanups.unshift(() => void execFileSync("umount", ["-l", root]));
      const torrent = await leech(root);
      const error = await failure(torrent);
      expect(error.code).toBe("DISK_FULL");
      expect(error.message).toMatch(/free some space/);
      expect(torrent.snapshot().haveCount).toBeGreaterThan(5);
      execFileSync("mount", ["-o", "remount,size=8m", root]);
      await goesOn(torrent, root);
    });

    it("a file system that becomes read-only stops it with READ_ONLY", async () => {
      const root = join(folder, "small");
      await mkdir(root);
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=8m", "none", root]);
      cleanups.unshift(() => void execFileSync("umount", ["-l", root]));
      execFileSync("mount", ["-o", "remount,ro", root]);
      const torrent = await leech(root);
      expect(await failure(torrent)).toMatchObject({ code: "READ_ONLY" });
      execFileSync("mount", ["-o", "remount,rw", root]);
      await goesOn(torrent, root);
    });

    it("an unmounted one stops it with NOT_FOUND, and nothing is written under its mount point", async () => {
      const mountPoint = join(folder, "mount");
      const other = join(folder, "other");
      await mkdir(mountPoint);
      await mkdir(other);
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=8m", "none", other]);
      cleanups.unshift(() => void execFileSync("umount", ["-l", other]));
      execFileSync("mount", ["--bind", other, mountPoint]);
      const root = join(mountPoint, "downloads");
      const torrent = await leech(root);
      await havePieces(torrent, 5);
      execFileSync("umount", ["-l", mountPoint]);
      expect(await failure(torrent)).toMatchObject({ code: "NOT_FOUND" });
      expect(await readdir(mountPoint)).toEqual([]);
      torrent.resume();
      await failure(torrent);
      expect(await readdir(mountPoint)).toEqual([]);
      execFileSync("mount", ["--bind", other, mountPoint]);
      cleanups.unshift(() => void execFileSync("umount", ["-l", mountPoint]));
      await goesOn(torrent, root);
    });
  },
);
