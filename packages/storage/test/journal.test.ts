import { readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Bitfield } from "@bt/primitives";
import { createStorage, HashWorkers, journalName, NODE_DISK } from "@bt/storage";
import { afterAll, describe, expect, it } from "vitest";
import { NO_PLACES } from "../src/file-places.ts";
import { Journal } from "../src/io/journal.ts";
import { encodeProgress } from "../src/journal-format.ts";
import { download, fakeTorrent, temporaryFolder } from "./fixture.ts";

const hashers = new HashWorkers({ count: 1 });
afterAll(() => hashers.close());

const torrent = fakeTorrent([{ path: ["a"], length: 200_000 }], 16_384);

describe("the journal file", () => {
  it("goes on after a torn tail was cut off", async () => {
    const root = await temporaryFolder();
    const path = join(root, journalName(torrent.metainfo));
    for (let piece = 0; piece < 4; piece++) {
      const storage = createStorage({ metainfo: torrent.metainfo, root, hashers });
      expect((await storage.open({ recheck: "none" })).count).toBe(piece);
      await download(storage, torrent, piece);
      await storage.flush();
      const { size } = await stat(path);
      await storage.close();
      await truncate(path, size + 9); // the clean mark is torn
    }
  });

  it("never makes a false piece, whatever single byte of it is damaged or where it is cut", async () => {
    const root = await temporaryFolder();
    const path = join(root, journalName(torrent.metainfo));
    const storage = createStorage({ metainfo: torrent.metainfo, root, hashers });
    await storage.open();
    await download(storage, torrent, 11);
    await storage.flush();
    await download(storage, torrent, 2);
    await storage.close();
    const bytes = await readFile(path);
    for (let at = 0; at < bytes.length; at++) {
      const damaged = Buffer.from(bytes);
      damaged[at]! ^= 0x41;
      for (const variant of [damaged, bytes.subarray(0, at)]) {
        await writeFile(path, variant);
        const again = createStorage({ metainfo: torrent.metainfo, root, hashers });
        const have = [...(await again.open({ recheck: "none" })).indices()];
        expect([[], [11], [2, 11]]).toContainEqual(have);
        await again.close();
      }
    }
  });

  it("is written anew when it has grown long", async () => {
    const path = join(await temporaryFolder(), "folder", "journal");
    const identity = {
      infoHash: new Uint8Array(20),
      pieceCount: 100,
      pieceLength: 1,
      totalLength: 100,
      fileCount: 1,
    };
    const journal = new Journal(path, identity, NODE_DISK, true);
    expect(await journal.load()).toBeUndefined();
    await journal.replace(1, new Bitfield(100), new Map(), NO_PLACES, false);
    await journal.append((seed) => encodeProgress(seed, 2, [5], new Map()));
    expect(journal.isLong).toBe(false);
    await journal.append((seed) => encodeProgress(seed, 2, Array<number>(100_000).fill(7), new Map()));
    expect(journal.isLong).toBe(true);
    const loaded = new Journal(path, identity, NODE_DISK, true);
    const { have } = (await loaded.load())!;
    expect([...have.indices()]).toEqual([5, 7]);
    await journal.replace(3, have, new Map(), NO_PLACES, true);
    expect(journal.isLong).toBe(false);
    expect((await stat(path)).size).toBeLessThan(300);
    const state = (await loaded.load())!;
    expect(state).toMatchObject({ clean: true, lastWriteMs: 3 });
    expect([...state.have.indices()]).toEqual([5, 7]);
    await journal.close();
  });
});
