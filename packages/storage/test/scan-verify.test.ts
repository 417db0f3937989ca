import { execFileSync } from "node:child_process";
import { appendFile, chmod, mkdir, rename, symlink, truncate, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { compareFilePaths } from "@bt/metainfo";
import { createStorage, HashWorkers, scanPayload, verifyData } from "@bt/storage";
import { afterAll, describe, expect, it } from "vitest";
import { downloadAll, fakeTorrent, temporaryFolder } from "./fixture.ts";

const hashers = new HashWorkers({ count: 1 });
afterAll(() => hashers.close());

describe("scanPayload", () => {
  it("lists files by the bytes of their names, folder by folder", async () => {
    const folder = join(await temporaryFolder(), "name");
    for (const path of ["b/x", "a.txt", "a/z", "a/B", "ä", "Z", "a-"]) {
      await mkdir(join(folder, path, ".."), { recursive: true });
      await writeFile(join(folder, path), path);
    }
    await chmod(join(folder, "Z"), 0o755);
    const { name, files, skipped } = await scanPayload(`${folder}/`);
    expect(name).toBe("name");
    expect(files.map(({ path }) => path.join("/"))).toEqual(["Z", "a/B", "a/z", "a-", "a.txt", "b/x", "ä"]);
    expect(files[1]).toEqual({
      path: ["a", "B"],
      absolutePath: join(folder, "a", "B"),
      modifiedMs: expect.any(Number),
      inode: expect.any(Number),
      length: 3,
      executable: false,
    });
    expect(files[0]!.executable).toBe(true);
    expect(skipped).toEqual([]);
  });

  it("puts names of every script in the order that a torrent's files have", async () => {
    const folder = join(await temporaryFolder(), "name");
    // UTF-16 would put the second but last, of two surrogates, before the private use area and the replacement character.
    const names = ["a", "a\u00e9", "ab", "\u05d0", "\ud7ff", "\ue000", "\ufffd", "\u{1f600}", "\u{1f601}"];
    for (const name of names.toReversed()) {
      await mkdir(join(folder, name), { recursive: true });
      await writeFile(join(folder, name, "x"), "x");
    }
    const { files } = await scanPayload(folder);
    expect(files.map(({ path }) => path[0]).sort()).toEqual([...names].sort());
    expect(files.map(({ path }) => path)).toEqual(files.map(({ path }) => path).toSorted(compareFilePaths));
  });

  it("takes a single file, whose path is empty", async () => {
    const path = join(await temporaryFolder(), "one");
    await writeFile(path, "12345");
    expect(await scanPayload(path)).toEqual({
      name: "one",
      files: [
        {
          path: [],
          absolutePath: path,
          length: 5,
          modifiedMs: expect.any(Number),
          inode: expect.any(Number),
          executable: false,
        },
      ],
      skipped: [],
    });
  });

  it("gives links inside the tree as links, and skips links out of it and to nothing, pipes, and journals", async () => {
    const outer = await temporaryFolder();
    const folder = join(outer, "tree");
    await mkdir(join(folder, "sub"), { recursive: true });
    await writeFile(join(outer, "secret"), "secret");
    await writeFile(join(folder, "real"), "1234");
    await writeFile(join(folder, `.${"a".repeat(40)}.bt-resume`), "journal");
    await symlink(join(folder, "real"), join(folder, "sub", "inside"));
    await symlink(join(outer, "secret"), join(folder, "out"));
    await symlink("..", join(folder, "sub", "up"));
    await symlink("sub/inside", join(folder, "chain"));
    await mkdir(join(folder, "hollow"));
    await symlink("hollow", join(folder, "to-hollow"));
    await writeFile(join(folder, "sub", "z"), "12");
    await symlink("sub", join(folder, "to-sub"));
    await symlink("nowhere", join(folder, "dangling"));
    execFileSync("mkfifo", [join(folder, "pipe")]);
    const { files, skipped } = await scanPayload(folder);
    expect(files.map(({ path, length, symlink: to }) => [path.join("/"), length, to?.join("/")])).toEqual([
      ["chain", 0, "real"],
      ["real", 4, undefined],
      ["sub/inside", 0, "real"],
      ["sub/z", 2, undefined],
      ["to-sub", 0, "sub"],
    ]);
    const left = ["dangling", "out", "pipe", "sub/up", "to-hollow"];
    expect(skipped).toEqual(left.map((path) => join(folder, path)));
  });

  it("rejects what is not there and names that are not UTF-8", async () => {
    const folder = await temporaryFolder();
    await expect(scanPayload(join(folder, "no"))).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(scanPayload("/")).rejects.toThrow(RangeError);
    await writeFile(Buffer.concat([Buffer.from(`${folder}/`), Uint8Array.of(0xff, 0xfe)]), "");
    await expect(scanPayload(folder)).rejects.toMatchObject({ code: "NAME_INVALID" });
  });
});

describe("verifyData", () => {
  const torrent = fakeTorrent(
    [
      { path: ["t", "a"], length: 50_000 },
      { path: ["t", "empty"], length: 0 },
      { path: ["t", "b"], length: 30_000 },
      { path: ["t", "c"], length: 40_000 },
    ],
    16_384,
  );
  const { metainfo } = torrent;

  async function complete(): Promise<string> {
    const root = await temporaryFolder();
    const storage = createStorage({ metainfo, root, hashers });
    await storage.open();
    await downloadAll(storage, torrent);
    await storage.close();
    return root;
  }

  it("names bad pieces, missing files and wrong lengths", async () => {
    const root = await complete();
    expect((await verifyData({ metainfo, root })).isGood).toBe(true);
    await appendFile(join(root, "t", "c"), "more");
    await unlink(join(root, "t", "empty"));
    const storage = createStorage({ metainfo, root, hashers });
    await storage.open({ recheck: "none" });
    await storage.close();
    await truncate(join(root, "t", "b"), 20_000);
    await writeFile(join(root, "t", "a"), new Uint8Array(50_000));
    const seen: boolean[] = [];
    const report = await verifyData({
      metainfo,
      root,
      workers: hashers,
      onPiece: (piece, isGood) => (seen[piece] = isGood),
    });
    expect(report).toMatchObject({
      isGood: false,
      pieceCount: 8,
      goodPieceCount: 3,
      badPieces: [0, 1, 2, 3],
    });
    expect(report.incompletePieces).toEqual([4]);
    expect(seen).toEqual([false, false, false, false, false, true, true, true]);
    const brief = report.files.map(({ path, missing, wrongLength, badPieces, incompletePieces }) => [
      path.at(-1),
      missing,
      wrongLength,
      badPieces,
      incompletePieces,
    ]);
    expect(brief).toEqual([
      ["a", false, false, [0, 1, 2, 3], []],
      ["empty", true, false, [], []],
      ["b", false, true, [3], [4]],
      ["c", false, true, [], [4]],
    ]);
  });

  it("counts what is behind a link in the place of a folder as missing, pieces and all", async () => {
    const root = await complete();
    await rename(join(root, "t"), join(root, "elsewhere"));
    await symlink("elsewhere", join(root, "t"));
    const report = await verifyData({ metainfo, root, workers: hashers });
    expect(report.files.every(({ missing }) => missing)).toBe(true);
    expect(report.goodPieceCount).toBe(0);
    expect(report.badPieces).toEqual([]);
  });

  it("counts a link in the place of a file as a missing file", async () => {
    const root = await complete();
    await rename(join(root, "t", "a"), join(root, "elsewhere"));
    await symlink(join(root, "elsewhere"), join(root, "t", "a"));
    const report = await verifyData({ metainfo, root, workers: hashers });
    expect(report.files[0]).toMatchObject({ missing: true, incompletePieces: [0, 1, 2, 3] });
  });

  it("finds everything missing in an empty folder", async () => {
    const report = await verifyData({ metainfo, root: await temporaryFolder(), workers: hashers });
    expect(report).toMatchObject({ isGood: false, goodPieceCount: 0 });
    expect(report.files.every(({ missing }) => missing)).toBe(true);
  });
});
