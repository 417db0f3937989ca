import { BufferPool, createStorage, HashWorkers, type PieceBuffer, type TorrentStorage } from "@bt/storage";
import fc from "fast-check";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { fakeTorrent, noise, pieceBytes, temporaryFolder } from "./fixture.ts";

const hashers = new HashWorkers({ count: 1 });
afterAll(() => hashers.close());

const BLOCK = 16_384;
const torrent = fakeTorrent([{ path: ["a"], length: 40 * BLOCK + 7 }], 1024 * 1024);
const bytes = pieceBytes(torrent, 0);

async function openStorage(
  placement: "loop" | "worker" = "loop",
  pool = new BufferPool(),
): Promise<TorrentStorage> {
  const root = await temporaryFolder();
  const storage = createStorage({
    metainfo: torrent.metainfo,
    root,
    hashers,
    pool,
    placeHash: () => placement,
  });
  await storage.open();
  onTestFinished(() => storage.close());
  return storage;
}

function fill(buffer: PieceBuffer, block: number): void {
  const start = block * BLOCK;
  const end = Math.min(start + BLOCK, bytes.length);
  buffer.put(start, bytes, start, end);
  buffer.blockDone(start, end - start);
}

describe("a piece buffer", () => {
  it("keeps a done block as it is when a late copy comes", async () => {
    const storage = await openStorage();
    const buffer = storage.acquire(0)!;
    const garbage = noise(bytes.length, 3);
    for (let block = 0; block <= 40; block++) {
      fill(buffer, block);
      buffer.put(block * BLOCK, garbage, 0, 7);
    }
    buffer.put(BLOCK - 100, garbage, 0, 20_000);
    expect(await storage.commit(buffer)).toBe(true);
    buffer.put(0, garbage, 0, 100);
    expect(() => storage.discard(buffer)).not.toThrow();
    expect((await storage.open().catch((error: unknown) => error)) instanceof TypeError).toBe(true);
  });

  it("takes parts that run over block borders, and several blocks done at once", async () => {
    const storage = await openStorage();
    const buffer = storage.acquire(0)!;
    for (let at = 0; at < bytes.length; at += 50_000)
      buffer.put(at, bytes, at, Math.min(at + 50_000, bytes.length));
    buffer.blockDone(0, 10 * BLOCK);
    buffer.blockDone(10 * BLOCK, bytes.length - 10 * BLOCK);
    expect(await storage.commit(buffer)).toBe(true);
  });

  it("matches when the blocks were never marked done", async () => {
    const storage = await openStorage();
    const buffer = storage.acquire(0)!;
    buffer.put(0, bytes, 0, bytes.length);
    expect(await storage.commit(buffer)).toBe(true);
  });

  it("matches in every order of blocks, on the loop and in a worker", async () => {
    const order = fc.shuffledSubarray(
      Array.from({ length: 41 }, (_, block) => block),
      { minLength: 41, maxLength: 41 },
    );
    for (const placement of ["loop", "worker"] as const) {
      const storage = await openStorage(placement);
      await fc.assert(
        fc.asyncProperty(order, async (blocks) => {
          const buffer = storage.acquire(0)!;
          for (const block of blocks) fill(buffer, block);
          expect(await storage.commit(buffer)).toBe(true);
        }),
        { numRuns: 20 },
      );
    }
  });

  it("fails when any one byte is wrong, on the loop and in a worker", async () => {
    for (const placement of ["loop", "worker"] as const) {
      const storage = await openStorage(placement);
      await fc.assert(
        fc.asyncProperty(fc.nat(bytes.length - 1), async (at) => {
          const buffer = storage.acquire(0)!;
          const wrong = bytes.slice();
          wrong[at]! ^= 1;
          buffer.put(0, wrong, 0, wrong.length);
          buffer.blockDone(0, wrong.length);
          expect(await storage.commit(buffer)).toBe(false);
        }),
        { numRuns: 20 },
      );
    }
  });

  it("refuses bytes and blocks outside of the piece", async () => {
    const buffer = (await openStorage()).acquire(0)!;
    const put = (offset: number, start: number, end: number) => () => buffer.put(offset, bytes, start, end);
    expect(put(-1, 0, 1)).toThrow(RangeError);
    expect(put(bytes.length, 0, 1)).toThrow(RangeError);
    expect(put(0, 5, 4)).toThrow(RangeError);
    expect(put(0, 0, bytes.length + 1)).toThrow(RangeError);
    expect(put(Number.NaN, 0, 1)).toThrow(RangeError);
    const done = (offset: number, length: number) => () => buffer.blockDone(offset, length);
    expect(done(1, BLOCK)).toThrow(RangeError);
    expect(done(0, BLOCK - 1)).toThrow(RangeError);
    expect(done(0, 0)).toThrow(RangeError);
    expect(done(40 * BLOCK, 8)).toThrow(RangeError);
    expect(done(40 * BLOCK, 7)).not.toThrow();
  });

  it("is not granted for a piece that there is not", async () => {
    const storage = await openStorage();
    expect(() => storage.acquire(1)).toThrow(RangeError);
    expect(() => storage.acquire(-1)).toThrow(RangeError);
  });

  it("goes back to the pool after every end", async () => {
    const pool = new BufferPool();
    for (const placement of ["loop", "worker"] as const) {
      const storage = await openStorage(placement, pool);
      storage.discard(storage.acquire(0)!);
      expect(pool.usedLength).toBe(0);
      await storage.commit(storage.acquire(0)!);
      expect(pool.usedLength).toBe(0);
      const buffer = storage.acquire(0)!;
      buffer.put(0, bytes, 0, bytes.length);
      await storage.commit(buffer);
      expect(pool.usedLength).toBe(0);
    }
  });

  it("is written off when the worker that holds it dies, and the commit fails", async () => {
    const pool = new BufferPool();
    const dying = new HashWorkers({ count: 1 });
    const storage = createStorage({
      metainfo: torrent.metainfo,
      root: await temporaryFolder(),
      pool,
      hashers: dying,
      placeHash: () => "worker",
    });
    await storage.open();
    const first = storage.acquire(0)!;
    first.put(0, bytes, 0, bytes.length);
    expect(await storage.commit(first)).toBe(true);
    // Something long before it, so that the worker cannot be done with the piece before it dies.
    const busy = dying.hashBuffer(new Uint8Array(512 * 1024 * 1024), undefined).catch(() => "died");
    const second = storage.commit(storage.acquire(0)!);
    await Promise.resolve();
    const closing = dying.close();
    await expect(second).rejects.toMatchObject({ code: "WORKER_FAILED" });
    await closing;
    expect(await busy).toBe("died");
    expect(pool.usedLength).toBe(0);
    await expect(storage.commit(storage.acquire(0)!)).rejects.toMatchObject({ code: "CLOSED" });
    expect(pool.usedLength).toBe(0);
    await storage.close();
  });
});
