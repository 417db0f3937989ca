import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFileDisk, createNodeSession, MINIMUM_MEMORY_LENGTH, planMemory } from "@bt/engine/node";
import { createTorrent, parseTorrent } from "@bt/metainfo";
import { describe, expect, it, onTestFinished } from "vitest";
import { FRAME_LENGTH, FramePool } from "../src/core/frame-pool.ts";
import { pieceHashes } from "./piece-hashes.ts";

const MEBI = 1024 * 1024;

describe("a plan for the memory of a session", () => {
  it("leaves room for Node itself below the smallest target", () => {
    const plan = planMemory(MINIMUM_MEMORY_LENGTH);
    expect(plan.memoryBudgetLength + plan.frameCount * FRAME_LENGTH).toBeLessThan(
      MINIMUM_MEMORY_LENGTH - 48 * MEBI,
    );
    expect(plan.memoryBudgetLength).toBeGreaterThanOrEqual(4 * MEBI);
    expect(plan.frameCount).toBeGreaterThanOrEqual(2);
  });

  it("gives every kind of buffer more when there is more", () => {
    const sizes = [64, 96, 128, 256, 1_024].map((size) => planMemory(size * MEBI));
    for (const [index, plan] of sizes.entries()) {
      const next = sizes[index + 1] ?? plan;
      expect(next.memoryBudgetLength).toBeGreaterThanOrEqual(plan.memoryBudgetLength);
      expect(next.frameCount).toBeGreaterThanOrEqual(plan.frameCount);
      expect(next.maximumUnsentLength).toBeGreaterThanOrEqual(plan.maximumUnsentLength);
    }
  });

  it.each([0, -1, NaN, 1.5, MINIMUM_MEMORY_LENGTH - 1, Infinity])("refuses %d bytes", (length) => {
    expect(() => planMemory(length)).toThrow(RangeError);
  });
});

describe("a session with little memory", () => {
  const plan = planMemory(MINIMUM_MEMORY_LENGTH);
  const PIECE_LENGTH = 1_048_576;
  const payload = randomBytes(12 * PIECE_LENGTH);
  const torrent = createTorrent({
    name: "payload.bin",
    files: [{ path: [], length: payload.length }],
    pieceLength: PIECE_LENGTH,
    pieceHashes: pieceHashes(payload, PIECE_LENGTH),
  });

  async function folder(): Promise<string> {
    const path = await mkdtemp(join(tmpdir(), "bt-memory-"));
    onTestFinished(() => rm(path, { recursive: true, force: true }));
    return path;
  }

  it("is refused pieces and frames beyond its plan", async () => {
    const disk = createFileDisk({ memoryBudgetLength: plan.memoryBudgetLength });
    onTestFinished(() => disk.close());
    const opened = disk.openTorrent(parseTorrent(torrent), await folder());
    await opened.open({ recheck: "auto", signal: new AbortController().signal, onProgress: () => undefined });
    let pieceCount = 0;
    while (opened.acquire(pieceCount) !== undefined) pieceCount++;
    expect(pieceCount).toBe(Math.floor(plan.memoryBudgetLength / PIECE_LENGTH));
    await opened.close();
    const frames = new FramePool(plan.frameCount);
    let frameCount = 0;
    while (frames.acquire() !== undefined) frameCount++;
    expect(frameCount).toBe(plan.frameCount);
  });

  it("downloads and seeds all the same", async () => {
    const root = await folder();
    await mkdir(join(root, "seed"));
    await writeFile(join(root, "seed", "payload.bin"), payload);
    const options = { host: "127.0.0.1", memoryLength: MINIMUM_MEMORY_LENGTH };
    const seeder = await createNodeSession(options);
    onTestFinished(() => seeder.close({ timeoutMs: 100 }));
    await seeder.add(torrent, { root: join(root, "seed") }).ready;
    const leecher = await createNodeSession(options);
    onTestFinished(() => leecher.close({ timeoutMs: 100 }));
    const peers = [{ host: "127.0.0.1", port: seeder.port }];
    await leecher.add(torrent, { root: join(root, "leech"), peers }).done;
    expect((await readFile(join(root, "leech", "payload.bin"))).equals(payload)).toBe(true);
  });
});
