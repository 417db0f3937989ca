import { mkdir, stat, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { FileLayout, type MetainfoFile } from "@bt/metainfo";
import { Bitfield, PieceLayout } from "@bt/primitives";
import { BufferPool, createStorage, FilePool, HashWorkers, journalName, NODE_DISK } from "@bt/storage";
import { afterAll, describe, expect, it } from "vitest";
import { NO_PLACES } from "../src/file-places.ts";
import { Journal } from "../src/io/journal.ts";
import { faultyDisk, type CallRecord } from "./faulty-disk.ts";
import { downloadAll, fakeTorrent, sha1, temporaryFolder } from "./fixture.ts";

const hashers = new HashWorkers({ count: 1 });
afterAll(() => hashers.close());

const payloadReads = (records: readonly CallRecord[]): CallRecord[] =>
  records.filter(({ call, path }) => (call === "read" || call === "readv") && !path.endsWith(".bt-resume"));

/** A torrent of which only the layout matters. */
function layoutOnly(lengths: readonly number[], pieceLength: number, folderSize = 1_000) {
  const totalLength = lengths.reduce((sum, length) => sum + length, 0);
  let offset = 0;
  const files = lengths.map((length, index): MetainfoFile => {
    offset += length;
    const path = ["t", `folder ${Math.floor(index / folderSize)}`, `file ${index}`];
    return { path, length, offset: offset - length, pad: false, executable: false, hidden: false };
  });
  const layout = new FileLayout(new PieceLayout({ pieceLength, totalLength }), files);
  const infoHash = sha1(Buffer.from(`${totalLength} ${lengths.length}`));
  const wrong = new Uint8Array(20);
  return {
    version: "v1" as const,
    infoHash,
    files,
    layout,
    pieceHash: () => wrong,
    pieceRoot: () => undefined,
  };
}

describe("a start", () => {
  it("of a complete torrent of 100 GiB reads no payload", async () => {
    const metainfo = layoutOnly([100 * 2 ** 30], 2 ** 24);
    const root = await temporaryFolder();
    const { disk, records } = faultyDisk(() => undefined);
    const path = join(root, ...metainfo.files[0]!.path);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, "");
    await truncate(path, 100 * 2 ** 30);
    const { pieceCount, pieceLength, totalLength } = metainfo.layout.pieces;
    const journal = new Journal(
      join(root, journalName(metainfo)),
      { infoHash: metainfo.infoHash, pieceCount, pieceLength, totalLength, fileCount: 1 },
      NODE_DISK,
      false,
    );
    const have = new Bitfield(pieceCount);
    for (let piece = 0; piece < pieceCount; piece++) have.set(piece);
    const { size, mtimeMs, ino } = await stat(path);
    const stats = new Map([[0, { length: size, modifiedMs: mtimeMs, inode: ino }]]);
    await journal.replace(Date.now(), have, stats, NO_PLACES, true);
    await journal.close();
    const storage = createStorage({ metainfo, root, hashers, disk });
    expect((await storage.open()).isFull).toBe(true);
    expect(payloadReads(records)).toEqual([]);
    expect(records.length).toBeLessThan(20);
    await storage.close();
    expect(payloadReads(records)).toEqual([]);
  });

  it("of 1,000 complete torrents reads no payload and keeps few files open", async () => {
    const root = await temporaryFolder();
    const torrents = Array.from({ length: 1_000 }, (_, index) =>
      fakeTorrent([{ path: [`payload ${index}`], length: 20_000 }], 16_384, index),
    );
    const hasty = { ...NODE_DISK, fsync: (_fd: number, done: (error: null) => void) => done(null) };
    for (const torrent of torrents) {
      const storage = createStorage({ metainfo: torrent.metainfo, root, hashers, disk: hasty });
      await storage.open();
      await downloadAll(storage, torrent);
      await storage.close();
    }
    const { disk, records } = faultyDisk(() => undefined);
    const pool = new BufferPool();
    const files = new FilePool({ disk });
    const storages = torrents.map(({ metainfo }) =>
      createStorage({ metainfo, root, hashers, pool, files, disk }),
    );
    const haves = await Promise.all(storages.map((storage) => storage.open()));
    expect(haves.every((have) => have.isFull)).toBe(true);
    expect(payloadReads(records)).toEqual([]);
    expect(files.openCount).toBe(0);
    for (const storage of storages) {
      await storage.read([{ offset: 0, into: new Uint8Array(10) }]);
      expect(files.openCount).toBeLessThanOrEqual(files.limit);
    }
    await Promise.all(storages.map((storage) => storage.close()));
  });

  it("of a torrent of 100,000 files that are not there asks once for each folder", async () => {
    const metainfo = layoutOnly(Array<number>(100_000).fill(1_000), 2 ** 20);
    const root = await temporaryFolder();
    const { disk, records } = faultyDisk(() => undefined);
    const storage = createStorage({ metainfo, root, hashers, disk });
    expect((await storage.open()).isEmpty).toBe(true);
    expect(records.length).toBeLessThan(300);
    await storage.close();
  });
});
