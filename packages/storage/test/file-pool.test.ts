import { readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { createStorage, FilePool, HashWorkers } from "@bt/storage";
import { afterAll, describe, expect, it } from "vitest";
import { downloadAll, fakeTorrent, temporaryFolder } from "./fixture.ts";

const hashers = new HashWorkers({ count: 1 });
afterAll(() => hashers.close());

const files = Array.from({ length: 20 }, (_, i) => ({ path: ["t", `f${i}`], length: 10_000 }));
const torrent = fakeTorrent(files, 16_384);

describe("the file pool", () => {
  it("keeps at most so many files open, over all torrents, and reads and writes all the same", async () => {
    const pool = new FilePool({ limit: 3 });
    const root = await temporaryFolder();
    const other = fakeTorrent([{ path: ["u"], length: 50_000 }], 16_384, 2);
    const storages = [torrent, other].map(({ metainfo }) =>
      createStorage({ metainfo, root, hashers, files: pool }),
    );
    let most = 0;
    for (const [i, storage] of storages.entries()) {
      await storage.open();
      await downloadAll(storage, [torrent, other][i]!);
      most = Math.max(most, pool.openCount);
    }
    expect(most).toBeLessThanOrEqual(3);
    for (let round = 0; round < 3; round++) {
      const into = new Uint8Array(torrent.content.length);
      await storages[0]!.read([{ offset: 0, into }]);
      expect(Buffer.compare(into, torrent.content)).toBe(0);
      expect(pool.openCount).toBeLessThanOrEqual(3);
    }
    for (const storage of storages) await storage.close();
    expect(pool.openCount).toBe(0);
  });

  it("opens files read-only for seeding", async () => {
    const root = await temporaryFolder();
    const first = createStorage({ metainfo: torrent.metainfo, root, hashers });
    await first.open();
    await downloadAll(first, torrent);
    await first.close();
    const opened: number[] = [];
    const seeding = createStorage({
      metainfo: torrent.metainfo,
      root,
      hashers,
      disk: await recordFlags(opened),
    });
    await seeding.open();
    await seeding.read([{ offset: 0, into: new Uint8Array(torrent.content.length) }]);
    await seeding.close();
    expect(opened.length).toBeGreaterThanOrEqual(20);
    expect(opened.every((flags) => (flags & 3) === 0)).toBe(true);
  });

  it.runIf(process.platform === "linux")("leaves no descriptor behind", async () => {
    const root = await temporaryFolder();
    const storage = createStorage({ metainfo: torrent.metainfo, root, hashers });
    await storage.open();
    await downloadAll(storage, torrent);
    await storage.close();
    const links = await readdir("/proc/self/fd");
    const targets = await Promise.all(links.map((fd) => readlink(join("/proc/self/fd", fd)).catch(() => "")));
    expect(targets.filter((target) => target.startsWith(root))).toEqual([]);
  });
});

async function recordFlags(into: number[]) {
  const { NODE_DISK } = await import("@bt/storage");
  const disk = { ...NODE_DISK };
  disk.open = (path, flags, mode, done) => {
    into.push(flags);
    NODE_DISK.open(path, flags, mode, done);
  };
  return disk;
}
