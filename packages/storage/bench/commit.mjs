// The way of a piece: blocks put in wire-sized parts, hashed, written; then the seeding read path.
// usage: node bench/commit.mjs [folder, default /dev/shm] [MiB, default 1024]; needs the packages' builds
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { BufferPool, createStorage, HashWorkers } from "@bt/storage";
import { benchTorrent, measure } from "./torrent.mjs";

const [folder = "/dev/shm", size = "1024"] = process.argv.slice(2);
const totalLength = Number(size) * 1024 * 1024;
const BLOCK = 16_384;
const hashers = new HashWorkers({ count: 2 });

for (const pieceLength of [256 * 1024, 1024 * 1024, 4 * 1024 * 1024]) {
  const { metainfo, pieceBytes } = benchTorrent(totalLength, pieceLength);
  const pieceCount = totalLength / pieceLength;

  await inFolder(async (root) => {
    // The floor: one thread, copy, SHA-1, write, nothing else.
    const fd = openSync(join(root, "floor"), "w");
    const target = Buffer.alloc(pieceLength);
    await measure(`floor sync, ${pieceLength >> 10} KiB`, totalLength, async () => {
      for (let piece = 0; piece < pieceCount; piece++) {
        const bytes = pieceBytes(piece);
        for (let at = 0; at < pieceLength; at += BLOCK) target.set(bytes.subarray(at, at + BLOCK), at);
        createHash("sha1").update(target).digest();
        writeSync(fd, target, 0, pieceLength, piece * pieceLength);
      }
    });
    closeSync(fd);
  });

  for (const [name, placement, order] of /** @type {const} */ ([
    ["loop, in order", "loop", 1],
    ["loop, blocks backwards", "loop", -1],
    ["worker", "worker", 1],
  ])) {
    await inFolder(async (root) => {
      const pool = new BufferPool();
      const storage = createStorage({ metainfo, root, pool, hashers, placeHash: () => placement });
      await storage.open();
      await measure(`commit, ${name}, ${pieceLength >> 10} KiB`, totalLength, async () => {
        const underWay = new Set();
        for (let piece = 0; piece < pieceCount; piece++) {
          let buffer = storage.acquire(piece);
          while (buffer === undefined) {
            await Promise.race(underWay);
            buffer = storage.acquire(piece);
          }
          const bytes = pieceBytes(piece);
          for (let i = 0; i < pieceLength; i += BLOCK) {
            const at = order === 1 ? i : pieceLength - BLOCK - i;
            buffer.put(at, bytes, at, at + 9000);
            buffer.put(at + 9000, bytes, at + 9000, at + BLOCK);
            buffer.blockDone(at, BLOCK);
          }
          const done = storage.commit(buffer).then((isGood) => {
            underWay.delete(done);
            if (!isGood) throw new Error("hash mismatch");
          });
          underWay.add(done);
          // As after a chunk from a socket, the loop turns, and a fast network waits for a slow disk.
          await new Promise((resolve) => setImmediate(resolve));
          if (underWay.size > 6) await Promise.race(underWay);
        }
        await Promise.all(underWay);
        await storage.close();
      });
      if (order === 1 && placement === "loop") await measureReads(metainfo, root);
    });
  }
}
await hashers.close();

/** Batches of 32 blocks into one framed buffer, as a seeder reads them; 4 batches at a time. */
async function measureReads(metainfo, root) {
  const storage = createStorage({ metainfo, root, hashers });
  await measure("reopen (journal)", totalLength, () => storage.open());
  await measure("read, 32 blocks a batch", totalLength, () =>
    Promise.all(
      [0, 1, 2, 3].map(async (lane) => {
        const frame = Buffer.alloc(32 * (BLOCK + 13));
        const ranges = Array.from({ length: 32 }, (_, i) => ({
          offset: 0,
          into: frame.subarray(i * (BLOCK + 13) + 13, (i + 1) * (BLOCK + 13)),
        }));
        for (let at = lane * 32 * BLOCK; at < totalLength; at += 4 * 32 * BLOCK) {
          for (let i = 0; i < 32; i++) ranges[i].offset = at + i * BLOCK;
          await storage.read(ranges);
        }
      }),
    ),
  );
  await storage.close();
}

async function inFolder(run) {
  const root = mkdtempSync(join(folder, "bt-bench-"));
  try {
    await run(root);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
