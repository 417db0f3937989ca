import { existsSync } from "node:fs";
import { readdir, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createStorage, HashWorkers, journalName, type TorrentStorage } from "@bt/storage";
import { afterAll, describe, expect, it } from "vitest";
import { faultyDisk } from "./faulty-disk.ts";
import { download, fakeTorrent, fileBytes, pieceBytes, readPayload, temporaryFolder } from "./fixture.ts";

const hashers = new HashWorkers({ count: 1 });
afterAll(() => hashers.close());

// Pieces of 16 KiB: a is in 0–1, b in 1–4, the two small ones in 4, c in 4–6.
const torrent = fakeTorrent(
  [
    { path: ["t", "a"], length: 20_000 },
    { path: ["t", "sub", "b"], length: 50_000 },
    { path: ["t", "tiny"], length: 100 },
    { path: ["t", "empty"], length: 0 },
    { path: ["t", "c"], length: 40_000 },
  ],
  16_384,
);
const { metainfo } = torrent;
const [A, B, TINY, EMPTY, C] = [0, 1, 2, 3, 4] as const;
const PART_NAME = journalName(metainfo).replace(".bt-resume", ".bt-parts");

const open = async (root: string, unwanted: number[], options: object = {}): Promise<TorrentStorage> => {
  const storage = createStorage({ metainfo, root, hashers, ...options });
  await storage.open({ unwanted: new Set(unwanted) });
  return storage;
};

/** Fetches what a client fetches: pieces with a byte of a wanted file. */
async function fetchWanted(storage: TorrentStorage, wanted: number[]): Promise<void> {
  for (const file of wanted) {
    const { first, end } = metainfo.layout.piecesOfFile(file);
    for (let piece = first; piece < end; piece++)
      if (!storage.have.has(piece)) expect(await download(storage, torrent, piece)).toBe(true);
  }
}

async function expectReadable(storage: TorrentStorage): Promise<void> {
  for (const piece of storage.have.indices()) {
    const into = new Uint8Array(metainfo.layout.pieces.pieceLengthAt(piece));
    await storage.read([{ offset: metainfo.layout.pieces.offsetOf(piece), into }]);
    expect(Buffer.compare(into, pieceBytes(torrent, piece)), `piece ${piece}`).toBe(0);
  }
}

describe("the neighbours of wanted files", () => {
  it("are not made: their bytes go to the part file, are read from there, and are trusted after a restart", async () => {
    const root = await temporaryFolder();
    const storage = await open(root, [A, TINY, EMPTY, C]);
    await fetchWanted(storage, [B]);
    await expectReadable(storage);
    await storage.close();
    expect((await readdir(root)).sort()).toEqual([journalName(metainfo), PART_NAME, "t"].sort());
    expect(await readdir(join(root, "t"))).toEqual(["sub"]);
    expect(Buffer.compare(await readPayload(root, torrent, B), fileBytes(torrent, B))).toBe(0);

    const { disk, records } = faultyDisk(() => undefined);
    const again = await open(root, [A, TINY, EMPTY, C], { disk });
    expect([...again.have.indices()]).toEqual([1, 2, 3, 4]);
    const payloadReads = records.filter(
      ({ call, path }) => (call === "read" || call === "readv") && !path.includes("bt-resume"),
    );
    expect(payloadReads).toEqual([]);
    await expectReadable(again);
    await again.close();
  });

  it("get their bytes when they are wanted after all, and the part file goes when nothing is left in it", async () => {
    const root = await temporaryFolder();
    const storage = await open(root, [A, TINY, C]);
    await fetchWanted(storage, [B]);
    await storage.setUnwanted(new Set([C]));
    expect(existsSync(join(root, PART_NAME))).toBe(true);
    expect(Buffer.compare(await readPayload(root, torrent, TINY), fileBytes(torrent, TINY))).toBe(0);
    await expectReadable(storage);
    await fetchWanted(storage, [A]);
    await storage.setUnwanted(new Set());
    expect(existsSync(join(root, PART_NAME))).toBe(false);
    await fetchWanted(storage, [C]);
    expect(storage.have.isFull).toBe(true);
    await expectReadable(storage);
    await storage.close();
    for (const file of [A, B, TINY, C])
      expect(Buffer.compare(await readPayload(root, torrent, file), fileBytes(torrent, file))).toBe(0);
    const again = await open(root, []);
    expect(again.have.isFull).toBe(true);
    await again.close();
  });

  it("get them at the next start, too", async () => {
    const root = await temporaryFolder();
    const storage = await open(root, [A, TINY, C]);
    await fetchWanted(storage, [B]);
    await storage.close();
    const again = await open(root, []);
    expect([...again.have.indices()]).toEqual([1, 2, 3, 4]);
    await expectReadable(again);
    expect(existsSync(join(root, PART_NAME))).toBe(false);
    expect(existsSync(join(root, "t", "tiny"))).toBe(true);
    await again.close();
  });

  it("that are there already stay where they are when they become unwanted", async () => {
    const root = await temporaryFolder();
    const storage = await open(root, []);
    await fetchWanted(storage, [A]);
    await storage.setUnwanted(new Set([A, B, TINY, C]));
    expect(await download(storage, torrent, 4)).toBe(true);
    await storage.close();
    expect((await readdir(join(root, "t"))).sort()).toEqual(["a", "empty", "sub"]);
    expect((await stat(join(root, "t", "sub", "b"))).size).toBe(50_000);
  });

  it("are found by hashing when the journal is lost, and when everything is checked", async () => {
    const root = await temporaryFolder();
    const storage = await open(root, [A, TINY, C]);
    await fetchWanted(storage, [B]);
    await storage.close();
    await rm(join(root, journalName(metainfo)));
    const again = await open(root, [A, TINY, C]);
    expect([...again.have.indices()]).toEqual([1, 2, 3, 4]);
    await expectReadable(again);
    await again.close();
    const third = createStorage({ metainfo, root, hashers });
    await third.open({ recheck: "all", unwanted: new Set([A, TINY, C]) });
    expect([...third.have.indices()]).toEqual([1, 2, 3, 4]);
    await third.close();
  });

  it("are not had when the part file was cut or changed", async () => {
    const root = await temporaryFolder();
    const storage = await open(root, [A, TINY, C]);
    await fetchWanted(storage, [B]);
    await storage.close();
    await truncate(join(root, PART_NAME), 16_384 + 10);
    const again = await open(root, [A, TINY, C]);
    expect([...again.have.indices()]).toEqual([1, 2, 3]);
    await again.close();
    await writeFile(join(root, PART_NAME), new Uint8Array(40_000));
    const third = await open(root, [A, TINY, C]);
    expect([...third.have.indices()]).toEqual([2, 3]);
    await third.close();
  });

  it("lose nothing when the process dies at any call of the move to their place", async () => {
    const prepare = async (): Promise<string> => {
      const root = await temporaryFolder();
      const storage = await open(root, [A, TINY, C]);
      await fetchWanted(storage, [B]);
      await storage.close();
      return root;
    };
    const { disk, records } = faultyDisk(() => undefined);
    const whole = await open(await prepare(), [A, TINY, C], { disk });
    const before = records.length;
    await whole.setUnwanted(new Set());
    const callCount = records.length;
    await whole.close();
    expect(callCount - before).toBeGreaterThan(20);
    for (let n = before; n < callCount; n++) {
      const root = await prepare();
      const { disk: dyingDisk, death } = faultyDisk((call) => (call >= n ? "dead" : undefined));
      const dying = await open(root, [A, TINY, C], { disk: dyingDisk });
      void dying.setUnwanted(new Set()).catch(() => {});
      await death;
      const again = await open(root, []);
      expect([...again.have.indices()], `dead at call ${n}`).toEqual([1, 2, 3, 4]);
      await expectReadable(again);
      await again.close();
    }
  });

  it("keep the part file's share of a full disk apart: a failed move leaves everything as it was", async () => {
    const root = await temporaryFolder();
    let isFull = false;
    const { disk } = faultyDisk((_, { call, path }) =>
      isFull && call === "write" && path.endsWith("tiny") ? { code: "ENOSPC" } : undefined,
    );
    const storage = await open(root, [A, TINY, C], { disk });
    await fetchWanted(storage, [B]);
    isFull = true;
    await expect(storage.setUnwanted(new Set([C]))).rejects.toMatchObject({ code: "DISK_FULL" });
    await expectReadable(storage);
    isFull = false;
    await storage.setUnwanted(new Set([C]));
    await expectReadable(storage);
    await storage.close();
  });
});
