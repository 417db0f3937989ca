import { existsSync } from "node:fs";
import {
  appendFile,
  copyFile,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  unlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { createStorage, HashWorkers, journalName, type OpenOptions, type TorrentStorage } from "@bt/storage";
import { afterAll, describe, expect, it } from "vitest";
import {
  download,
  downloadAll,
  fakeTorrent,
  fileBytes,
  noise,
  readPayload,
  temporaryFolder,
  type FakeTorrent,
} from "./fixture.ts";

const hashers = new HashWorkers({ count: 2 });
afterAll(() => hashers.close());

const FILES = [
  { path: ["t", "a"], length: 4 * 32_768 },
  { path: ["t", "b"], length: 3 * 32_768 + 100 },
  { path: ["t", "c"], length: 50 },
];
const torrent = fakeTorrent(FILES, 32_768);

function storageAt(root: string, of: FakeTorrent = torrent): TorrentStorage {
  return createStorage({ metainfo: of.metainfo, root, hashers });
}

/** Opens, closes, and tells what was had and how many pieces were hashed for that. */
async function reopen(root: string, options: OpenOptions = {}): Promise<{ have: number[]; hashed: number }> {
  let hashed = 0;
  const storage = storageAt(root);
  const have = await storage.open({ ...options, onProgress: (checked) => (hashed = checked) });
  await storage.close();
  return { have: [...have.indices()], hashed };
}

async function complete(root: string): Promise<void> {
  const storage = storageAt(root);
  await storage.open();
  await downloadAll(storage, torrent);
  await storage.close();
}

const ALL = [0, 1, 2, 3, 4, 5, 6, 7];

describe("opening with a clean journal", () => {
  it("reads no payload when the files are untouched", async () => {
    const root = await temporaryFolder();
    await complete(root);
    expect(await reopen(root)).toEqual({ have: ALL, hashed: 0 });
    expect(await reopen(root)).toEqual({ have: ALL, hashed: 0 });
  });

  it("hashes the pieces of a file whose time or size changed, and only those", async () => {
    const root = await temporaryFolder();
    await complete(root);
    const bytes = await readFile(join(root, "t", "a"));
    bytes[40_000]! ^= 1;
    await writeFile(join(root, "t", "a"), bytes);
    expect(await reopen(root)).toEqual({ have: [0, 2, 3, 4, 5, 6, 7], hashed: 4 });
    expect(await reopen(root)).toEqual({ have: [0, 2, 3, 4, 5, 6, 7], hashed: 0 });
    await truncate(join(root, "t", "b"), 40_000);
    expect(await reopen(root)).toEqual({ have: [0, 2, 3, 4], hashed: 1 });
  });

  it("notices a change that keeps size and time only in a full recheck", async () => {
    const root = await temporaryFolder();
    await complete(root);
    const path = join(root, "t", "a");
    const { atime, mtime } = await stat(path);
    const bytes = await readFile(path);
    bytes[0]! ^= 1;
    await utimes(path, atime, mtime); // whole ms, so that both times are the same
    const storage = storageAt(root);
    await storage.open();
    await storage.close();
    await writeFile(path, bytes);
    await utimes(path, atime, mtime);
    expect((await reopen(root)).have).toEqual(ALL);
    expect(await reopen(root, { recheck: "all" })).toEqual({ have: ALL.slice(1), hashed: 8 });
    expect((await reopen(root)).have).toEqual(ALL.slice(1));
  });

  it("drops the pieces of a file that is gone", async () => {
    const root = await temporaryFolder();
    await complete(root);
    await unlink(join(root, "t", "b"));
    expect(await reopen(root)).toEqual({ have: [0, 1, 2, 3], hashed: 0 });
  });

  it("finds files that were copied in between", async () => {
    const root = await temporaryFolder();
    const storage = storageAt(root);
    await storage.open();
    await download(storage, torrent, 0);
    await storage.close();
    await writeFile(join(root, "t", "b"), fileBytes(torrent, 1));
    expect(await reopen(root)).toEqual({ have: [0, 4, 5, 6], hashed: 3 });
  });

  it("does not believe it with the files of another time", async () => {
    const root = await temporaryFolder();
    await complete(root);
    const elsewhere = await temporaryFolder();
    await mkdir(join(elsewhere, "t"));
    for (const index of [0, 1, 2])
      await writeFile(join(elsewhere, ...FILES[index]!.path), noise(FILES[index]!.length, 5));
    await copyFile(join(root, journalName(torrent.metainfo)), join(elsewhere, journalName(torrent.metainfo)));
    expect(await reopen(elsewhere)).toEqual({ have: [], hashed: 8 });
  });
});

describe("opening without a journal", () => {
  it("hashes what is there", async () => {
    const root = await temporaryFolder();
    await complete(root);
    await unlink(join(root, journalName(torrent.metainfo)));
    expect(await reopen(root)).toEqual({ have: ALL, hashed: 8 });
    expect(await reopen(root)).toEqual({ have: ALL, hashed: 0 });
  });

  it("does not hash pieces of which bytes are missing", async () => {
    const root = await temporaryFolder();
    await mkdir(join(root, "t"));
    await writeFile(join(root, "t", "a"), fileBytes(torrent, 0).subarray(0, 70_000));
    expect(await reopen(root)).toEqual({ have: [0, 1], hashed: 2 });
  });

  it("hashes nothing in mode none, and believes only an untouched file", async () => {
    const root = await temporaryFolder();
    await complete(root);
    expect(await reopen(root, { recheck: "none" })).toEqual({ have: ALL, hashed: 0 });
    const now = new Date();
    await utimes(join(root, "t", "a"), now, now);
    expect(await reopen(root, { recheck: "none" })).toEqual({ have: [4, 5, 6, 7], hashed: 0 });
    await rm(join(root, journalName(torrent.metainfo)));
    expect(await reopen(root, { recheck: "none" })).toEqual({ have: [], hashed: 0 });
  });

  it("takes the torrent's part of a file that is too long, and leaves the rest alone", async () => {
    const root = await temporaryFolder();
    await complete(root);
    await appendFile(join(root, "t", "c"), "mine");
    await unlink(join(root, journalName(torrent.metainfo)));
    expect((await reopen(root)).have).toEqual(ALL);
    expect((await readFile(join(root, "t", "c"))).subarray(50).toString()).toBe("mine");
  });

  it("leaves nothing behind in a folder without data", async () => {
    const root = join(await temporaryFolder(), "new");
    expect(await reopen(root)).toEqual({ have: [], hashed: 0 });
    expect(existsSync(root)).toBe(false);
  });

  it("stops at the next step when it is aborted", async () => {
    const root = await temporaryFolder();
    await complete(root);
    const controller = new AbortController();
    const storage = storageAt(root);
    const opening = storage.open({
      recheck: "all",
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await expect(opening).rejects.toThrow(/abort/i);
    await storage.close();
    expect((await reopen(root)).have).toEqual(ALL);
  });
});

describe("other people's data", () => {
  it("is not written over", async () => {
    const root = await temporaryFolder();
    await mkdir(join(root, "t"));
    const mine = noise(5000, 77);
    await writeFile(join(root, "t", "a"), mine);
    const storage = storageAt(root);
    expect((await storage.open()).isEmpty).toBe(true);
    await expect(download(storage, torrent, 0)).rejects.toMatchObject({ code: "FOREIGN_DATA" });
    expect(await download(storage, torrent, 1)).toBe(true); // nothing of it is there
    await storage.close();
    expect((await readFile(join(root, "t", "a"))).subarray(0, 5000)).toEqual(Buffer.from(mine));
  });

  it("is written over where it is the same or zeros, as other clients leave it", async () => {
    const root = await temporaryFolder();
    await mkdir(join(root, "t"));
    const begun = new Uint8Array(50_000);
    begun.set(fileBytes(torrent, 0).subarray(0, 20_000));
    await writeFile(join(root, "t", "a"), begun);
    const storage = storageAt(root);
    await storage.open();
    await downloadAll(storage, torrent);
    await storage.close();
    expect(Buffer.compare(await readPayload(root, torrent, 0), fileBytes(torrent, 0))).toBe(0);
  });

  it("is repaired when it is a damaged copy of the torrent", async () => {
    const root = await temporaryFolder();
    await complete(root);
    await unlink(join(root, journalName(torrent.metainfo)));
    const path = join(root, "t", "b");
    const bytes = await readFile(path);
    bytes[10]! ^= 255;
    await writeFile(path, bytes);
    const storage = storageAt(root);
    expect([...(await storage.open()).indices()]).toEqual([0, 1, 2, 3, 5, 6, 7]);
    expect(await download(storage, torrent, 4)).toBe(true);
    await storage.close();
    expect(Buffer.compare(await readPayload(root, torrent, 1), fileBytes(torrent, 1))).toBe(0);
  });
});

describe("a download folder that is gone", () => {
  it("is not made anew when a journal elsewhere knows that it had data", async () => {
    const root = join(await temporaryFolder(), "disk");
    const journalPath = join(await temporaryFolder(), "journal");
    const open = (): TorrentStorage =>
      createStorage({ metainfo: torrent.metainfo, root, hashers, journalPath });
    const first = open();
    await first.open();
    await downloadAll(first, torrent);
    await first.close();
    await rename(root, `${root}-unplugged`);
    const second = open();
    await expect(second.open()).rejects.toMatchObject({ code: "NOT_FOUND" });
    await second.close();
    expect(existsSync(root)).toBe(false);
    await rename(`${root}-unplugged`, root);
    const third = open();
    expect((await third.open()).isFull).toBe(true);
    await third.close();
  });

  it("is not made anew while downloading", async () => {
    const root = await temporaryFolder();
    const storage = createStorage({ metainfo: torrent.metainfo, root, hashers });
    await storage.open();
    await rm(root, { recursive: true });
    await expect(download(storage, torrent, 0)).rejects.toMatchObject({ code: "NOT_FOUND" });
    await storage.close();
    expect(existsSync(root)).toBe(false);
  });
});

describe("removeJournal", () => {
  it("leaves only the payload", async () => {
    const root = await temporaryFolder();
    const storage = storageAt(root);
    await storage.open();
    await downloadAll(storage, torrent);
    await storage.close();
    expect(await readdir(root)).toEqual([journalName(torrent.metainfo), "t"]);
    await storage.removeJournal();
    expect(await readdir(root)).toEqual(["t"]);
  });
});
