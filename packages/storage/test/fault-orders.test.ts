import { existsSync, renameSync, symlinkSync } from "node:fs";
import { mkdir, open, readdir, readFile, stat, unlink, utimes, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createStorage, HashWorkers, journalName, NODE_DISK, type Disk } from "@bt/storage";
import { afterAll, describe, expect, it } from "vitest";
import { faultyDisk } from "./faulty-disk.ts";
import { download, downloadAll, fakeTorrent, fileBytes, pieceBytes, temporaryFolder } from "./fixture.ts";

const hashers = new HashWorkers({ count: 1 });
afterAll(() => hashers.close());

const torrent = fakeTorrent(
  [
    { path: ["t", "a"], length: 50_000 },
    { path: ["t", "sub", "b"], length: 90_000 },
  ],
  16_384,
);
const { metainfo } = torrent;
const JOURNAL = journalName(metainfo);

/** A disk whose calls fail with `code` where `isBroken` says so. */
function failing(code: string, isBroken: (call: keyof Disk, path: string) => boolean): Disk {
  return faultyDisk((_, { call, path }) => (isBroken(call, path) ? { code } : undefined)).disk;
}

async function hashedAtOpen(root: string): Promise<{ have: number[]; hashed: number }> {
  let hashed = 0;
  const storage = createStorage({ metainfo, root, hashers });
  const have = [...(await storage.open({ onProgress: () => hashed++ })).indices()];
  await storage.close();
  return { have, hashed };
}

/** For what should have ended and did not: it would call the disk, or write a journal, within this. */
const timeToGoOn = (): Promise<void> => delay(20);

/** Some file systems count time in steps of a few ms: what is written after this has another one. */
const anotherFileTime = (): Promise<void> => delay(20);

describe("a sync that failed is not believed the second time", () => {
  it("of the journal: it is written anew, since the frames before may be gone", async () => {
    const root = await temporaryFolder();
    const path = join(root, JOURNAL);
    let isBroken = false;
    const disk = failing("EIO", (call, of) => isBroken && call === "fsync" && of.includes(JOURNAL));
    const storage = createStorage({ metainfo, root, hashers, disk });
    await storage.open();
    await download(storage, torrent, 0);
    await storage.flush();
    // From here on the journal is a file that is appended to.
    await download(storage, torrent, 1);
    await storage.flush();
    const synced = await readFile(path);
    const { ino } = await stat(path);
    isBroken = true;
    await download(storage, torrent, 2);
    const reopened = createStorage({ metainfo, root, hashers, disk });
    await expect(storage.flush()).rejects.toMatchObject({ code: "IO" });
    isBroken = false;
    // The pages that the system dropped.
    const dropped = (await stat(path)).size - synced.length;
    await download(storage, torrent, 3);
    await storage.flush();
    if ((await stat(path)).ino === ino && dropped > 0) {
      const file = await open(path, "r+");
      await file.write(new Uint8Array(dropped), 0, dropped, synced.length);
      await file.close();
    }
    const have = [...(await reopened.open()).indices()];
    expect(have).toEqual([0, 1, 2, 3]);
    await reopened.close();
    await storage.close();
  });

  it("of a file that was found: nothing of it is journalled", async () => {
    const root = await temporaryFolder();
    await mkdir(join(root, "t", "sub"), { recursive: true });
    await writeFile(join(root, "t", "a"), fileBytes(torrent, 0));
    await writeFile(join(root, "t", "sub", "b"), fileBytes(torrent, 1).subarray(0, 40_000));
    let failures = 1;
    const disk = failing(
      "EIO",
      (call, of) => call === "fsync" && of.endsWith(join("t", "a")) && failures-- > 0,
    );
    const storage = createStorage({ metainfo, root, hashers, disk });
    expect((await storage.open()).isEmpty).toBe(false);
    expect(failures).toBeLessThan(1);
    await expect(download(storage, torrent, 8)).rejects.toMatchObject({ code: "IO" });
    await storage.close().catch(() => {});
    expect(existsSync(join(root, JOURNAL))).toBe(false);
  });
});

describe("a rename whose journal could not be made safe", () => {
  it.each(["fsync", "syncFolder", "rename", "write"] as const)(
    "by a failing %s names files that are there, also after a clean end",
    async (call) => {
      const root = await temporaryFolder();
      const first = createStorage({ metainfo, root, hashers });
      await first.open();
      await downloadAll(first, torrent);
      await first.close();
      let isBroken = false;
      const disk = failing(
        "EIO",
        (of, path) => isBroken && of === call && (path.includes("bt-resume") || path === root),
      );
      const storage = createStorage({ metainfo, root, hashers, disk });
      await storage.open();
      isBroken = true;
      await storage.rename(["t"], ["u"]).catch(() => {});
      isBroken = false;
      const into = new Uint8Array(16_384);
      await storage.read([{ offset: 0, into }]);
      await storage.close();
      const again = createStorage({ metainfo, root, hashers });
      expect((await again.open()).isFull).toBe(true);
      await again.read([{ offset: 0, into }]);
      expect(Buffer.compare(into, pieceBytes(torrent, 0))).toBe(0);
      await again.close();
      // No second names are left over once the journal is true again.
      expect(await readdir(root)).toHaveLength(2);
    },
  );
});

describe("a move whose journal could not be made safe", () => {
  it.each(["fsync", "syncFolder", "rename"] as const)(
    "by a failing %s leaves nothing in the new folder, and the old one as it was",
    async (call) => {
      const root = await temporaryFolder();
      const target = await temporaryFolder();
      let isBroken = false;
      const disk = failing(
        "EIO",
        (of, path) =>
          isBroken && of === call && path.startsWith(target) && !path.startsWith(join(target, "t")),
      );
      const storage = createStorage({ metainfo, root, hashers, disk });
      await storage.open();
      await downloadAll(storage, torrent);
      isBroken = true;
      await expect(storage.move(target)).rejects.toMatchObject({ code: "IO" });
      isBroken = false;
      expect(await readdir(target)).toEqual([]);
      expect(storage.root).toBe(root);
      await storage.close();
      expect((await hashedAtOpen(root)).have).toHaveLength(torrent.pieceCount);
    },
  );
});

describe("closing while it opens", () => {
  it("ends the opening, after which nothing is written any more", async () => {
    const root = await temporaryFolder();
    await mkdir(join(root, "t", "sub"), { recursive: true });
    await writeFile(join(root, "t", "a"), fileBytes(torrent, 0));
    await writeFile(join(root, "t", "sub", "b"), fileBytes(torrent, 1));
    for (let turns = 0; turns < 12; turns++) {
      const { disk, records } = faultyDisk(() => undefined);
      const storage = createStorage({ metainfo, root, hashers, disk });
      const opening = storage.open().then(
        () => "opened",
        (error: unknown) => (error as { code?: string }).code,
      );
      for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
      await storage.close();
      const callCount = records.length;
      expect(["opened", "CLOSED"]).toContain(await opening);
      await timeToGoOn();
      expect(records.length).toBe(callCount);
      await unlink(join(root, JOURNAL)).catch(() => {});
    }
  });

  it("and deleting leaves no journal behind", async () => {
    const root = await temporaryFolder();
    await mkdir(join(root, "t", "sub"), { recursive: true });
    await writeFile(join(root, "t", "a"), fileBytes(torrent, 0));
    const storage = createStorage({ metainfo, root, hashers });
    const opening = storage.open().catch(() => {});
    await storage.deleteData();
    await opening;
    await timeToGoOn();
    expect(existsSync(join(root, JOURNAL))).toBe(false);
  });
});

describe("one piece twice", () => {
  it("is written once, and both hear of it", async () => {
    const root = await temporaryFolder();
    const { disk, records } = faultyDisk(() => undefined);
    // They wait for company, so that the second comes before the first is written.
    const storage = createStorage({ metainfo, root, hashers, disk, gatherWrites: () => 1e6 });
    await storage.open();
    const both = await Promise.all([download(storage, torrent, 1), download(storage, torrent, 1)]);
    expect(both).toEqual([true, true]);
    await storage.flush();
    const isWrite = ({ call, path }: { call: string; path: string }): boolean =>
      call.startsWith("write") && !path.includes("resume");
    const writes = records.filter(isWrite).length;
    expect(await download(storage, torrent, 1)).toBe(true);
    await storage.close();
    expect(records.filter(isWrite).length).toBe(writes);
    expect(writes).toBe(1);
  });
});

describe("a write that failed half way", () => {
  it("costs no recheck of the file after a clean end", async () => {
    const root = await temporaryFolder();
    let room = Infinity;
    const disk: Disk = {
      ...NODE_DISK,
      write: (fd, from, at, length, position, done) => {
        if (length <= room) return NODE_DISK.write(fd, from, at, length, position, done);
        if (room === 0)
          return void setImmediate(() => done(Object.assign(new Error("full"), { code: "ENOSPC" }), 0));
        const part = room;
        room = 0;
        NODE_DISK.write(fd, from, at, part, position, done);
      },
    };
    const storage = createStorage({ metainfo, root, hashers, disk });
    await storage.open();
    for (const piece of [0, 1]) await download(storage, torrent, piece);
    await storage.flush();
    await anotherFileTime();
    room = 5_000;
    await expect(download(storage, torrent, 2)).rejects.toMatchObject({ code: "DISK_FULL" });
    room = Infinity;
    await storage.close();
    expect(await hashedAtOpen(root)).toEqual({ have: [0, 1], hashed: 0 });
  });
});

describe("a folder that becomes a link between the look and the opening", () => {
  it.each([
    ["to write", true],
    ["to read", false],
  ])("is noticed before a byte is used: opened %s", async (_, toWrite) => {
    const root = await temporaryFolder();
    const outside = await temporaryFolder();
    for (const name of ["a", "b"]) await writeFile(join(outside, name), new Uint8Array(50_000).fill(7));
    const first = createStorage({ metainfo, root, hashers });
    await first.open();
    await download(first, torrent, 0);
    await first.close();
    const { mtimeMs } = await stat(join(root, "t", "a"));
    await utimes(join(outside, "a"), mtimeMs / 1000, mtimeMs / 1000);
    let isSwapped = false;
    const disk: Disk = {
      ...NODE_DISK,
      open: (path, flags, mode, done) => {
        if (path.endsWith(toWrite ? join("sub", "b") : join("t", "a")) && !isSwapped) {
          isSwapped = true;
          const folder = toWrite ? join(root, "t", "sub") : join(root, "t");
          renameSync(folder, join(root, "gone"));
          symlinkSync(outside, folder);
        }
        NODE_DISK.open(path, flags, mode, done);
      },
    };
    const storage = createStorage({ metainfo, root, hashers, disk });
    await storage.open();
    const attempt = toWrite
      ? download(storage, torrent, 7)
      : storage.read([{ offset: 0, into: new Uint8Array(100) }]);
    await expect(attempt).rejects.toMatchObject({ code: "OUTSIDE_ROOT" });
    expect(isSwapped).toBe(true);
    await storage.close().catch(() => {});
    for (const name of ["a", "b"])
      expect((await readFile(join(outside, name))).every((byte) => byte === 7)).toBe(true);
  });
});

describe("a download folder that is named from where the process stands", () => {
  it("has the folders that are made for it made safe as well", async () => {
    const root = relative(process.cwd(), join(await temporaryFolder(), "new", "deep"));
    const { disk, records } = faultyDisk(() => undefined);
    const storage = createStorage({ metainfo, root, hashers, disk });
    await storage.open();
    await download(storage, torrent, 0);
    const synced = records.filter(({ call }) => call === "syncFolder").map(({ path }) => join(path));
    await storage.close();
    const absolute = join(process.cwd(), root);
    for (const folder of [join(absolute, ".."), join(absolute, "..", "..")])
      expect(synced.map((path) => join(process.cwd(), relative(process.cwd(), path)))).toContain(folder);
  });
});

describe("deleting the data", () => {
  it("takes what a process that was killed left of a journal", async () => {
    const root = await temporaryFolder();
    const storage = createStorage({ metainfo, root, hashers });
    await storage.open();
    await download(storage, torrent, 0);
    await storage.flush();
    await writeFile(join(root, `${JOURNAL}.tmp`), "half a journal");
    await storage.deleteData();
    expect(await readdir(root)).toEqual([]);
  });

  it("takes a file that was begun, though no piece of it was ever had", async () => {
    const root = await temporaryFolder();
    let isBroken = true;
    const disk = failing(
      "ENOSPC",
      (call, path) => isBroken && call === "write" && path.includes(join("t", "a")),
    );
    const storage = createStorage({ metainfo, root, hashers, disk });
    await storage.open();
    await expect(download(storage, torrent, 0)).rejects.toMatchObject({ code: "DISK_FULL" });
    isBroken = false;
    await storage.deleteData();
    expect(await readdir(root)).toEqual([]);
  });
});

describe("a file that was made anew within a minute after a kill", () => {
  it("is not taken for the old one, even when the file system gives it the same number", async () => {
    const root = await temporaryFolder();
    const storage = createStorage({ metainfo, root, hashers });
    await storage.open();
    await download(storage, torrent, 0);
    await storage.flush();
    const path = join(root, "t", "a");
    const { ino } = await stat(path);
    // What the journal of the killed process says, without the mark of a clean end.
    const journal = await readFile(join(root, JOURNAL));
    await storage.close();
    await writeFile(join(root, JOURNAL), journal);
    await unlink(path);
    await anotherFileTime();
    await writeFile(path, new Uint8Array(50_000).fill(9));
    const disk: Disk = {
      ...NODE_DISK,
      lstat: (of, done) =>
        NODE_DISK.lstat(of, (error, found) =>
          done(error, of === path ? Object.assign(found, { ino }) : found),
        ),
    };
    const again = createStorage({ metainfo, root, hashers, disk });
    expect((await again.open()).isEmpty).toBe(true);
    await again.close();
  });
});
