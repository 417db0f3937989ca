import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFileDisk, createNodeSession } from "@bt/engine/node";
import { createTorrent } from "@bt/metainfo";
import { NODE_DISK, type Disk } from "@bt/storage";
import { expect, it, onTestFinished } from "vitest";
import { pieceHashes } from "./piece-hashes.ts";

const LENGTH = 40_000;
const PIECE_LENGTH = 16_384;

/** The real disk, which counts the descriptors that are open. */
function countingDisk(): { disk: Disk; open: { count: number; most: number } } {
  const open = { count: 0, most: 0 };
  const disk: Disk = {
    ...NODE_DISK,
    open: (path, flags, mode, done) =>
      NODE_DISK.open(path, flags, mode, (error, fd) => {
        if (error === null) open.most = Math.max(open.most, ++open.count);
        done(error, fd);
      }),
    close: (fd, done) => {
      open.count--;
      NODE_DISK.close(fd, done);
    },
  };
  return { disk, open };
}

it("a session of many complete torrents holds no file open, neither while it checks them nor after", async () => {
  const root = await mkdtemp(join(tmpdir(), "bt-many-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const { disk, open } = countingDisk();
  const session = await createNodeSession({
    host: "127.0.0.1",
    ports: { disk: createFileDisk({ memoryBudgetLength: 1_048_576, disk }) },
  });
  onTestFinished(() => session.close({ timeoutMs: 100 }));
  for (let i = 0; i < 300; i++) {
    const payload = randomBytes(LENGTH);
    const name = `file-${i}`;
    await writeFile(join(root, name), payload);
    const torrent = createTorrent({
      name,
      files: [{ path: [], length: LENGTH }],
      pieceLength: PIECE_LENGTH,
      pieceHashes: pieceHashes(payload, PIECE_LENGTH),
    });
    session.add(torrent, { root });
  }
  await Promise.all(session.torrents.map((torrent) => torrent.ready));
  expect(session.torrents.every(({ state }) => state === "seeding")).toBe(true);
  expect(open.count).toBe(0);
  // Fewer by far than a process may have.
  expect(open.most).toBeLessThanOrEqual(64);
  // Again, by the journals: nothing is hashed, and as little is open.
  open.most = 0;
  const second = await createNodeSession({
    host: "127.0.0.1",
    ports: { disk: createFileDisk({ memoryBudgetLength: 1_048_576, disk }) },
  });
  onTestFinished(() => second.close({ timeoutMs: 100 }));
  for (const { metainfo } of session.torrents) second.add(metainfo, { root });
  await Promise.all(second.torrents.map((torrent) => torrent.ready));
  expect(second.torrents.every(({ state }) => state === "seeding")).toBe(true);
  expect([open.count, open.most <= 64]).toEqual([0, true]);
});
