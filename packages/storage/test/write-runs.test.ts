import { BLOCK_LENGTH } from "@bt/primitives";
import { BufferPool, createStorage, NODE_DISK, type Disk } from "@bt/storage";
import { describe, expect, it } from "vitest";
import { download, downloadAll, fakeTorrent, fileBytes, readPayload, temporaryFolder } from "./fixture.ts";
import { faultyDisk } from "./faulty-disk.ts";

const PIECE = 2 * BLOCK_LENGTH;

/** Files that end inside pieces, one of them empty, and a pad file. */
const torrent = fakeTorrent(
  [
    { path: ["a"], length: 10 * PIECE + 5 },
    { path: ["pad"], length: 100, pad: true },
    { path: ["empty"], length: 0 },
    { path: ["b"], length: 20 * PIECE },
    { path: ["c"], length: 7 },
  ],
  PIECE,
);

function all(storage: ReturnType<typeof createStorage>, pieces: readonly number[]): Promise<boolean[]> {
  return Promise.all(pieces.map((piece) => download(storage, torrent, piece)));
}

/** Vitest compares long arrays element by element, which takes seconds. */
async function expectFiles(root: string, indices: readonly number[]): Promise<void> {
  for (const index of indices)
    expect(Buffer.compare(await readPayload(root, torrent, index), fileBytes(torrent, index))).toBe(0);
}

const rising = Array.from({ length: torrent.pieceCount }, (_, piece) => piece);

describe("runs of pieces", () => {
  it("are written together, whatever the order in which their pieces come", async () => {
    for (const order of [
      rising,
      rising.toReversed(),
      rising.toSorted((a, b) => ((a * 7) % 31) - ((b * 7) % 31)),
    ]) {
      const root = await temporaryFolder();
      const { disk, records } = faultyDisk(() => undefined);
      const storage = createStorage({
        metainfo: torrent.metainfo,
        root,
        disk,
        gatherWrites: () => 8 * PIECE,
      });
      await storage.open();
      expect(await all(storage, order)).toEqual(order.map(() => true));
      await storage.close();
      await expectFiles(root, [0, 2, 3, 4]);
      const payloadWrites = records.filter(
        ({ call, path }) => (call === "write" || call === "writev") && !path.includes("bt-resume"),
      );
      expect(payloadWrites.some(({ call }) => call === "writev")).toBe(true);
      if (order === rising) expect(payloadWrites.length).toBeLessThan(torrent.pieceCount / 2);
    }
  });

  it("do not wait for ever: what comes alone is written soon", async () => {
    const root = await temporaryFolder();
    const storage = createStorage({ metainfo: torrent.metainfo, root, gatherWrites: () => 1e9 });
    await storage.open();
    expect(await download(storage, torrent, 3)).toBe(true);
    await storage.close();
    expect((await readPayload(root, torrent, 0)).subarray(3 * PIECE, 4 * PIECE)).toEqual(
      torrent.content.subarray(3 * PIECE, 4 * PIECE),
    );
  });

  it("never write to one file twice at the same time, and to others meanwhile", async () => {
    const root = await temporaryFolder();
    const inUse = new Map<number, number>();
    let most = 0;
    const track = (
      fd: number,
      start: (done: (error: Error | null, count: number) => void) => void,
      done: (error: Error | null, count: number) => void,
    ): void => {
      inUse.set(fd, (inUse.get(fd) ?? 0) + 1);
      expect(inUse.get(fd)).toBe(1);
      most = Math.max(
        most,
        [...inUse.values()].reduce((sum, count) => sum + count, 0),
      );
      setTimeout(
        () =>
          start((error, count) => {
            inUse.set(fd, inUse.get(fd)! - 1);
            done(error, count);
          }),
        1,
      );
    };
    const disk: Disk = {
      ...NODE_DISK,
      write: (fd, from, at, length, position, done) =>
        track(fd, (then) => NODE_DISK.write(fd, from, at, length, position, then), done),
      writev: (fd, from, position, done) =>
        track(fd, (then) => NODE_DISK.writev(fd, from, position, then), done),
    };
    const storage = createStorage({ metainfo: torrent.metainfo, root, disk, journalPath: `${root}/journal` });
    await storage.open();
    await all(storage, rising);
    await storage.close();
    expect(most).toBeGreaterThan(1);
  });

  it("go on where the disk stopped in the middle", async () => {
    const root = await temporaryFolder();
    const disk: Disk = {
      ...NODE_DISK,
      write: (fd, from, at, length, position, done) =>
        NODE_DISK.write(fd, from, at, Math.min(length, 5_000), position, done),
      // One buffer and a part of the next one.
      writev: (fd, from, position, done) =>
        NODE_DISK.writev(fd, [from[0]!, from[1]!.subarray(0, 999)], position, done),
    };
    const storage = createStorage({ metainfo: torrent.metainfo, root, disk, gatherWrites: () => 8 * PIECE });
    await storage.open();
    await all(storage, rising);
    await storage.close();
    await expectFiles(root, [0, 3, 4]);
  });

  it("fail as a whole, and none of their pieces counts as had", async () => {
    const root = await temporaryFolder();
    const { disk } = faultyDisk((_, { call }) => (call === "writev" ? { code: "ENOSPC" } : undefined));
    const pool = new BufferPool();
    const storage = createStorage({
      metainfo: torrent.metainfo,
      root,
      disk,
      pool,
      gatherWrites: () => 4 * PIECE,
    });
    await storage.open();
    const results = await Promise.allSettled([0, 1, 2, 3].map((piece) => download(storage, torrent, piece)));
    for (const result of results)
      expect(result).toMatchObject({ status: "rejected", reason: { code: "DISK_FULL" } });
    expect([storage.have.isEmpty, pool.usedLength]).toEqual([true, 0]);
    await storage.close().catch(() => {});
  });

  it("take memory for the pieces whose bytes have come, not for those that were only asked for", async () => {
    const root = await temporaryFolder();
    const pool = new BufferPool();
    const storage = createStorage({ metainfo: torrent.metainfo, root, pool });
    await storage.open();
    const asked = rising.map((piece) => storage.acquire(piece)!);
    expect([pool.usedLength > 30 * PIECE, pool.memoryLength]).toEqual([true, 0]);
    for (const buffer of asked) storage.discard(buffer);
    expect(pool.usedLength).toBe(0);
    await downloadAll(storage, torrent);
    expect(pool.memoryLength).toBeLessThanOrEqual(3 * PIECE);
    await storage.close();
  });
});
