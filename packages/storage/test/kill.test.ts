import { cp, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createStorage, HashWorkers, NODE_DISK, type StorageClock, type TorrentStorage } from "@bt/storage";
import { type Bitfield } from "@bt/primitives";
import { afterAll, describe, expect, it } from "vitest";
import { coarse, CrashDisk } from "./crash-disk.ts";
import { faultyDisk } from "./faulty-disk.ts";
import {
  download,
  downloadAll,
  fakeTorrent,
  pieceBytes,
  temporaryFolder,
  type FakeTorrent,
} from "./fixture.ts";

const hashers = new HashWorkers({ count: 2 });
afterAll(() => hashers.close());

const torrent = fakeTorrent(
  [
    { path: ["t", "a"], length: 50_000 },
    { path: ["t", "none"], length: 0 },
    { path: ["t", "b"], length: 30_000 },
    { path: ["t", "c"], length: 70_000 },
  ],
  16_384,
);

/** Timers that only fire when the test says so. */
function manualClock(): StorageClock & { fire(): void } {
  const timers = new Set<() => void>();
  return {
    monotonicMs: () => 0,
    unixMs: () => Date.now(),
    startTimer: (_, callback) => {
      timers.add(callback);
      return () => timers.delete(callback);
    },
    fire: () => {
      for (const callback of timers) {
        timers.delete(callback);
        callback();
      }
    },
  };
}

/** Whatever is had must really be there, byte for byte; then the download must be able to end. */
async function expectTruth(root: string, of: FakeTorrent): Promise<Bitfield> {
  const storage = createStorage({ metainfo: of.metainfo, root, hashers, disk: coarse(NODE_DISK) });
  const have = await storage.open();
  for (const piece of have.indices()) {
    const into = new Uint8Array(of.metainfo.layout.pieces.pieceLengthAt(piece));
    await storage.read([{ offset: of.metainfo.layout.pieces.offsetOf(piece), into }]);
    expect(Buffer.compare(into, pieceBytes(of, piece))).toBe(0);
  }
  for (let piece = 0; piece < of.pieceCount; piece++) {
    if (!storage.have.has(piece)) expect(await download(storage, of, piece)).toBe(true);
  }
  await storage.close();
  return have;
}

/** Downloads, with a flush after every third piece. */
async function session(storage: TorrentStorage): Promise<void> {
  await storage.open();
  // From the end, so that the files have their full length soon and a hole looks like data.
  for (let piece = torrent.pieceCount - 1; piece >= 0; piece--) {
    if (!storage.have.has(piece)) await download(storage, torrent, piece);
    if (piece % 3 === 2) await storage.flush();
  }
  await storage.close();
}

describe("a process that is killed", () => {
  it("at any disk call leaves a folder in which nothing is false and the flushed pieces are kept", async () => {
    const counting = faultyDisk(() => undefined);
    const whole = await temporaryFolder();
    await session(createStorage({ metainfo: torrent.metainfo, root: whole, hashers, disk: counting.disk }));
    const callCount = counting.records.length;
    expect(callCount).toBeGreaterThan(40);
    let lastCount = 0;
    for (let n = 0; n < callCount; n++) {
      const root = await temporaryFolder();
      let flushed = 0;
      await new Promise<void>((killed, failed) => {
        const { disk } = faultyDisk((call) => {
          if (call < n) return undefined;
          killed();
          return "dead";
        });
        const storage = createStorage({ metainfo: torrent.metainfo, root, hashers, disk });
        const flush = storage.flush.bind(storage);
        storage.flush = async () => {
          await flush();
          flushed = storage.have.count;
        };
        session(storage).then(killed, failed);
      });
      // The killed storage never writes again; what it left is looked at from a new process.
      const have = await expectTruth(root, torrent);
      expect(have.count).toBeGreaterThanOrEqual(flushed);
      lastCount = have.count;
    }
    expect(lastCount).toBe(torrent.pieceCount);
  });

  it("loses at most the pieces of the open write window", async () => {
    const root = await temporaryFolder();
    const clock = manualClock();
    const writeWindow = { windowLength: 3 * 16_384 };
    const storage = createStorage({
      metainfo: torrent.metainfo,
      root,
      hashers,
      clock,
      writeWindow,
      disk: coarse(NODE_DISK),
    });
    await storage.open();
    await download(storage, torrent, 0);
    await download(storage, torrent, 1);
    clock.fire(); // the second is over
    await storage.flush();
    await download(storage, torrent, 2);
    await download(storage, torrent, 3);
    const copy = join(await temporaryFolder(), "copy");
    await cp(root, copy, { recursive: true, preserveTimestamps: true });
    expect([...(await expectTruth(copy, torrent)).indices()]).toEqual([0, 1]);
    await download(storage, torrent, 4); // the window is full
    await storage.flush();
    const second = join(await temporaryFolder(), "copy");
    await cp(root, second, { recursive: true, preserveTimestamps: true });
    expect([...(await expectTruth(second, torrent)).indices()]).toEqual([0, 1, 2, 3, 4]);
    await storage.close();
  });
});

describe("a power cut", () => {
  it.each(["ordered", "by-folder"] as const)(
    "at any moment, with unsynced writes lost, torn or kept and unsynced names lost (%s), leaves nothing false",
    async (loss) => {
      const origin = await temporaryFolder();
      const recorder = new CrashDisk(origin);
      await session(
        createStorage({ metainfo: torrent.metainfo, root: origin, hashers, disk: coarse(recorder.disk) }),
      );
      const most = recorder.operationCount;
      let kept = 0;
      for (let cut = 0; cut <= most; cut++) {
        for (let seed = 0; seed < 3; seed++) {
          const root = join(await temporaryFolder(), "after");
          await recorder.materialize(root, cut, cut * 31 + seed, loss);
          kept += (await expectTruth(root, torrent)).count;
        }
      }
      expect(kept).toBeGreaterThan(0);
    },
  );
});

describe("a power cut after a kill", () => {
  it.each(["auto", "all"] as const)(
    "takes nothing that was found at the restart (recheck %s), though the killed process had not synced it",
    async (recheck) => {
      const origin = await temporaryFolder();
      const recorder = new CrashDisk(origin);
      const disk = coarse(recorder.disk);
      const clock = manualClock();
      const first = createStorage({ metainfo: torrent.metainfo, root: origin, hashers, disk, clock });
      await first.open();
      for (let piece = 0; piece < torrent.pieceCount; piece++) {
        await download(first, torrent, piece);
        if (piece === 4) await first.flush();
      }
      const second = createStorage({ metainfo: torrent.metainfo, root: origin, hashers, disk });
      const found = await second.open({ recheck });
      await second.close();
      expect(found.count).toBe(recheck === "all" ? torrent.pieceCount : 5);
      for (let seed = 0; seed < 50; seed++) {
        const root = join(await temporaryFolder(), "after");
        await recorder.materialize(root, recorder.operationCount, seed, "by-folder");
        expect((await expectTruth(root, torrent)).count).toBeGreaterThanOrEqual(found.count);
      }
      await first.close();
    },
  );
});

describe("two sessions, the first killed", () => {
  it("end with a complete torrent that is trusted without hashing", async () => {
    const root = await temporaryFolder();
    const first = createStorage({ metainfo: torrent.metainfo, root, hashers, disk: coarse(NODE_DISK) });
    await first.open();
    await download(first, torrent, 3);
    await first.flush();
    const copy = join(await temporaryFolder(), "copy");
    await cp(root, copy, { recursive: true, preserveTimestamps: true });
    await first.close();
    const second = createStorage({
      metainfo: torrent.metainfo,
      root: copy,
      hashers,
      disk: coarse(NODE_DISK),
    });
    expect([...(await second.open()).indices()]).toEqual([3]);
    await downloadAll(second, torrent);
    await second.close();
    let hashed = 0;
    const third = createStorage({ metainfo: torrent.metainfo, root: copy, hashers, disk: coarse(NODE_DISK) });
    expect((await third.open({ onProgress: () => hashed++ })).isFull).toBe(true);
    expect(hashed).toBe(0);
    await third.close();
  });
});

describe("after an unclean stop", () => {
  /** Pieces 0 to 3 lie in file a (piece 3 in b as well), all journalled; nothing was closed. */
  async function killed(): Promise<string> {
    const root = await temporaryFolder();
    const storage = createStorage({ metainfo: torrent.metainfo, root, hashers, disk: coarse(NODE_DISK) });
    await storage.open();
    for (let piece = 0; piece < 4; piece++) await download(storage, torrent, piece);
    await storage.flush();
    const copy = join(await temporaryFolder(), "copy");
    await cp(root, copy, { recursive: true, preserveTimestamps: true });
    await storage.close();
    for (const name of ["a", "b"]) {
      // The copy rounds times down to whole milliseconds, and an older file is not trusted.
      const path = join(copy, "t", name);
      const time = new Date((await stat(path)).mtimeMs + 1000);
      await utimes(path, time, time);
    }
    return copy;
  }

  async function hashedAtOpen(root: string): Promise<{ have: number[]; hashed: number }> {
    let hashed = 0;
    const storage = createStorage({ metainfo: torrent.metainfo, root, hashers, disk: coarse(NODE_DISK) });
    const have = [...(await storage.open({ onProgress: () => hashed++ })).indices()];
    await storage.close();
    return { have, hashed };
  }

  it.each([
    ["a little newer, as after writes of the open window", 30_000, 0],
    ["much newer", 90_000, 4],
    ["older, as from a backup", -5000, 4],
  ])("a file that is %s makes the storage hash as much as it has to", async (_, shiftMs, hashed) => {
    const root = await killed();
    const path = join(root, "t", "a");
    const time = new Date((await stat(path)).mtimeMs + shiftMs);
    await utimes(path, time, time);
    expect(await hashedAtOpen(root)).toEqual({ have: [0, 1, 2, 3], hashed });
    expect(await hashedAtOpen(root)).toEqual({ have: [0, 1, 2, 3], hashed: 0 });
  });

  it("a file that the journal does not know is neither hashed nor had", async () => {
    const root = await killed();
    await writeFile(join(root, "t", "c"), torrent.content.subarray(80_000));
    expect(await hashedAtOpen(root)).toEqual({ have: [0, 1, 2, 3], hashed: 0 });
  });
});
