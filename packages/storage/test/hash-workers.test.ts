import { execFileSync } from "node:child_process";
import { appendFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createTorrent, insertPadFiles, parseTorrent, type Metainfo } from "@bt/metainfo";
import {
  createStorage,
  hashFiles,
  hashFileTrees,
  hashHybrid,
  HashWorkers,
  type HashedFile,
  scanPayload,
  verifyData,
} from "@bt/storage";
import fc from "fast-check";
import { afterAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { noise, sha1, temporaryFolder } from "./fixture.ts";

const hashers = new HashWorkers({ count: 2 });
afterAll(() => hashers.close());

async function writeTree(lengths: readonly number[], seed: number): Promise<string> {
  const folder = join(await temporaryFolder(), "payload");
  for (const [i, length] of lengths.entries()) {
    await mkdir(join(folder, `d${i % 3}`), { recursive: true });
    await writeFile(join(folder, `d${i % 3}`, `f${i}`), noise(length, seed + i));
  }
  return folder;
}

/** A torrent of what is in `folder`, as `bt create` makes it. */
async function makeTorrent(
  folder: string,
  version: Metainfo["version"],
  pieceLength: number,
): Promise<Metainfo> {
  const { name, files } = await scanPayload(folder);
  if (version === "v1") {
    const pieceHashes = await hashFiles({ files, pieceLength, workers: hashers });
    return parseTorrent(createTorrent({ name, files, pieceLength, pieceHashes }));
  }
  const trees = await hashFileTrees({ files, pieceLength, workers: hashers });
  const hashed = files.map((file, i) => ({ ...file, ...trees[i] }));
  if (version === "v2") return parseTorrent(createTorrent({ name, files: hashed, pieceLength }));
  const padded = insertPadFiles(hashed, pieceLength);
  const sources = padded.map((file) => ({
    ...file,
    absolutePath: (file as { absolutePath?: string }).absolutePath,
  }));
  const pieceHashes = await hashFiles({ files: sources, pieceLength, workers: hashers });
  return parseTorrent(createTorrent({ name, files: padded, pieceLength, pieceHashes }));
}

describe("hashFiles", () => {
  it("gives the SHA-1 of every piece across files, whatever their sizes", async () => {
    const lengths = fc.array(fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 200_000 })), {
      minLength: 1,
      maxLength: 8,
    });
    await fc.assert(
      fc.asyncProperty(lengths, fc.constantFrom(1000, 16_384, 65_536), async (sizes, pieceLength) => {
        const folder = await writeTree(sizes, 1);
        const files = sizes.map((length, i) => ({
          absolutePath: join(folder, `d${i % 3}`, `f${i}`),
          length,
        }));
        const hashes = await hashFiles({ files, pieceLength, workers: hashers });
        const content = Buffer.concat(sizes.map((length, i) => noise(length, 1 + i)));
        const expected: Uint8Array[] = [];
        for (let at = 0; at < content.length; at += pieceLength)
          expected.push(sha1(content.subarray(at, at + pieceLength)));
        expect(Buffer.compare(hashes, Buffer.concat(expected))).toBe(0);
      }),
      { numRuns: 25 },
    );
  });

  it("gives a hybrid both hashes over one reading, the same as over one for each", async () => {
    const length = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 200_000 }));
    await fc.assert(
      fc.asyncProperty(
        fc.array(length, { minLength: 1, maxLength: 8 }),
        fc.boolean(),
        async (sizes, onThisThread) => {
          const pieceLength = 32_768;
          const { files } = await scanPayload(await writeTree(sizes, 1));
          const { trees, pieceHashes } = await hashHybrid({
            files,
            pieceLength,
            workers: hashers,
            onThisThread,
          });
          expect(trees).toEqual(await hashFileTrees({ files, pieceLength, workers: hashers }));
          const padded = insertPadFiles(files, pieceLength) as (HashedFile & { pad?: boolean })[];
          const expected = await hashFiles({ files: padded, pieceLength, workers: hashers });
          expect(Buffer.compare(pieceHashes, expected)).toBe(0);
        },
      ),
      { numRuns: 25 },
    );
  });

  it("hashes little in the calling thread alone, much together with other threads, the same", async () => {
    const path = join(await temporaryFolder(), "long");
    const pieceLength = 1_048_576;
    for (const [length, threadCount] of [
      [3_000_000, 0],
      [80_000_000, 1],
    ] as const) {
      await writeFile(path, Buffer.alloc(length, noise(100_003, length)));
      const files = [{ absolutePath: path, length }];
      const workers = new HashWorkers({ count: 2 });
      const seen: number[] = [];
      const onProgress = (done: number): void => void seen.push(done);
      const clock = vi.spyOn(performance, "now").mockReturnValue(0);
      const here = await hashFiles({ files, pieceLength, workers, onThisThread: true, onProgress });
      clock.mockRestore();
      expect(workers.startedCount).toBe(threadCount);
      expect(seen).toEqual(seen.map((_, i) => i + 1));
      expect(here).toEqual(await hashFiles({ files, pieceLength, workers: hashers }));
      await workers.close();
    }
  });

  it("tells of a small file that became longer, shorter, a folder or a pipe", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "file"), noise(1_000, 1));
    await mkdir(join(folder, "folder"));
    execFileSync("mkfifo", [join(folder, "pipe")]);
    for (const [name, length, why] of [
      ["file", 999, "it has 1000 bytes, not 999"],
      ["file", 1_001, "it has 1000 bytes, not 1001"],
      ["folder", 1_000, "it is no regular file any more"],
      ["pipe", 1_000, "it is no regular file any more"],
    ] as const) {
      const files = [{ absolutePath: join(folder, name), length }];
      const hashing = hashFiles({ files, pieceLength: 16_384, onThisThread: true });
      await expect(hashing).rejects.toMatchObject({ code: "FILE_CHANGED" });
      await expect(hashing).rejects.toThrow(why);
    }
  });

  it("leaves the rest to another thread when the calling one is held up by the disk", async () => {
    const path = join(await temporaryFolder(), "slow");
    const pieceLength = 1_048_576;
    await writeFile(path, Buffer.alloc(10_000_000, noise(100_003, 1)));
    const files = [{ absolutePath: path, length: 10_000_000 }];
    const workers = new HashWorkers({ count: 1 });
    onTestFinished(() => workers.close());
    let now = 0;
    const clock = vi.spyOn(performance, "now").mockImplementation(() => (now += 101));
    const hashes = await hashFiles({ files, pieceLength, workers, onThisThread: true });
    clock.mockRestore();
    expect(workers.startedCount).toBe(1);
    expect(hashes).toEqual(await hashFiles({ files, pieceLength, workers: hashers }));
  });

  it("starts the threads that many bytes are worth before the files are known, none for few", async () => {
    const workers = new HashWorkers({ count: 3 });
    onTestFinished(() => workers.close());
    workers.warmUp(64 * 1024 * 1024);
    expect(workers.startedCount).toBe(0);
    workers.warmUp(64 * 1024 * 1024 + 1);
    expect(workers.startedCount).toBe(2);
    workers.warmUp(1e12);
    expect(workers.startedCount).toBe(2);
  });

  it("hashes each piece once, however large the file, with pieces smaller and larger than what is read at a time", async () => {
    const path = join(await temporaryFolder(), "large");
    const length = 150_000_001;
    const content = Buffer.alloc(length, noise(1_000_003, 7));
    await writeFile(path, content);
    const workers = new HashWorkers({ count: 2 });
    onTestFinished(() => workers.close());
    for (const pieceLength of [300_000, 1_048_576, 1_500_000, 16_777_216]) {
      const files = [{ absolutePath: path, length }];
      const hashes = await hashFiles({ files, pieceLength, workers, onThisThread: true });
      const expected: Uint8Array[] = [];
      for (let at = 0; at < length; at += pieceLength)
        expected.push(sha1(content.subarray(at, at + pieceLength)));
      expect(Buffer.compare(hashes, Buffer.concat(expected)), `${pieceLength}`).toBe(0);
    }
  });

  it("tells in the calling thread too of a file that has changed, and stops when told to", async () => {
    const path = join(await temporaryFolder(), "short");
    await writeFile(path, noise(1_000, 1));
    const files = [{ absolutePath: path, length: 2_000 }];
    await expect(hashFiles({ files, pieceLength: 16, onThisThread: true })).rejects.toMatchObject({
      code: "FILE_CHANGED",
      data: { path },
    });
    await expect(
      hashFiles({
        files,
        pieceLength: 16,
        onThisThread: true,
        signal: AbortSignal.abort(new Error("enough")),
      }),
    ).rejects.toThrow("enough");
  });

  it("hashes a long file with pieces longer than a worker reads at once", async () => {
    const content = noise(9_500_000, 4);
    const path = join(await temporaryFolder(), "long");
    await writeFile(path, content);
    const seen: number[] = [];
    const pieceLength = 4 * 1024 * 1024;
    const hashes = await hashFiles({
      files: [{ absolutePath: path, length: content.length }],
      pieceLength,
      workers: 2,
      onProgress: (done, total) => seen.push(done, total),
    });
    for (let piece = 0; piece < 3; piece++) {
      const expected = sha1(content.subarray(piece * pieceLength, (piece + 1) * pieceLength));
      expect(hashes.slice(piece * 20, piece * 20 + 20)).toEqual(expected);
    }
    expect(seen).toEqual([1, 3, 2, 3, 3, 3]);
  });

  it("rejects a file that is gone or has another length than was said", async () => {
    const path = join(await temporaryFolder(), "file");
    const hash = () =>
      hashFiles({ files: [{ absolutePath: path, length: 100 }], pieceLength: 64, workers: hashers });
    await expect(hash()).rejects.toMatchObject({ code: "NOT_FOUND", data: { path } });
    await writeFile(path, noise(100, 1));
    expect((await hash()).length).toBe(40);
    await appendFile(path, "x");
    await expect(hash()).rejects.toMatchObject({ code: "FILE_CHANGED", data: { path } });
  });

  it("can be aborted", async () => {
    const path = join(await temporaryFolder(), "file");
    await writeFile(path, noise(3_000_000, 1));
    const controller = new AbortController();
    const hashing = hashFiles({
      files: [{ absolutePath: path, length: 3_000_000 }],
      pieceLength: 16_384,
      workers: hashers,
      signal: controller.signal,
      onProgress: () => controller.abort(new Error("enough")),
    });
    await expect(hashing).rejects.toThrow("enough");
    await expect(hashFiles({ files: [], pieceLength: 16, signal: AbortSignal.abort() })).resolves.toEqual(
      new Uint8Array(),
    );
  });
});

describe.each(["v1", "v2", "hybrid"] as const)("a %s torrent", (version) => {
  const sizes = [0, 1, 16_384, 16_385, 32_768, 100_000, 70_000, 5, 65_537];

  it("is made from files, verified, damaged, and repaired block by block", async () => {
    const folder = await writeTree(sizes, 9);
    const root = join(folder, "..");
    const metainfo = await makeTorrent(folder, version, 32_768);
    expect(metainfo.version).toBe(version);
    const good = await verifyData({ metainfo, root, workers: hashers });
    expect(good).toMatchObject({
      isGood: true,
      badPieces: [],
      incompletePieces: [],
      goodPieceCount: metainfo.pieceCount,
    });
    expect(good.files.length).toBe(sizes.length);

    const source = createStorage({ metainfo, root, hashers });
    expect((await source.open()).isFull).toBe(true);
    for (const placement of ["loop", "worker"] as const) {
      const copy = await temporaryFolder();
      const target = createStorage({ metainfo, root: copy, hashers, placeHash: () => placement });
      const have = await target.open();
      for (let piece = 0; piece < metainfo.pieceCount; piece++) {
        if (have.has(piece)) continue;
        const bytes = new Uint8Array(metainfo.layout.pieces.pieceLengthAt(piece));
        await source.read([{ offset: metainfo.layout.pieces.offsetOf(piece), into: bytes }]);
        const spoiled = target.acquire(piece)!;
        spoiled.put(0, bytes, 0, bytes.length);
        spoiled.put(bytes.length - 1, Uint8Array.of(bytes.at(-1)! ^ 4), 0, 1);
        spoiled.blockDone(0, bytes.length);
        expect(await target.commit(spoiled)).toBe(false);
        const buffer = target.acquire(piece)!;
        buffer.put(0, bytes, 0, bytes.length);
        buffer.blockDone(0, bytes.length);
        expect(await target.commit(buffer)).toBe(true);
      }
      await target.close();
      expect((await verifyData({ metainfo, root: copy, workers: hashers })).isGood).toBe(true);
      const again = createStorage({ metainfo, root: copy, hashers });
      expect((await again.open({ recheck: "all" })).isFull).toBe(true);
      await again.close();
    }
    await source.close();
  });
});

describe("HashWorkers", () => {
  it("start when they are needed", async () => {
    const workers = new HashWorkers({ count: 3 });
    expect(workers.startedCount).toBe(0);
    const { digest, bytes } = await workers.hashBuffer(new Uint8Array(100).fill(5));
    expect(workers.startedCount).toBe(1);
    expect(digest).toEqual(sha1(bytes));
    await workers.hashBuffer(bytes);
    expect(workers.startedCount).toBe(1);
    await workers.close();
  });

  it("end when they have had nothing to do for a while, and start again", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const workers = new HashWorkers({ count: 1 });
    const { bytes } = await workers.hashBuffer(new Uint8Array(100).fill(5));
    vi.advanceTimersByTime(4_000);
    const { bytes: again } = await workers.hashBuffer(bytes);
    vi.advanceTimersByTime(4_000);
    expect(workers.startedCount).toBe(1);
    vi.advanceTimersByTime(2_000);
    expect(workers.startedCount).toBe(0);
    expect((await workers.hashBuffer(again)).digest).toEqual(sha1(new Uint8Array(100).fill(5)));
    expect(workers.startedCount).toBe(1);
    await workers.close();
  });

  it("give a small job to one thread", async () => {
    const workers = new HashWorkers({ count: 3 });
    const folder = await writeTree([5_000], 9);
    const { files } = await scanPayload(folder);
    await hashFiles({ files, pieceLength: 1_024, workers });
    expect(workers.startedCount).toBe(1);
    await workers.close();
  });

  it("hash many buffers at a time", async () => {
    const buffers = Array.from({ length: 30 }, (_, i) => noise(i * 1000 + 1, i) as Uint8Array<ArrayBuffer>);
    const expected = buffers.map(sha1);
    const results = await Promise.all(buffers.map((buffer) => hashers.hashBuffer(buffer)));
    expect(results.map(({ digest }) => digest)).toEqual(expected);
  });

  it("fail with a typed error when their program is not there, and lose no buffer", async () => {
    const workers = new HashWorkers({ count: 1, workerUrl: new URL("./no-such-worker.js", import.meta.url) });
    const buffer = new Uint8Array(10);
    await expect(workers.hashBuffer(buffer)).rejects.toMatchObject({ code: "WORKER_FAILED" });
    expect(buffer.byteLength).toBe(10);
    const files = [{ absolutePath: "/x", length: 1 }];
    await expect(hashFiles({ files, pieceLength: 16, workers })).rejects.toMatchObject({
      code: "WORKER_FAILED",
    });
    await workers.close();
  });
});
