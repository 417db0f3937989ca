import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createStorage, HashWorkers, type OpenOptions, type TorrentStorage } from "@bt/storage";
import { afterAll, describe, expect, it } from "vitest";
import { faultyDisk } from "./faulty-disk.ts";
import { download, downloadAll, fakeTorrent, fileBytes, noise, temporaryFolder } from "./fixture.ts";

const hashers = new HashWorkers({ count: 1 });
afterAll(() => hashers.close());

// Pieces of 16 KiB: a is 0 to 2, pad 3, b 4 to 6, c 6.
const torrent = fakeTorrent(
  [
    { path: ["t", "a"], length: 3 * 16_384 },
    { path: [".pad", "16384"], length: 16_384, pad: true },
    { path: ["t", "b"], length: 2 * 16_384 + 5000 },
    { path: ["t", "c"], length: 2000 },
  ],
  16_384,
);
const { metainfo } = torrent;
const [A, B, C] = [0, 2, 3] as const;

async function opened(root: string, options: OpenOptions = {}, more: object = {}): Promise<TorrentStorage> {
  const storage = createStorage({ metainfo, root, hashers, ...more });
  await storage.open(options);
  return storage;
}

async function folderWith(name: string, bytes: Uint8Array): Promise<string> {
  const root = await temporaryFolder();
  await mkdir(join(root, "t"));
  await writeFile(join(root, "t", name), bytes);
  return root;
}

async function expectUntouched(root: string, name: string, bytes: Uint8Array): Promise<void> {
  expect(Buffer.compare(await readFile(join(root, "t", name)), bytes)).toBe(0);
}

describe("a file of the user's own under the name of one of the torrent's", () => {
  it.each([
    ["of just the right length", 3 * 16_384],
    ["shorter", 20_000],
    ["longer", 70_000],
  ])(
    "is not written over when it is %s, also not beside pad files, which always verify",
    async (_, length) => {
      const mine = noise(length, 77);
      const root = await folderWith("a", mine);
      const storage = await opened(root);
      await expect(download(storage, torrent, 0)).rejects.toMatchObject({ code: "FOREIGN_DATA" });
      await storage.close();
      await expectUntouched(root, "a", mine);
    },
  );

  it("is not written over when other files of the torrent verify", async () => {
    const mine = noise(1234, 77);
    const root = await folderWith("c", mine);
    await writeFile(join(root, "t", "a"), fileBytes(torrent, A));
    const storage = await opened(root);
    expect([...storage.have.indices()]).toEqual([0, 1, 2, 3]);
    await expect(download(storage, torrent, 6)).rejects.toMatchObject({ code: "FOREIGN_DATA" });
    await storage.close();
    await expectUntouched(root, "c", mine);
  });

  it("is remembered as such when its gaps were filled, after a restart and after a kill", async () => {
    const mine = noise(3 * 16_384, 77).fill(0, 0, 16_384);
    const root = await folderWith("a", mine);
    const storage = await opened(root);
    expect(await download(storage, torrent, 0)).toBe(true); // nothing but zeros was there
    await expect(download(storage, torrent, 1)).rejects.toMatchObject({ code: "FOREIGN_DATA" });
    await storage.flush();
    for (const isClean of [false, true]) {
      const again = await opened(root);
      expect(again.have.has(0)).toBe(true);
      await expect(download(again, torrent, 1)).rejects.toMatchObject({ code: "FOREIGN_DATA" });
      if (isClean) await again.close();
    }
    await storage.close();
    expect((await readFile(join(root, "t", "a"))).subarray(16_384)).toEqual(
      Buffer.from(mine.subarray(16_384)),
    );
  });

  it("is not hashed at each start", async () => {
    const root = await folderWith("b", noise(30_000, 77));
    const storage = await opened(root);
    await download(storage, torrent, 0);
    await storage.close();
    let hashedCount = 0;
    for (let start = 0; start < 2; start++) {
      hashedCount = 0;
      await (await opened(root, { onProgress: () => hashedCount++ })).close();
    }
    expect(hashedCount).toBe(1); // one for all pieces of pad files
  });

  it("is no obstacle when nobody wants that file: its neighbours' bytes go to the part file", async () => {
    const mine = noise(1234, 77);
    const root = await folderWith("c", mine);
    const unwanted = new Set<number>([C]);
    const storage = await opened(root, { unwanted });
    await downloadAll(storage, torrent);
    await storage.close();
    await expectUntouched(root, "c", mine);
    const again = await opened(root, { unwanted });
    expect(again.have.isFull).toBe(true);
    await expect(again.setUnwanted(new Set())).rejects.toMatchObject({ code: "FOREIGN_DATA" });
    await expectUntouched(root, "c", mine);
    await again.close();
    await rename(join(root, "t", "c"), join(root, "t", "mine"));
    const third = await opened(root);
    expect(third.have.isFull).toBe(true);
    await third.close();
    await expectUntouched(root, "c", fileBytes(torrent, C));
  });

  it("makes way when it is moved away, and the torrent's file is the torrent's from then on", async () => {
    const root = await folderWith("a", noise(20_000, 77));
    const storage = await opened(root);
    await expect(download(storage, torrent, 0)).rejects.toMatchObject({ code: "FOREIGN_DATA" });
    await storage.close();
    await rename(join(root, "t", "a"), join(root, "mine"));
    const again = await opened(root);
    await downloadAll(again, torrent);
    await again.close();
    await expectUntouched(root, "a", fileBytes(torrent, A));
  });

  it.each([
    ["second names", false],
    ["copies", true],
  ])(
    "stays where it is when the torrent is moved by %s, and so does one in the new place",
    async (_, isFar) => {
      const mine = noise(3 * 16_384, 77).fill(0, 0, 16_384);
      const root = await folderWith("a", mine);
      const next = await folderWith("b", noise(1000, 78));
      const { disk } = faultyDisk((__, { call }) =>
        isFar && call === "link" ? { code: "EXDEV" } : undefined,
      );
      const storage = await opened(root, {}, { disk });
      await download(storage, torrent, 0);
      await storage.move(next);
      const into = new Uint8Array(16_384);
      await storage.read([{ offset: 0, into }]);
      expect(Buffer.compare(into, torrent.content.subarray(0, 16_384))).toBe(0);
      expect((await readFile(join(root, "t", "a"))).subarray(16_384)).toEqual(
        Buffer.from(mine.subarray(16_384)),
      );
      await expect(download(storage, torrent, 4)).rejects.toMatchObject({ code: "FOREIGN_DATA" });
      expect(await download(storage, torrent, 1)).toBe(true); // the copy in the new place is ours alone
      await storage.close();
      const again = await opened(next);
      await expect(download(again, torrent, 4)).rejects.toMatchObject({ code: "FOREIGN_DATA" });
      await again.deleteData();
      await expectUntouched(next, "b", noise(1000, 78));
    },
  );

  it("stays when the torrent's data is deleted", async () => {
    const mine = noise(1234, 77);
    const root = await folderWith("c", mine);
    await writeFile(join(root, "t", "a"), fileBytes(torrent, A));
    await (await opened(root)).deleteData();
    await expectUntouched(root, "c", mine);
    await expect(stat(join(root, "t", "a"))).rejects.toMatchObject({ code: "ENOENT" });
  });
});

describe("a file that may be the torrent's", () => {
  it("is repaired when it has the right length and another file verifies", async () => {
    const root = await folderWith("b", noise(2 * 16_384 + 5000, 77));
    await writeFile(join(root, "t", "a"), fileBytes(torrent, A));
    const storage = await opened(root);
    await downloadAll(storage, torrent);
    await storage.close();
    await expectUntouched(root, "b", fileBytes(torrent, B));
  });

  it("is no proof by zeros alone, which other files have as well", async () => {
    const zeros = fakeTorrent([{ path: ["image"], length: 4 * 16_384 }], 16_384);
    zeros.content.fill(0, 0, 16_384);
    const { createHash } = await import("node:crypto");
    const first = new Uint8Array(createHash("sha1").update(zeros.content.subarray(0, 16_384)).digest());
    const of = {
      ...zeros,
      metainfo: {
        ...zeros.metainfo,
        pieceHash: (piece: number) => (piece === 0 ? first : zeros.metainfo.pieceHash(piece)),
      },
    };
    const root = await temporaryFolder();
    const mine = noise(4 * 16_384, 77).fill(0, 0, 16_384);
    await writeFile(join(root, "image"), mine);
    const storage = createStorage({ metainfo: of.metainfo, root, hashers });
    expect([...(await storage.open()).indices()]).toEqual([0]);
    await expect(download(storage, of, 1)).rejects.toMatchObject({ code: "FOREIGN_DATA" });
    await storage.close();
    expect(Buffer.compare(await readFile(join(root, "image")), mine)).toBe(0);
  });

  it("is its own when it was begun just before a kill, whatever a torn write left in it", async () => {
    const root = await temporaryFolder();
    const storage = await opened(root);
    await download(storage, torrent, 0);
    await storage.flush();
    // Killed: what came after the flush is in no journal.
    await writeFile(join(root, "t", "b"), noise(20_000, 5));
    const again = await opened(root);
    await downloadAll(again, torrent);
    await again.close();
    await expectUntouched(root, "b", fileBytes(torrent, B));
    await rm(root, { recursive: true });
    await storage.close().catch(() => {});
  });
});
