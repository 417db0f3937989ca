import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { parseTorrent } from "@bt/metainfo";
import { describe, expect, it } from "vitest";
import { makeTorrent } from "../src/create/make-torrent.ts";
import { runBt } from "./support/run-bt.ts";
import { createIn, writePayload } from "./support/swarm.ts";
import { tempFolder } from "./support/temp-folder.ts";

function album(): string {
  const folder = tempFolder();
  writePayload(join(folder, "album"), { "a.bin": 40_000, "sub/b.bin": 20_000, empty: 0 });
  return folder;
}

describe("create", () => {
  it("writes NAME.torrent here and says what it is, on standard error", async () => {
    const cwd = album();
    const { code, out, err } = await runBt(["create", "album"], { cwd });
    expect([code, out]).toEqual([0, ""]);
    expect(err).toMatch(
      /album\.torrent: 3 files, 58\.6 KiB, 4 pieces of 16\.0 KiB, info-hash [0-9a-f]{40}\n$/,
    );
    expect(parseTorrent(readFileSync(join(cwd, "album.torrent"))).name).toBe("album");
    expect(readdirSync(cwd).sort()).toEqual(["album", "album.torrent"]);
  });

  it("replaces a file only when it is named", async () => {
    const cwd = album();
    writeFileSync(join(cwd, "album.torrent"), "mine");
    const { code, err } = await runBt(["create", "album"], { cwd });
    expect(code).toBe(2);
    expect(err).toMatch(/album\.torrent exists already; name the file with -o to replace it\n$/);
    expect((await runBt(["create", "album", "-o", "album.torrent"], { cwd })).code).toBe(0);
    expect(parseTorrent(readFileSync(join(cwd, "album.torrent"))).name).toBe("album");
  });

  it("writes into a folder that is named, and to standard output for -", async () => {
    const cwd = album();
    mkdirSync(join(cwd, "out"));
    expect((await runBt(["create", "album", "-o", "out", "--no-date"], { cwd })).code).toBe(0);
    const { io } = await runBt(["create", "album", "-o", "-", "--no-date"], { cwd });
    expect(Buffer.compare(io.stdout.bytes, readFileSync(join(cwd, "out", "album.torrent")))).toBe(0);
  });

  it("puts every wish into the torrent", async () => {
    const cwd = album();
    const args = [
      "--tracker",
      "http://t.example/announce",
      "--web-seed",
      "http://w.example/",
      "--comment",
      "c",
      "--source",
      "s",
    ];
    await runBt(["create", "album", ...args, "--private", "--piece-length", "32K", "--collection", "k"], {
      cwd,
    });
    expect(parseTorrent(readFileSync(join(cwd, "album.torrent")))).toMatchObject({
      trackers: [["http://t.example/announce"]],
      webSeeds: ["http://w.example/"],
      comment: "c",
      source: "s",
      private: true,
      pieceLength: 32_768,
      collections: ["k"],
      creationDate: expect.any(Number) as unknown,
    });
  });

  it("makes the same torrent twice with --no-date", async () => {
    const cwd = album();
    const [a, b] = [
      await runBt(["create", "album", "-o", "-", "--no-date"], { cwd }),
      await runBt(["create", "album", "-o", "-", "--no-date"], { cwd }),
    ];
    expect(a.io.stdout.bytes).toEqual(b.io.stdout.bytes);
  });

  it("makes no torrent of a long file that was written to while it was read", async () => {
    const path = join(tempFolder(), "growing");
    writeFileSync(path, Buffer.alloc(2_000_000, 1));
    const making = makeTorrent(
      path,
      "growing",
      { format: "v1", pieceLength: undefined, withDate: false },
      { signal: new AbortController().signal, onProgress: () => appendFileSync(path, "x") },
    );
    await expect(making).rejects.toMatchObject({ exitCode: 3, code: "FILE_CHANGED" });
  });

  it("--json prints one object on standard output and nothing else", async () => {
    const cwd = album();
    const { out, err } = await runBt(["create", "album", "--json"], { cwd });
    expect(err).toBe("");
    expect(JSON.parse(out)).toMatchObject({
      path: join(cwd, "album.torrent"),
      name: "album",
      version: "v1",
      pieceCount: 4,
    });
  });

  it.each([
    [
      ["create", "nothing"],
      3,
      /^bt: cannot read nothing: there is no such file or folder; check the path\n$/,
    ],
    [["create", "void"], 3, /^bt: cannot make a torrent of void: there is not one byte in it\n$/],
    [
      ["create", "album", "--piece-length", "100K"],
      2,
      /^bt: --piece-length: a piece of 102400 bytes is not possible; give a power of two/,
    ],
    [
      ["create", "album", "--format", "v3"],
      2,
      /^bt: --format: "v3" is not a format; give v1, v2 or hybrid\n$/,
    ],
    [["create", "album", "--tracker", "t.example"], 2, /^bt: --tracker: "t\.example" is not a tracker/],
    [
      ["create", "album", "-o", "no/such/x.torrent"],
      7,
      /^bt: cannot write .*x\.torrent: there is no such file or folder; choose another place with -o\n$/,
    ],
    [["create", "album", "-o", "-", "--json"], 2, /cannot both go to standard output/],
  ])("refuses %j", async (args, code, message) => {
    const cwd = album();
    mkdirSync(join(cwd, "void"));
    const finished = await runBt(args, { cwd });
    expect([finished.code, finished.out]).toEqual([code, ""]);
    expect(finished.err).toMatch(message);
  });
});

describe("magnet", () => {
  it("makes magnet links without trackers, with peers, and of some files", async () => {
    const cwd = album();
    await createIn(cwd, "album", "--tracker", "http://t.example/secret/announce");
    const link = async (...options: string[]): Promise<string[]> => {
      const { code, out } = await runBt(["magnet", "album.torrent", ...options], {
        cwd,
        env: { BT_NO_TRACKERS: "1", BT_SELECT: "1" },
      });
      expect(code).toBe(0);
      return out.trim().split("&").slice(1);
    };
    const tracker = "tr=http%3A%2F%2Ft.example%2Fsecret%2Fannounce";
    expect(await link()).toEqual(["dn=album", tracker]);
    expect(await link("--no-trackers")).toEqual(["dn=album"]);
    expect(await link("--peer", "192.0.2.7:6881", "--peer", "[2001:db8::7]:1", "--select", "1,3")).toEqual([
      "dn=album",
      tracker,
      "x.pe=192.0.2.7:6881",
      "x.pe=[2001:db8::7]:1",
      "so=0,2",
    ]);
    const wrong = await runBt(["magnet", "album.torrent", "--select", "9"], { cwd });
    expect([wrong.code, wrong.out]).toEqual([2, ""]);
  });

  it("prints the link that names the torrent", async () => {
    const cwd = album();
    await createIn(cwd, "album", "--tracker", "http://t.example/announce");
    const { code, out, err } = await runBt(["magnet", "album.torrent"], { cwd });
    expect([code, err]).toEqual([0, ""]);
    const { out: json } = await runBt(["info", "album.torrent", "--json"], { cwd });
    const { infoHash } = JSON.parse(json) as { infoHash: string };
    expect(out).toBe(`magnet:?xt=urn:btih:${infoHash}&dn=album&tr=http%3A%2F%2Ft.example%2Fannounce\n`);
  });
});

describe("verify", () => {
  it.each(["v1", "v2", "hybrid"])("finds good %s data good", async (format) => {
    const cwd = album();
    await createIn(cwd, "album", "--format", format);
    const { code, out, err } = await runBt(["verify", "album.torrent", "."], { cwd });
    expect([code, out]).toEqual([0, ""]);
    expect(err).toMatch(/^album: all \d pieces match \(58\.6 KiB\)\n$/);
  });

  it.each(["v1", "v2", "hybrid"])("finds %s data good that holds links", async (format) => {
    const cwd = album();
    symlinkSync("../a.bin", join(cwd, "album/sub/link"));
    symlinkSync("sub", join(cwd, "album/folder"));
    await createIn(cwd, "album", "--format", format);
    const { files } = parseTorrent(readFileSync(join(cwd, "album.torrent")));
    expect(
      files.flatMap(({ path, symlink }) => (symlink ? [[path.join("/"), symlink.join("/")]] : [])),
    ).toEqual([
      ["album/folder", "album/sub"],
      ["album/sub/link", "album/a.bin"],
    ]);
    expect((await runBt(["verify", "album.torrent", "."], { cwd })).code).toBe(0);
    const seeding = await runBt(
      ["seed", "album", "--bind", "127.0.0.1", "--seed-time", "10ms", "--no-trackers"],
      { cwd },
    );
    expect([seeding.code, seeding.err]).toEqual([0, expect.stringContaining("seeding")]);
  });

  it("names bad, missing and short files and their pieces, and exits with 8", async () => {
    const cwd = album();
    await createIn(cwd, "album");
    const content = readFileSync(join(cwd, "album/a.bin"));
    content[17_000]! ^= 1;
    writeFileSync(join(cwd, "album/a.bin"), content);
    const bad = await runBt(["verify", "album.torrent", "."], { cwd });
    expect([bad.code, bad.out]).toEqual([8, "album/a.bin: does not match (piece 1)\n"]);
    expect(bad.err).toBe("album: 1 of 3 files and 1 of 4 pieces do not match\n");

    rmSync(join(cwd, "album/empty"));
    truncateSync(join(cwd, "album/sub/b.bin"), 5);
    const worse = await runBt(["verify", "album.torrent", "."], { cwd });
    expect(worse.code).toBe(8);
    expect(worse.out).toContain("album/empty: missing\n");
    expect(worse.out).toMatch(/^album\/sub\/b\.bin: has another length \(pieces? [\d, ]*3\)$/m);
  });

  it("compares files of a v2 torrent as a whole when their piece layers are missing", async () => {
    const cwd = album();
    await createIn(cwd, "album", "--format", "v2", "--piece-length", "16K");
    const bytes = readFileSync(join(cwd, "album.torrent"));
    // The dictionary of layers is the last key; an empty one is canonical, too.
    const at = bytes.indexOf("12:piece layersd") + "12:piece layersd".length;
    writeFileSync(join(cwd, "bare.torrent"), Buffer.concat([bytes.subarray(0, at), Buffer.from("ee")]));
    expect(parseTorrent(readFileSync(join(cwd, "bare.torrent"))).hasPieceLayers).toBe(false);
    const verify = async (): Promise<[number, string]> => {
      const { code, out } = await runBt(["verify", "bare.torrent", "."], { cwd });
      return [code, out];
    };
    expect(await verify()).toEqual([0, ""]);
    const place = join(cwd, "album/a.bin");
    const content = readFileSync(place);
    content[17_000]! ^= 1;
    writeFileSync(place, content);
    expect(await verify()).toEqual([
      8,
      expect.stringMatching(/^album\/a\.bin: does not match \(pieces 0, 1.*\)\n$/),
    ]);
    truncateSync(place, 17_000);
    expect(await verify()).toEqual([
      8,
      expect.stringMatching(/^album\/a\.bin: has another length \(pieces 0, 1.*\)\n$/),
    ]);
  });

  it("finds a file that is too long", async () => {
    const cwd = album();
    await createIn(cwd, "album");
    appendFileSync(join(cwd, "album/a.bin"), "x");
    expect((await runBt(["verify", "album.torrent", "."], { cwd })).code).toBe(8);
  });

  it("changes nothing", async () => {
    const cwd = album();
    await createIn(cwd, "album");
    rmSync(join(cwd, "album/sub"), { recursive: true });
    const before = readdirSync(cwd, { recursive: true }).sort();
    await runBt(["verify", "album.torrent", "."], { cwd });
    expect(readdirSync(cwd, { recursive: true }).sort()).toEqual(before);
    expect(existsSync(join(cwd, "album/sub"))).toBe(false);
  });

  it("--json lists every file with its state", async () => {
    const cwd = album();
    await createIn(cwd, "album");
    rmSync(join(cwd, "album/sub/b.bin"));
    const { code, out, err } = await runBt(["verify", "album.torrent", ".", "--json"], { cwd });
    expect([code, err]).toEqual([8, ""]);
    expect(JSON.parse(out)).toEqual({
      complete: false,
      pieceCount: 4,
      goodPieceCount: 2,
      badPieces: [],
      incompletePieces: [2, 3],
      files: [
        { path: "album/a.bin", status: "unchecked", badPieces: [], incompletePieces: [2] },
        { path: "album/empty", status: "ok", badPieces: [], incompletePieces: [] },
        { path: "album/sub/b.bin", status: "missing", badPieces: [], incompletePieces: [2, 3] },
      ],
    });
  });

  it("tells who gave the torrent's own folder to give the one above", async () => {
    const cwd = album();
    await createIn(cwd, "album");
    const { code, err } = await runBt(["verify", "album.torrent", "album"], { cwd });
    expect(code).toBe(8);
    expect(err).toContain("give the folder above album, not album itself");
  });

  it("cannot check a folder that is not there", async () => {
    const cwd = album();
    await createIn(cwd, "album");
    const { code, err } = await runBt(["verify", "album.torrent", "nowhere"], { cwd });
    expect(code).toBe(3);
    expect(err).toMatch(/^bt: cannot check nowhere: there is no such folder; give the folder/);
  });
});
