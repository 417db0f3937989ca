import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createStorage, HashWorkers, journalName, type Disk, type TorrentStorage } from "@bt/storage";
import { afterAll, describe, expect, it } from "vitest";
import { faultyDisk } from "./faulty-disk.ts";
import { download, downloadAll, fakeTorrent, fileBytes, pieceBytes, temporaryFolder } from "./fixture.ts";

const hashers = new HashWorkers({ count: 1 });
afterAll(() => hashers.close());

const torrent = fakeTorrent(
  [
    { path: ["t", "a"], length: 20_000 },
    { path: ["t", "sub", "b"], length: 50_000 },
    { path: ["t", "empty"], length: 0 },
    { path: ["t", "c"], length: 40_000 },
  ],
  16_384,
);
const { metainfo } = torrent;
const SOME = [0, 1, 2, 4];

async function someOf(root: string, options: object = {}): Promise<TorrentStorage> {
  const storage = createStorage({ metainfo, root, hashers, ...options });
  await storage.open();
  for (const piece of SOME) if (!storage.have.has(piece)) await download(storage, torrent, piece);
  return storage;
}

async function expectReadable(storage: TorrentStorage): Promise<void> {
  for (const piece of storage.have.indices()) {
    const into = new Uint8Array(metainfo.layout.pieces.pieceLengthAt(piece));
    await storage.read([{ offset: metainfo.layout.pieces.offsetOf(piece), into }]);
    expect(Buffer.compare(into, pieceBytes(torrent, piece)), `piece ${piece}`).toBe(0);
  }
}

/** A disk on which no file can have a second name, as between two file systems. */
function linkless(disk: Disk): Disk {
  return {
    ...disk,
    link: (_from, _to, done) =>
      disk.lstat("/", () => done(Object.assign(new Error("EXDEV"), { code: "EXDEV" }))),
  };
}

describe.each([
  ["with second names", (disk: Disk) => disk],
  ["with copies", linkless],
])("moving %s", (_, adapt) => {
  it("brings everything into the new folder while pieces come, and leaves nothing in the old one", async () => {
    const old = await temporaryFolder();
    const next = join(await temporaryFolder(), "deep", "folder");
    const storage = await someOf(old, { disk: adapt(faultyDisk(() => undefined).disk) });
    const moved = storage.move(next);
    const arriving = download(storage, torrent, 3);
    await Promise.all([moved, arriving]);
    expect(storage.root).toBe(next);
    expect(await readdir(old)).toEqual([]);
    await expectReadable(storage);
    await downloadAll(storage, torrent);
    await storage.close();
    for (const file of [0, 1, 3]) {
      const content = await readFile(join(next, ...metainfo.files[file]!.path));
      expect(Buffer.compare(content, fileBytes(torrent, file))).toBe(0);
    }
    const { disk, records } = faultyDisk(() => undefined);
    const again = createStorage({ metainfo, root: next, hashers, disk });
    expect((await again.open()).isFull).toBe(true);
    expect(records.filter(({ call, path }) => call === "read" && !path.includes("resume"))).toEqual([]);
    await again.close();
  });

  it("leaves one place complete when the process dies at any call", { timeout: 120_000 }, async () => {
    const template = await temporaryFolder();
    await (await someOf(template)).close();
    const prepare = async (): Promise<[string, string]> => {
      const folder = await temporaryFolder();
      await cp(template, join(folder, "old"), { recursive: true, preserveTimestamps: true });
      return [join(folder, "old"), join(folder, "new")];
    };
    const { disk, records } = faultyDisk(() => undefined);
    const [old, next] = await prepare();
    const whole = createStorage({ metainfo, root: old, hashers, disk: adapt(disk) });
    await whole.open();
    const before = records.length;
    await whole.move(next);
    const callCount = records.length;
    await whole.close();
    expect(callCount - before).toBeGreaterThan(20);
    for (let n = before; n < callCount; n++) {
      const [from, to] = await prepare();
      const { disk: dyingDisk, death } = faultyDisk((call) => (call >= n ? "dead" : undefined));
      const dying = createStorage({ metainfo, root: from, hashers, disk: adapt(dyingDisk) });
      await dying.open();
      let place = from;
      void dying.move(to, { onMoved: () => void (place = to) }).catch(() => {});
      await death;
      const again = createStorage({ metainfo, root: place, hashers });
      await again.open();
      expect([...again.have.indices()], `dead at call ${n}`).toEqual(SOME);
      await expectReadable(again);
      // And the move can be asked for again, whatever the first one left behind.
      if (place === from) await again.move(to);
      await expectReadable(again);
      await downloadAll(again, torrent);
      await again.close();
    }
  });

  it("changes nothing when the new disk fails at any call", { timeout: 120_000 }, async () => {
    const { disk, records } = faultyDisk(() => undefined);
    const folder = await temporaryFolder();
    const whole = await someOf(join(folder, "old"), { disk: adapt(disk) });
    const before = records.length;
    await whole.move(join(folder, "new"));
    const callCount = records.length;
    await whole.close();
    for (let n = before; n < callCount; n++) {
      const root = await temporaryFolder();
      const storage = await someOf(join(root, "old"), {
        disk: adapt(
          faultyDisk((call, record) =>
            call === n && (record.call === "link" || record.path.includes("/new"))
              ? { code: "ENOSPC" }
              : undefined,
          ).disk,
        ),
      });
      await storage.move(join(root, "new")).catch(() => {});
      await expectReadable(storage);
      await storage.move(join(root, "new"));
      await expectReadable(storage);
      expect(await readdir(join(root, "old")), `call ${n}`).toEqual([]);
      await storage.close();
    }
  });

  it("does not write over what is there, and takes what is the same", async () => {
    const old = await temporaryFolder();
    const next = await temporaryFolder();
    await mkdir(join(next, "t"));
    await writeFile(join(next, "t", "a"), "precious");
    const storage = await someOf(old, { disk: adapt(faultyDisk(() => undefined).disk) });
    await expect(storage.move(next)).rejects.toMatchObject({ code: "FOREIGN_DATA" });
    expect(await readFile(join(next, "t", "a"), "utf8")).toBe("precious");
    expect(await readdir(join(next, "t"))).toEqual(["a"]);
    expect(storage.root).toBe(old);
    await expectReadable(storage);
    await writeFile(join(next, "t", "a"), fileBytes(torrent, 0));
    await storage.move(next);
    await expectReadable(storage);
    await storage.close();
  });

  it("can be called off", async () => {
    const old = await temporaryFolder();
    const next = await temporaryFolder();
    const storage = await someOf(old, { disk: adapt(faultyDisk(() => undefined).disk) });
    await expect(storage.move(next, { signal: AbortSignal.abort(new Error("no")) })).rejects.toThrow("no");
    expect(await readdir(next)).toEqual([]);
    await expectReadable(storage);
    await storage.close();
  });
});

describe.skipIf(process.getuid?.() !== 0 || process.platform !== "linux")("moving to another disk", () => {
  it("copies, keeps holes, and stays where it was when the disk is too small", async () => {
    const big = fakeTorrent([{ path: ["big"], length: 4_000_000 }], 262_144);
    const old = await temporaryFolder();
    const next = await temporaryFolder();
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "none", next]);
    try {
      const storage = createStorage({ metainfo: big.metainfo, root: old, hashers });
      await storage.open();
      await download(storage, big, 0);
      await download(storage, big, 12);
      await storage.move(next);
      expect((await stat(join(next, "big"))).blocks * 512).toBeLessThan(700_000);
      expect(await readdir(old)).toEqual([]);
      await storage.move(old);
      for (let piece = 0; piece < 10; piece++) await download(storage, big, piece);
      await expect(storage.move(next)).rejects.toMatchObject({ code: "DISK_FULL" });
      expect(storage.root).toBe(old);
      expect(await readdir(next)).toEqual([]);
      await storage.close();
    } finally {
      execFileSync("umount", ["-l", next]);
    }
  });
});

describe("renaming", () => {
  it("a folder or a file is remembered, and data goes on into the new names", async () => {
    const root = await temporaryFolder();
    const storage = await someOf(root);
    await storage.rename(["t"], ["other"]);
    await storage.rename(["other", "sub", "b"], ["other", "b.mkv"]);
    await expectReadable(storage);
    await downloadAll(storage, torrent);
    expect(storage.pathOf(1)).toEqual(["other", "b.mkv"]);
    await storage.close();
    expect((await readdir(join(root, "other"))).sort()).toEqual(["a", "b.mkv", "c", "empty"]);
    expect(existsSync(join(root, "t"))).toBe(false);
    expect(Buffer.compare(await readFile(join(root, "other", "b.mkv")), fileBytes(torrent, 1))).toBe(0);
    const again = createStorage({ metainfo, root, hashers });
    expect((await again.open()).isFull).toBe(true);
    await expectReadable(again);
    await again.move(join(root, "moved"));
    expect((await readdir(join(root, "moved", "other"))).sort()).toEqual(["a", "b.mkv", "c", "empty"]);
    await again.close();
  });

  it.each<[string[], string[], string]>([
    [["t", "a"], ["t", "c"], "FOREIGN_DATA"],
    [["t", "a"], ["t", "sub"], "FOREIGN_DATA"],
    [["t", "a"], ["t", "c", "x"], "FOREIGN_DATA"],
    [["t", "a"], ["t", "mine"], "FOREIGN_DATA"],
    [["t", "a"], ["..", "x"], "OUTSIDE_ROOT"],
    [["t", "a"], ["link", "x"], "OUTSIDE_ROOT"],
    [["t", "nothing"], ["t", "x"], ""],
    [[], ["x"], ""],
  ])("%j to %j is refused and changes nothing", async (path, newPath, code) => {
    const root = await temporaryFolder();
    const storage = await someOf(root);
    await writeFile(join(root, "t", "mine"), "mine");
    await symlink(await temporaryFolder(), join(root, "link"));
    const failure = await storage.rename(path, newPath).catch((error: unknown) => error);
    if (code === "") expect(failure).toBeInstanceOf(RangeError);
    else expect(failure).toMatchObject({ code });
    expect(await readFile(join(root, "t", "mine"), "utf8")).toBe("mine");
    await expectReadable(storage);
    await storage.close();
    const again = createStorage({ metainfo, root, hashers });
    expect([...(await again.open()).indices()]).toEqual(SOME);
    await again.close();
  });

  it("leaves the journal true when the process dies at any call", async () => {
    const template = await temporaryFolder();
    await (await someOf(template)).close();
    const prepare = async (): Promise<string> => {
      const root = await temporaryFolder();
      await cp(template, root, { recursive: true, preserveTimestamps: true });
      return root;
    };
    const { disk, records } = faultyDisk(() => undefined);
    const whole = createStorage({ metainfo, root: await prepare(), hashers, disk });
    await whole.open();
    const before = records.length;
    await whole.rename(["t"], ["u"]);
    const callCount = records.length;
    await whole.close();
    for (let n = before; n < callCount; n++) {
      const root = await prepare();
      const { disk: dyingDisk, death } = faultyDisk((call) => (call >= n ? "dead" : undefined));
      const dying = createStorage({ metainfo, root, hashers, disk: dyingDisk });
      await dying.open();
      void dying.rename(["t"], ["u"]).catch(() => {});
      await death;
      const again = createStorage({ metainfo, root, hashers });
      expect([...(await again.open()).indices()], `dead at call ${n}`).toEqual(SOME);
      await expectReadable(again);
      await again.rename([again.pathOf(0)[0]!], ["v"]);
      await downloadAll(again, torrent);
      await again.close();
    }
  });

  it("never leads out of the folder, whatever a journal says", async () => {
    const root = await temporaryFolder();
    const storage = await someOf(root);
    await storage.rename(["t", "a"], ["t", "zz"]);
    await storage.close();
    const place = join(root, journalName(metainfo));
    const { crc32 } = await import("../src/crc32.ts");
    expect(crc32(new Uint8Array(1))).toBeGreaterThan(0);
    const bytes = await readFile(place);
    // The same length, so that only the checksums have to be made anew.
    const at = bytes.indexOf("t/zz");
    bytes.write("../z", at);
    let seed = bytes.readUInt32BE(72);
    for (let frame = 76; frame < bytes.length;) {
      const end = frame + 8 + bytes.readUInt32BE(frame);
      seed = crc32(bytes.subarray(frame + 8, end), crc32(bytes.subarray(frame, frame + 4), seed));
      bytes.writeUInt32BE(seed, frame + 4);
      frame = end;
    }
    await writeFile(place, bytes);
    const again = createStorage({ metainfo, root, hashers });
    await again.open();
    expect(again.pathOf(0)).toEqual(["t", "a"]);
    await again.close();
  });
});

describe("deleting the data", () => {
  it("takes the torrent's files, its journal and empty folders, and nothing else", async () => {
    const root = await temporaryFolder();
    const storage = await someOf(root);
    await writeFile(join(root, "t", "sub", "notes.txt"), "mine");
    await storage.deleteData();
    expect(await readdir(root)).toEqual(["t"]);
    expect(await readdir(join(root, "t"))).toEqual(["sub"]);
    expect(await readdir(join(root, "t", "sub"))).toEqual(["notes.txt"]);
    const other = await temporaryFolder();
    const whole = await someOf(other);
    await whole.setUnwanted(new Set([3]));
    await downloadAll(whole, torrent);
    await whole.deleteData();
    expect(await readdir(other)).toEqual([]);
  });

  it("keeps files that nothing proves to be ours, longer ones, and what links lead to", async () => {
    const root = await temporaryFolder();
    const elsewhere = await temporaryFolder();
    await mkdir(join(root, "t"));
    await writeFile(join(root, "t", "a"), "mine");
    const stranger = createStorage({ metainfo, root, hashers });
    await stranger.open();
    await stranger.deleteData();
    expect(await readFile(join(root, "t", "a"), "utf8")).toBe("mine");

    const other = await temporaryFolder();
    const storage = await someOf(other);
    await storage.close();
    await writeFile(join(other, "t", "c"), Buffer.concat([fileBytes(torrent, 3), Buffer.from("more")]));
    await writeFile(join(elsewhere, "b"), "mine");
    const again = createStorage({ metainfo, root: other, hashers });
    await again.open();
    execFileSync("rm", ["-r", join(other, "t", "sub")]);
    await symlink(elsewhere, join(other, "t", "sub"));
    await again.deleteData();
    expect(await readFile(join(elsewhere, "b"), "utf8")).toBe("mine");
    expect((await readdir(join(other, "t"))).sort()).toEqual(["c", "sub"]);
  });
});
