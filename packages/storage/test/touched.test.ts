import { execFileSync } from "node:child_process";
import {
  copyFile,
  mkdir,
  open,
  readFile,
  rename,
  stat,
  symlink,
  truncate,
  unlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { createStorage, HashWorkers, type Disk, type TorrentStorage } from "@bt/storage";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { faultyDisk } from "./faulty-disk.ts";
import {
  download,
  downloadAll,
  fakeTorrent,
  fileBytes,
  noise,
  pieceBytes,
  temporaryFolder,
} from "./fixture.ts";

const hashers = new HashWorkers({ count: 1 });
afterAll(() => hashers.close());

const torrent = fakeTorrent(
  [
    { path: ["t", "a"], length: 20 * 16_384 },
    { path: ["t", "b"], length: 5 * 16_384 },
  ],
  16_384,
);
const { metainfo } = torrent;

async function complete(root: string): Promise<void> {
  const storage = createStorage({ metainfo, root, hashers });
  await storage.open();
  await downloadAll(storage, torrent);
  await storage.close();
}

describe("a file that another one of the same length and time has taken the place of", () => {
  /** Replaces file a by `bytes` with the same time, and tells what opening makes of that. */
  async function replaced(
    bytes: Uint8Array,
  ): Promise<{ haveCount: number; hashed: number; sampled: number }> {
    const root = await temporaryFolder();
    await complete(root);
    const path = join(root, "t", "a");
    // Whole milliseconds, so that both times are the same.
    const time = new Date(1_700_000_000_000);
    await utimes(path, time, time);
    await reopen(root);
    await writeFile(`${path}.new`, bytes);
    await utimes(`${path}.new`, time, time);
    await rename(`${path}.new`, path);
    return reopen(root);
  }

  async function reopen(root: string): Promise<{ haveCount: number; hashed: number; sampled: number }> {
    let hashed = 0;
    let sampled = 0;
    const spy = vi.spyOn(hashers, "hashPieces").mockImplementation(async (source, options) => {
      spy.mockRestore();
      const runs = [...options.runs];
      for (const [, count] of runs) sampled += count;
      await hashers.hashPieces(source, { ...options, runs });
    });
    const storage = createStorage({ metainfo, root, hashers });
    const have = await storage.open({ onProgress: () => hashed++ });
    await storage.close();
    spy.mockRestore();
    return { haveCount: have.count, hashed, sampled };
  }

  it("is not believed to be the one that it was", async () => {
    const { haveCount, hashed } = await replaced(noise(20 * 16_384, 5));
    expect({ haveCount, hashed }).toEqual({ haveCount: 5, hashed: 20 });
  });

  it("is hashed as a whole when only its end is another one", async () => {
    const bytes = fileBytes(torrent, 0).slice();
    bytes[bytes.length - 1]! ^= 1;
    const { haveCount, hashed } = await replaced(bytes);
    expect({ haveCount, hashed }).toEqual({ haveCount: 24, hashed: 20 });
  });

  it("is believed on the word of a few pieces when it is a copy", async () => {
    expect(await replaced(fileBytes(torrent, 0))).toEqual({ haveCount: 25, hashed: 0, sampled: 8 });
  });
});

describe("while a complete torrent is read from", () => {
  let now = 0;
  beforeEach(() => {
    now = 1e6;
    vi.spyOn(performance, "now").mockImplementation(() => now);
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  async function seeding(disk?: Disk): Promise<{ storage: TorrentStorage; path: string; root: string }> {
    const root = await temporaryFolder();
    await complete(root);
    const storage = createStorage({ metainfo, root, hashers, disk });
    await storage.open();
    return { storage, path: join(root, "t", "a"), root };
  }

  const read = async (storage: TorrentStorage): Promise<Uint8Array> => {
    const into = new Uint8Array(16_384);
    await storage.read([{ offset: 0, into }]);
    return into;
  };

  it.each<[string, string, (path: string, root: string) => Promise<unknown>]>([
    ["changed in place", "FILE_CHANGED", (path) => writeAt(path, 5, Buffer.of(1, 2, 3))],
    ["longer", "FILE_CHANGED", (path) => writeAt(path, 20 * 16_384, Buffer.of(1))],
    ["cut", "FILE_TRUNCATED", (path) => truncate(path, 30_000)],
    ["deleted", "NOT_FOUND", (path) => unlink(path)],
    [
      "replaced",
      "FILE_CHANGED",
      async (path) => {
        await copyFile(path, `${path}.new`);
        await rename(`${path}.new`, path);
      },
    ],
    [
      "replaced by a folder",
      "NOT_A_FILE",
      async (path) => {
        await unlink(path);
        await mkdir(path);
      },
    ],
    [
      "replaced by a link",
      "OUTSIDE_ROOT",
      async (path, root) => {
        await rename(path, join(root, "elsewhere"));
        await symlink(join(root, "elsewhere"), path);
      },
    ],
    ["gone with its folder", "NOT_FOUND", (_, root) => rename(root, `${root}-gone`)],
  ])("a file that is %s is noticed within a second, open or not", async (_, code, change) => {
    for (const isOpen of [true, false]) {
      const { storage, path, root } = await seeding();
      if (isOpen) expect(Buffer.compare(await read(storage), pieceBytes(torrent, 0))).toBe(0);
      await change(path, root);
      now += 1001;
      await expect(read(storage)).rejects.toMatchObject({ code });
      await storage.close();
    }
  });

  it("a look is taken once a second, not at each read, and an untouched file passes", async () => {
    const { disk, records } = faultyDisk(() => undefined);
    const { storage } = await seeding(disk);
    await read(storage);
    const before = records.length;
    for (let i = 0; i < 10; i++) await read(storage);
    expect(records.slice(before).map(({ call }) => call)).toEqual(Array(10).fill("readv"));
    now += 1001;
    for (let i = 0; i < 10; i++) await read(storage);
    expect(records.slice(before).filter(({ call }) => call === "fstat")).toHaveLength(1);
    await storage.close();
  });

  it("pieces that come, moves and renames are no change by others", async () => {
    const root = await temporaryFolder();
    const storage = createStorage({ metainfo, root, hashers });
    await storage.open();
    for (let piece = 0; piece < torrent.pieceCount; piece++) {
      await download(storage, torrent, piece);
      now += 1001;
      const reading = read(storage);
      if (piece % 4 === 0) await storage.flush();
      expect(Buffer.compare(await reading, pieceBytes(torrent, 0))).toBe(0);
      if (piece % 7 === 3) await Promise.all([storage.move(`${root}-${piece}`), read(storage)]);
      now += 1001;
      if (piece % 7 === 5)
        await Promise.all([storage.rename([storage.pathOf(0)[0]!], [`u${piece}`]), read(storage)]);
    }
    await storage.flush();
    now += 1001;
    await read(storage);
    await storage.deleteData();
  });
});

describe.skipIf(process.getuid?.() !== 0 || process.platform !== "linux")("a disk that is unmounted", () => {
  it("leaves a folder of its own behind, in which nothing is made", async () => {
    const root = await temporaryFolder();
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=4m", "none", root]);
    const storage = createStorage({ metainfo, root, hashers });
    try {
      await storage.open();
      await download(storage, torrent, 0);
      await storage.flush();
    } finally {
      execFileSync("umount", ["-l", root]);
    }
    // Of file b nothing is open yet.
    await expect(download(storage, torrent, 22)).rejects.toMatchObject({ code: "NOT_FOUND" });
    await storage.close().catch(() => {});
    expect(execFileSync("ls", ["-A", root], { encoding: "utf8" })).toBe("");
  });
});

describe("full allocation", () => {
  it("ends when the storage is closed, and goes on at the next start", async () => {
    const root = await temporaryFolder();
    const big = fakeTorrent([{ path: ["big"], length: 8 * 1024 * 1024 }], 1024 * 1024);
    const { disk, records } = faultyDisk(() => undefined);
    const storage = createStorage({
      metainfo: big.metainfo,
      root,
      hashers,
      disk: {
        ...disk,
        write: (...args) => {
          disk.write(...args);
          if (records.filter(({ call, path }) => call === "write" && path.endsWith("big")).length === 3)
            void storage.close();
        },
      },
      allocation: "full",
    });
    await storage.open();
    await expect(download(storage, big, 0)).rejects.toMatchObject({ code: "CLOSED" });
    await storage.close();
    expect((await stat(join(root, "big"))).size).toBeLessThan(8 * 1024 * 1024);
    const again = createStorage({ metainfo: big.metainfo, root, hashers, allocation: "full" });
    await again.open();
    await downloadAll(again, big);
    await again.close();
    expect(Buffer.compare(await readFile(join(root, "big")), big.content)).toBe(0);
  });
});

async function writeAt(path: string, position: number, bytes: Uint8Array): Promise<void> {
  const file = await open(path, "r+");
  await file.write(bytes, 0, bytes.length, position);
  await file.close();
}
