import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTorrent, parseTorrent } from "@bt/metainfo";
import { createStorage } from "@bt/storage";
import { afterEach, beforeEach, expect, it } from "vitest";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "bt-digests-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

it("tells which blocks of a failed piece were bad, once the good piece is there", async () => {
  const payload = randomBytes(70_000);
  const bytes = createTorrent({
    name: "a",
    files: [{ path: [], length: payload.length }],
    pieceLength: 131_072,
    pieceHashes: createHash("sha1").update(payload).digest(),
  });
  const storage = createStorage({ metainfo: parseTorrent(bytes), root });
  await storage.open();
  const commit = (content: Uint8Array): Promise<boolean> => {
    const buffer = storage.acquire(0)!;
    buffer.put(0, content, 0, content.length);
    buffer.blockDone(0, content.length);
    return storage.commit(buffer);
  };
  const spoilt = Uint8Array.from(payload);
  spoilt[20_000]! ^= 1;
  spoilt[69_999]! ^= 1;
  expect(await commit(spoilt)).toBe(false);
  const failed = storage.takeFailedDigests(0)!;
  expect(storage.takeFailedDigests(0)).toBeUndefined();
  expect(await commit(payload)).toBe(true);
  const good = await storage.digestBlocks(0);
  expect(good).toHaveLength(5);
  expect(good.map((digest, block) => digest !== failed[block])).toEqual([false, true, false, false, true]);
  await storage.close();
});
