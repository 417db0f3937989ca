import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { createTorrent, parseTorrent } from "@bt/metainfo";
import { describe, expect, it } from "vitest";
import { parseSelectList, selectFiles } from "../src/values/file-list.ts";
import { digest, download, expectSameAlbum, swarm } from "./support/album-swarm.ts";
import { jsonLines, runBt } from "./support/run-bt.ts";
import { tempFolder } from "./support/temp-folder.ts";

const PATHS = ["cd1/01 one.mkv", "cd1/02, two.mkv", "cd2/01 (three).mkv", "cd2/notes+.txt", "cover.jpg"];
const metainfo = parseTorrent(
  createTorrent({
    name: "show",
    files: PATHS.map((path) => ({ path: path.split("/"), length: 10 })),
    pieceLength: 16_384,
    pieceHashes: new Uint8Array(20),
  }),
);

describe("a list of --select", () => {
  it.each<[string, number[]]>([
    ["1", [1]],
    ["2-3,5", [2, 3, 5]],
    ["4-99", [4, 5]],
    ["*.mkv", [1, 2, 3]],
    ["cd1", [1, 2]],
    ["cd1/", [1, 2]],
    ["show/cd2", [3, 4]],
    ["cd2/*.mkv", [3]],
    ["**.txt", [4]],
    ["01 (three).mkv", [3]],
    ["notes+.txt", [4]],
    ["0? *", [1, 3]],
    ["02\\, two.mkv,cover.jpg", [2, 5]],
    ["show", [1, 2, 3, 4, 5]],
  ])("%s chooses files %j", (text, numbers) => {
    const selected = [...selectFiles(parseSelectList(text), metainfo)].sort((a, b) => a - b);
    expect(selected.map((index) => index + 1)).toEqual(numbers);
  });

  it.each(["", ",", "0", "3-2", "9", "cd", "*.avi", "(", "notes.\\.txt"])("%j is a mistake", (text) => {
    expect(() => selectFiles(parseSelectList(text), metainfo)).toThrowError(
      expect.objectContaining({ exitCode: 2 }),
    );
  });
});

describe("download --select", () => {
  it("fetches only these files and makes no other, then the rest when it is selected", async () => {
    const from = await swarm();
    const cwd = tempFolder();
    const first = await runBt(download(from, "--select", "ü b.bin", "--json"), { cwd });
    expect(first).toMatchObject({ code: 0, err: "" });
    const events = jsonLines(first.out);
    expect(events.at(-1)).toMatchObject({ event: "complete", receivedLength: 150_000 - 6 * 16_384 });
    expect(events.filter(({ event }) => event === "file").map(({ path }) => path)).toEqual([
      "album/sub/ü b.bin",
    ]);
    expect(readdirSync(join(cwd, "album"))).toEqual(["sub"]);
    expect(digest(join(cwd, "album/sub/ü b.bin"))).toBe(digest(join(from.folder, "album/sub/ü b.bin")));

    const again = await runBt(download(from, "--select", "ü b.bin", "--json"), { cwd });
    expect(jsonLines(again.out).at(-1)).toMatchObject({ event: "complete", receivedLength: 0 });

    const rest = await runBt(download(from, "--json"), { cwd });
    expect(jsonLines(rest.out).at(-1)).toMatchObject({ event: "complete", receivedLength: 6 * 16_384 });
    expectSameAlbum(from.folder, cwd);
    expect(readdirSync(cwd)).toEqual(["album"]);
  });

  it("says what fits nothing, and leaves no file", async () => {
    const from = await swarm();
    const cwd = tempFolder();
    const { code, err } = await runBt(download(from, "--select", "*.flac"), { cwd });
    expect(code).toBe(2);
    expect(err).toMatch(/^bt: "\*\.flac" fits no file of album; see them with --list\n$/);
    expect(existsSync(join(cwd, "album"))).toBe(false);
  });
});

describe("--list", () => {
  it("shows what --select chooses, and a torrent's files before it is seeded", async () => {
    const { folder, peer } = await swarm();
    const from = { folder, peer };
    const all = await runBt(download(from, "--list"), { cwd: tempFolder() });
    expect(all.code).toBe(0);
    expect(all.out.trimEnd().split("\n")).toHaveLength(3);
    const some = await runBt(download(from, "--list", "--select", "sub"), { cwd: tempFolder() });
    expect(some.out).toMatch(/^\d {2} +48\.8 KiB {2}album\/sub\/ü b\.bin\n$/);
    const seeded = await runBt(["seed", "album.torrent", "--list"], { cwd: folder });
    expect([seeded.code, seeded.out]).toEqual([0, all.out]);
    expect(await runBt(["seed", "album", "--list"], { cwd: folder })).toMatchObject({ code: 2 });
  });

  it("a download says what it has selected", async () => {
    const { err } = await runBt(download(await swarm(), "--select", "sub"), { cwd: tempFolder() });
    expect(err).toContain("selected of album: 1 of 3 files, 48.8 KiB\n");
  });
});
