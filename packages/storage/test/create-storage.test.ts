import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { createStorage, HashWorkers } from "@bt/storage";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import {
  download,
  downloadAll,
  fakeTorrent,
  fileBytes,
  noise,
  pieceBytes,
  readPayload,
  temporaryFolder,
} from "./fixture.ts";

const hashers = new HashWorkers({ count: 2 });
afterAll(() => hashers.close());

const FILES = [
  { path: ["t", "a"], length: 50_000 },
  { path: ["t", "empty"], length: 0 },
  { path: ["t", "sub", "b"], length: 1 },
  { path: ["t", "sub", "c"], length: 70_000, executable: true },
];

describe("commit", () => {
  it("writes each piece to the files it spans, and read gives it back", async () => {
    const root = await temporaryFolder();
    const torrent = fakeTorrent(FILES, 32_768);
    const storage = createStorage({ metainfo: torrent.metainfo, root, hashers });
    expect((await storage.open()).isEmpty).toBe(true);
    await downloadAll(storage, torrent);
    expect(storage.have.isFull).toBe(true);
    for (const index of FILES.keys()) {
      expect(Buffer.compare(await readPayload(root, torrent, index), fileBytes(torrent, index))).toBe(0);
    }
    const into = new Uint8Array(torrent.content.length);
    await storage.read([{ offset: 0, into }]);
    expect(Buffer.compare(into, torrent.content)).toBe(0);
    expect((await stat(join(root, "t", "sub", "c"))).mode & 0o100).toBe(0o100);
    await storage.close();
  });

  it("writes nothing when the hash does not match", async () => {
    const root = await temporaryFolder();
    const torrent = fakeTorrent(FILES, 32_768);
    const storage = createStorage({ metainfo: torrent.metainfo, root, hashers });
    await storage.open();
    const buffer = storage.acquire(0)!;
    const bytes = noise(32_768, 99);
    buffer.put(0, bytes, 0, bytes.length);
    buffer.blockDone(0, bytes.length);
    expect(await storage.commit(buffer)).toBe(false);
    expect(storage.have.isEmpty).toBe(true);
    await storage.close();
    expect(await readdir(root)).toEqual([]);
  });

  it("makes a sparse file only when its first piece comes", async () => {
    const root = await temporaryFolder();
    const torrent = fakeTorrent(FILES, 32_768);
    const storage = createStorage({ metainfo: torrent.metainfo, root, hashers });
    await storage.open();
    expect(await readdir(root)).toEqual([]);
    await download(storage, torrent, 2);
    expect(existsSync(join(root, "t", "a"))).toBe(false);
    expect(existsSync(join(root, "t", "empty"))).toBe(true);
    expect((await stat(join(root, "t", "sub", "c"))).size).toBe(3 * 32_768 - 50_001);
    await storage.close();
  });

  it("never writes pad files", async () => {
    const root = await temporaryFolder();
    const files = [
      { path: ["a"], length: 40_000 },
      { path: [".pad", "25536"], length: 25_536, pad: true },
      { path: ["b"], length: 100 },
    ];
    const torrent = fakeTorrent(files, 32_768);
    const storage = createStorage({ metainfo: torrent.metainfo, root, hashers });
    await storage.open();
    await downloadAll(storage, torrent);
    const into = new Uint8Array(torrent.content.length).fill(1);
    await storage.read([{ offset: 0, into }]);
    expect(Buffer.compare(into, torrent.content)).toBe(0);
    await storage.close();
    expect((await readdir(root)).filter((name) => !name.endsWith(".bt-resume")).sort()).toEqual(["a", "b"]);
  });

  it("gives the same verdict on the loop and in a worker, whatever the order of the blocks", async () => {
    const root = await temporaryFolder();
    const torrent = fakeTorrent([{ path: ["big"], length: 3_000_001 }], 1_048_576);
    for (const placement of ["loop", "worker"] as const) {
      const storage = createStorage({
        metainfo: torrent.metainfo,
        root,
        hashers,
        placeHash: () => placement,
      });
      await storage.open({ recheck: "none" });
      expect(await download(storage, torrent, 0, (blocks) => blocks.reverse())).toBe(true);
      expect(
        await download(storage, torrent, 1, (blocks) =>
          blocks.sort((a, b) => ((a * 7) % 13) - ((b * 7) % 13)),
        ),
      ).toBe(true);
      expect(await download(storage, torrent, 2)).toBe(true);
      const buffer = storage.acquire(1)!;
      const bytes = pieceBytes(torrent, 1).slice();
      bytes[500_000]! ^= 1;
      buffer.put(0, bytes, 0, bytes.length);
      buffer.blockDone(0, bytes.length);
      expect(await storage.commit(buffer)).toBe(false);
      await storage.close();
    }
  });
});

describe("any layout", () => {
  const lengths = fc.oneof(
    fc.integer({ min: 0, max: 3 }),
    fc.integer({ min: 0, max: 100_000 }),
    fc.constantFrom(16_384, 32_768, 16_383, 32_769),
  );
  const layouts = fc.record({
    files: fc.array(fc.record({ length: lengths, pad: fc.boolean() }), { minLength: 1, maxLength: 12 }),
    pieceLength: fc.constantFrom(1000, 16_384, 32_768, 65_536),
    seed: fc.nat(1000),
  });

  it("round-trips through files, a restart and a recheck", async () => {
    const run = async ({
      files,
      pieceLength,
      seed,
    }: {
      files: { length: number; pad: boolean }[];
      pieceLength: number;
      seed: number;
    }) => {
      const root = await temporaryFolder();
      const named = files.map(({ length, pad }, i) => ({ path: [`d${i % 3}`, `f${i}`], length, pad }));
      const torrent = fakeTorrent(named, pieceLength, seed);
      const first = createStorage({ metainfo: torrent.metainfo, root, hashers });
      await first.open();
      await downloadAll(first, torrent);
      await first.close();
      for (const [index, { pad }] of named.entries()) {
        if (pad || torrent.pieceCount === 0) continue;
        expect(Buffer.compare(await readPayload(root, torrent, index), fileBytes(torrent, index))).toBe(0);
      }
      for (const recheck of ["auto", "all"] as const) {
        const again = createStorage({ metainfo: torrent.metainfo, root, hashers });
        expect((await again.open({ recheck })).isFull).toBe(true);
        const ranges = [];
        for (let offset = 0; offset < torrent.content.length; offset += 5000) {
          ranges.push({ offset, into: new Uint8Array(Math.min(5000, torrent.content.length - offset)) });
        }
        await again.read(ranges);
        expect(Buffer.compare(Buffer.concat(ranges.map(({ into }) => into)), torrent.content)).toBe(0);
        await again.close();
      }
    };
    await fc.assert(fc.asyncProperty(layouts, run), { numRuns: 40 });
  });
});
