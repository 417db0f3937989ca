import { mkdir, truncate, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  BufferPool,
  createStorage,
  FilePool,
  HashWorkers,
  StorageError,
  type StorageErrorCode,
} from "@bt/storage";
import { afterAll, describe, expect, it } from "vitest";
import { faultyDisk, type DiskCall } from "./faulty-disk.ts";
import { download, downloadAll, fakeTorrent, pieceBytes, temporaryFolder } from "./fixture.ts";

const hashers = new HashWorkers({ count: 1 });
afterAll(() => hashers.close());

const torrent = fakeTorrent(
  [
    { path: ["t", "a"], length: 50_000 },
    { path: ["t", "none"], length: 0 },
    { path: ["t", "b"], length: 30_000 },
  ],
  16_384,
);
const { metainfo } = torrent;

/** A storage in which the calls that match fail with `code` while `isBroken()`. */
async function brokenStorage(call: DiskCall, code: string, isBroken: () => boolean, part = "") {
  const root = await temporaryFolder();
  const { disk } = faultyDisk((_, record) =>
    record.call === call && record.path.includes(part) && isBroken() ? { code } : undefined,
  );
  const pool = new BufferPool();
  return { root, pool, storage: createStorage({ metainfo, root, hashers, pool, disk }) };
}

describe("a disk that fails", () => {
  it.each<[DiskCall, string, StorageErrorCode]>([
    ["write", "ENOSPC", "DISK_FULL"],
    ["write", "EDQUOT", "DISK_FULL"],
    ["write", "EFBIG", "FILE_TOO_LARGE"],
    ["write", "EIO", "IO"],
    ["open", "EROFS", "READ_ONLY"],
    ["open", "EACCES", "PERMISSION"],
    ["open", "EMFILE", "TOO_MANY_OPEN_FILES"],
    ["open", "EISDIR", "NOT_A_FILE"],
    ["mkdir", "ENOSPC", "DISK_FULL"],
    ["mkdir", "ENAMETOOLONG", "NAME_INVALID"],
  ])("says so when %s reports %s, and goes on when the cause is gone", async (call, systemCode, code) => {
    let isBroken = true;
    const { root, pool, storage } = await brokenStorage(call, systemCode, () => isBroken, `${join("t")}`);
    await storage.open();
    const failure = await download(storage, torrent, 0).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StorageError);
    expect(failure).toMatchObject({ code, data: { systemCode } });
    expect((failure as StorageError).message).toContain(root);
    expect((failure as StorageError).data["path"]).toContain(root);
    expect(storage.have.isEmpty).toBe(true);
    expect(pool.usedLength).toBe(0);
    isBroken = false;
    await downloadAll(storage, torrent);
    await storage.close();
    const again = createStorage({ metainfo, root, hashers });
    expect((await again.open({ recheck: "all" })).isFull).toBe(true);
    await again.close();
  });

  it("that loses what it took stops the storage, and the pieces of that window are not had after a restart", async () => {
    let isBroken = false;
    const { root, storage } = await brokenStorage("fsync", "EIO", () => isBroken, "a");
    await storage.open();
    await download(storage, torrent, 0);
    await storage.flush();
    isBroken = true;
    await download(storage, torrent, 1);
    await expect(storage.flush()).rejects.toMatchObject({ code: "IO" });
    isBroken = false;
    await expect(download(storage, torrent, 2)).rejects.toMatchObject({ code: "IO" });
    await expect(storage.close()).rejects.toMatchObject({ code: "IO" });
    const again = createStorage({ metainfo, root, hashers });
    expect([...(await again.open()).indices()]).toEqual([0]);
    await again.close();
  });

  it("keeps the pieces for the next flush when only the journal cannot be written", async () => {
    let isBroken = false;
    const { root, storage } = await brokenStorage("write", "ENOSPC", () => isBroken, "bt-resume");
    await storage.open();
    await download(storage, torrent, 0);
    isBroken = true;
    await expect(storage.flush()).rejects.toMatchObject({ code: "DISK_FULL" });
    expect(await download(storage, torrent, 1)).toBe(true);
    isBroken = false;
    await storage.close();
    const again = createStorage({ metainfo, root, hashers });
    expect([...(await again.open()).indices()]).toEqual([0, 1]);
    await again.close();
  });

  it("at any one call never makes a false piece, never leaks memory and never throws anything but its own error", async () => {
    for (const code of ["ENOSPC", "EIO"]) {
      const { disk, records } = faultyDisk(() => undefined);
      await scenario(await temporaryFolder(), disk);
      for (let n = 0; n < records.length; n++) {
        const root = await temporaryFolder();
        await scenario(root, faultyDisk((call) => (call === n ? { code } : undefined)).disk);
        await scenario(root, faultyDisk((call) => (call >= n ? { code } : undefined)).disk);
        const after = createStorage({ metainfo, root, hashers });
        for (const piece of (await after.open()).indices()) {
          const into = new Uint8Array(metainfo.layout.pieces.pieceLengthAt(piece));
          await after.read([{ offset: metainfo.layout.pieces.offsetOf(piece), into }]);
          expect(Buffer.compare(into, pieceBytes(torrent, piece))).toBe(0);
        }
        for (let piece = 0; piece < torrent.pieceCount; piece++) {
          if (!after.have.has(piece)) expect(await download(after, torrent, piece)).toBe(true);
        }
        await after.close();
      }
    }
  });

  async function scenario(root: string, disk: ReturnType<typeof faultyDisk>["disk"]): Promise<void> {
    const pool = new BufferPool();
    const files = new FilePool({ limit: 1, disk });
    const storage = createStorage({ metainfo, root, hashers, pool, disk, files });
    try {
      await storage.open();
      for (let piece = 0; piece < torrent.pieceCount; piece++) {
        if (storage.have.has(piece)) continue;
        await download(storage, torrent, piece).catch(expectOwn);
        if (piece === 2) await storage.flush().catch(expectOwn);
      }
      const into = new Uint8Array(16_384);
      if (storage.have.has(3)) await storage.read([{ offset: 3 * 16_384, into }]).catch(expectOwn);
    } catch (error) {
      expectOwn(error);
    }
    await storage.close().catch(expectOwn);
    expect(pool.usedLength).toBe(0);
    expect(files.openCount).toBe(0);
  }

  function expectOwn(error: unknown): void {
    expect(error).toBeInstanceOf(StorageError);
  }
});

describe("read", () => {
  it("reports a file that was cut, and never makes up zeros", async () => {
    const root = await temporaryFolder();
    const storage = createStorage({ metainfo, root, hashers });
    await storage.open();
    await downloadAll(storage, torrent);
    await truncate(join(root, "t", "a"), 40_000);
    const into = new Uint8Array(16_384);
    await expect(storage.read([{ offset: 32_768, into }])).rejects.toMatchObject({
      code: "FILE_TRUNCATED",
      data: { path: join(root, "t", "a") },
    });
    await storage.read([{ offset: 0, into }]);
    // Nothing of that window was saved; who wants what is whole of it has it hashed.
    await expect(storage.close()).rejects.toMatchObject({ code: "FILE_TRUNCATED" });
    const again = createStorage({ metainfo, root, hashers });
    expect([...(await again.open({ recheck: "all" })).indices()]).toEqual([0, 1, 4]);
    await again.close();
  });

  it("reports a file that is gone", async () => {
    const root = await temporaryFolder();
    const storage = createStorage({ metainfo, root, hashers });
    await storage.open();
    await downloadAll(storage, torrent);
    await storage.close();
    const seeding = createStorage({ metainfo, root, hashers });
    await seeding.open();
    await unlink(join(root, "t", "b"));
    await expect(seeding.read([{ offset: 65_536, into: new Uint8Array(10) }])).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
    await seeding.close();
  });

  it("says so when the disk cannot be read, and goes on when it can", async () => {
    let isBroken = false;
    const { storage, root } = await brokenStorage("readv", "EIO", () => isBroken);
    await storage.open();
    await downloadAll(storage, torrent);
    isBroken = true;
    const into = new Uint8Array(16_384);
    const failure: unknown = await storage.read([{ offset: 0, into }]).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "IO", data: { path: join(root, "t", "a"), systemCode: "EIO" } });
    isBroken = false;
    await storage.read([{ offset: 0, into }]);
    expect(Buffer.compare(into, torrent.content.subarray(0, 16_384))).toBe(0);
    await storage.close();
  });

  it("refuses what is not had", async () => {
    const storage = createStorage({ metainfo, root: await temporaryFolder(), hashers });
    await storage.open();
    await download(storage, torrent, 0);
    await expect(storage.read([{ offset: 16_383, into: new Uint8Array(2) }])).rejects.toThrow(RangeError);
    await expect(storage.read([{ offset: 79_999, into: new Uint8Array(2) }])).rejects.toThrow(RangeError);
    await expect(storage.read([{ offset: -1, into: new Uint8Array(2) }])).rejects.toThrow(RangeError);
    await storage.close();
  });

  it("goes on after a short read", async () => {
    const root = await temporaryFolder();
    const { disk } = faultyDisk(() => undefined);
    const short = { ...disk };
    short.readv = (fd, into, position, done) => disk.readv(fd, [into[0]!.subarray(0, 7)], position, done);
    const storage = createStorage({ metainfo, root, hashers, disk: short });
    await storage.open();
    await downloadAll(storage, torrent);
    const ranges = [0, 1, 2].map((i) => ({ offset: i * 100, into: new Uint8Array(100) }));
    await storage.read(ranges);
    expect(Buffer.concat(ranges.map(({ into }) => into))).toEqual(
      Buffer.from(torrent.content.subarray(0, 300)),
    );
    await storage.close();
  });
});

describe("short writes", () => {
  it("are gone on with", async () => {
    const root = await temporaryFolder();
    const { disk } = faultyDisk(() => undefined);
    const short = { ...disk };
    short.write = (fd, from, at, length, position, done) =>
      disk.write(fd, from, at, Math.min(length, 5000), position, done);
    const storage = createStorage({ metainfo, root, hashers, disk: short });
    await storage.open();
    await downloadAll(storage, torrent);
    await storage.close();
    const again = createStorage({ metainfo, root, hashers });
    expect((await again.open({ recheck: "all" })).isFull).toBe(true);
    await again.close();
  });
});

describe("what is in the way", () => {
  it("is reported at the start when it is a folder or a pipe in the place of a file", async () => {
    const root = await temporaryFolder();
    await mkdir(join(root, "t", "a"), { recursive: true });
    const storage = createStorage({ metainfo, root, hashers });
    await expect(storage.open()).rejects.toMatchObject({ code: "NOT_A_FILE" });
    await storage.close();
  });

  it("is reported when it is a file in the place of a folder", async () => {
    const root = await temporaryFolder();
    await writeFile(join(root, "t"), "");
    const storage = createStorage({ metainfo, root, hashers });
    await expect(storage.open()).rejects.toMatchObject({ code: "NOT_A_FILE" });
    await storage.close();
  });
});

describe("a file deleted while it is written", () => {
  it("stops the storage instead of collecting pieces that nobody can find", async () => {
    const root = await temporaryFolder();
    const storage = createStorage({ metainfo, root, hashers });
    await storage.open();
    await download(storage, torrent, 0);
    await unlink(join(root, "t", "a"));
    await expect(storage.flush()).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(download(storage, torrent, 1)).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(storage.close()).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("a closed storage", () => {
  it("refuses work, gives all memory back, and closes twice without harm", async () => {
    const pool = new BufferPool();
    const storage = createStorage({ metainfo, root: await temporaryFolder(), hashers, pool });
    await storage.open();
    const open = storage.acquire(0)!;
    const committed = download(storage, torrent, 1);
    await storage.close();
    await storage.close();
    expect(await committed).toBe(true);
    expect(pool.usedLength).toBe(0);
    expect(storage.acquire(1)).toBeUndefined();
    open.put(0, new Uint8Array(5), 0, 5);
    storage.discard(open);
    await expect(storage.commit(open)).rejects.toThrow(TypeError);
    await expect(storage.read([{ offset: 0, into: new Uint8Array(1) }])).rejects.toMatchObject({
      code: "CLOSED",
    });
    await expect(storage.open()).rejects.toThrow(TypeError);
  });
});
