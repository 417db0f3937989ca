import { join } from "node:path";
import { createStorage, HashWorkers, NODE_DISK, type Disk, type TorrentStorage } from "@bt/storage";
import { afterAll, describe, expect, it } from "vitest";
import { coarse, CrashDisk, type NameLoss } from "./crash-disk.ts";
import { download, fakeTorrent, pieceBytes, temporaryFolder } from "./fixture.ts";

const hashers = new HashWorkers({ count: 1 });
afterAll(() => hashers.close());

const torrent = fakeTorrent(
  [
    { path: ["t", "a"], length: 20_000 },
    { path: ["t", "sub", "b"], length: 50_000 },
    { path: ["t", "c"], length: 40_000 },
  ],
  16_384,
);
const { metainfo } = torrent;
const SOME = [0, 1, 2, 4];
const UNWANTED = new Set([2]);

/** A disk on which no file can have a second name, as between two file systems. */
function linkless(disk: Disk): Disk {
  return {
    ...disk,
    link: (_from, _to, done) =>
      setImmediate(() => done(Object.assign(new Error("EXDEV"), { code: "EXDEV" }))),
  };
}

type Act = (storage: TorrentStorage, next: string, arrived: () => void) => Promise<void>;

const move: Act = (storage, next, arrived) => storage.move(next, { onMoved: arrived });

describe.each<[string, (disk: Disk) => Disk, Act, ReadonlySet<number>]>([
  ["a move by second names", (disk) => disk, move, new Set()],
  ["a move by copies", linkless, move, new Set()],
  ["the renaming of a folder", (disk) => disk, (storage) => storage.rename(["t"], ["u", "v"]), new Set()],
  ["the way out of the part file", (disk) => disk, (storage) => storage.setUnwanted(new Set()), UNWANTED],
])("a power cut during %s", (_, adapt, act, unwanted) => {
  it.each<NameLoss>(["ordered", "by-folder"])(
    "loses no piece that was there before, at any moment, with unsynced names lost (%s)",
    { timeout: 120_000 },
    async (loss) => {
      const origin = await temporaryFolder();
      const recorder = new CrashDisk(origin);
      const disk = adapt(coarse(recorder.disk));
      const storage = createStorage({ metainfo, root: join(origin, "old"), hashers, disk });
      await storage.open({ unwanted });
      for (const piece of SOME) expect(await download(storage, torrent, piece)).toBe(true);
      await storage.flush();
      const begin = recorder.operationCount;
      let arrival = Infinity;
      await act(storage, join(origin, "new"), () => (arrival = recorder.operationCount));
      await storage.close();
      const end = recorder.operationCount;
      expect(end - begin).toBeGreaterThan(5);
      for (let cut = begin; cut <= end; cut++) {
        for (let seed = 0; seed < 3; seed++) {
          const after = join(await temporaryFolder(), "after");
          await recorder.materialize(after, cut, cut * 31 + seed, loss);
          const again = createStorage({
            metainfo,
            root: join(after, cut < arrival ? "old" : "new"),
            hashers,
            disk: coarse(NODE_DISK),
          });
          // What the journal lost of its tail is found by hashing: the data has to be there.
          const have = await again.open({ recheck: seed === 0 ? "auto" : "all", unwanted });
          if (seed > 0) expect([...have.indices()], `cut ${cut}, seed ${seed}`).toEqual(SOME);
          for (const piece of have.indices()) {
            const into = new Uint8Array(metainfo.layout.pieces.pieceLengthAt(piece));
            await again.read([{ offset: metainfo.layout.pieces.offsetOf(piece), into }]);
            expect(Buffer.compare(into, pieceBytes(torrent, piece)), `piece ${piece}`).toBe(0);
          }
          await again.close();
        }
      }
    },
  );
});
