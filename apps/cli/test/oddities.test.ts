import { type Encodable, encode } from "@bt/bencode";
import { createTorrent, parseTorrent } from "@bt/metainfo";
import { describe, expect, it } from "vitest";
import { torrentJson, torrentJsonParts } from "../src/info/torrent-json.ts";
import { torrentText } from "../src/info/torrent-text.ts";
import { oddities } from "../src/info/oddities.ts";
import { runBt } from "./support/run-bt.ts";

const NOW = 1_700_000_000;
const TRACKER = "http://t.example/announce";

interface Parts {
  readonly info?: Readonly<Record<string, Encodable | undefined>>;
  readonly outer?: Readonly<Record<string, Encodable>>;
}

/** A torrent of one file of 5 bytes about which nothing is odd, but for what the parts change. */
function torrentOf({ info, outer }: Parts): Uint8Array {
  return encode({
    announce: TRACKER,
    "creation date": NOW,
    ...outer,
    info: { name: "n", length: 5, "piece length": 16_384, pieces: new Uint8Array(20), ...info },
  });
}

it("a torrent of 200,000 files is shown whole, with what is odd about it", () => {
  const list = Array.from({ length: 200_000 }, (_, i) => ({
    length: i === 0 ? 5 : 0,
    path: [`f${i}`, "x/y"],
  }));
  const metainfo = parseTorrent(torrentOf({ info: { length: undefined, files: list } }));
  expect(torrentText(metainfo, { allFiles: true }).match(/x_y/g)).toHaveLength(200_000);
  expect(JSON.parse([...torrentJsonParts(metainfo)].join(""))).toEqual(torrentJson(metainfo));
  expect(oddities(metainfo, NOW)).toEqual([expect.stringMatching(/^200000 file names are not safe/)]);
});

function oddOf(parts: Parts): string[] {
  return oddities(parseTorrent(torrentOf(parts)), NOW);
}

function files(...paths: (string | string[])[]): NonNullable<Parts["info"]> {
  return {
    length: undefined,
    files: paths.map((path) => ({ length: 5, path: typeof path === "string" ? path.split("/") : path })),
  };
}

describe("a usual torrent", () => {
  it("has nothing odd", () => {
    expect(oddOf({})).toEqual([]);
    expect(oddOf({ info: files("a", "sub/b", "sub/c") })).toEqual([]);
  });

  it("may have its name in another field, and pad files without one", () => {
    expect(oddOf({ info: { name: new Uint8Array([0xe4]), "name.utf-8": "ä" } })).toEqual([]);
    const pad = { attr: "p", length: 16_379 };
    const list = [{ length: 5, path: ["a"] }, pad, { length: 5, path: ["b"] }];
    expect(oddOf({ info: { length: undefined, files: list, pieces: new Uint8Array(40) } })).toEqual([]);
  });
});

describe("what is odd", () => {
  it.each<[string, Parts, string]>([
    [
      "a name",
      { info: { name: "a/b" } },
      '1 file name is not safe everywhere or there twice: "a/b" is changed to "a_b"',
    ],
    [
      "a folder's name",
      { info: { ...files("a"), name: "x\n" } },
      'the name "x\n" is not safe everywhere; it is changed to "x_"',
    ],
    [
      "paths that lead out",
      { info: files("ok", ["..", "a"], ["..", "b"]) },
      '2 file names are not safe everywhere or there twice: "../a" is changed to "_/a"',
    ],
    [
      "a path that is there twice",
      { info: files("a.txt", "a.txt") },
      '1 file name is not safe everywhere or there twice: "a.txt" is changed to "a.1.txt"',
    ],
    [
      "a tracker",
      { outer: { "announce-list": [[TRACKER, "gopher://x/"]] } },
      "1 tracker of an unknown scheme: gopher://x/",
    ],
    [
      "many trackers",
      {
        outer: {
          "announce-list": [
            [TRACKER, "a:1"],
            ["a:2", "a:3"],
            ["a:4", "a:5"],
          ],
        },
      },
      "5 trackers of an unknown scheme: a:1, a:2, a:3 and 2 more",
    ],
    ["a web seed", { outer: { "url-list": ["ftp://x/"] } }, "1 web seed of an unknown scheme: ftp://x/"],
    ["an HTTP seed", { outer: { httpseeds: ["x"] } }, "1 HTTP seed of an unknown scheme: x"],
    ["no tracker", { outer: { announce: "" } }, "it has no tracker: peers can only be found in other ways"],
    [
      "no tracker of a private torrent",
      { outer: { announce: "" }, info: { private: 1 } },
      "it is private and has no tracker: peers cannot be found",
    ],
    [
      "nodes of a private torrent",
      { outer: { nodes: [["x.example", 1]] }, info: { private: 1 } },
      "it is private, so that its DHT nodes are not asked for peers",
    ],
    [
      "an odd piece length",
      { info: { "piece length": 20_000 } },
      "the piece length of 20000 bytes is no power of two",
    ],
    [
      "large pieces",
      { info: { "piece length": 32 * 1024 * 1024 } },
      "a piece length of 32.0 MiB is unusual; other clients may refuse it (16 KiB to 16 MiB is common)",
    ],
    [
      "small pieces",
      { info: { "piece length": 1024 } },
      "a piece length of 1.0 KiB is unusual; other clients may refuse it (16 KiB to 16 MiB is common)",
    ],
    [
      "many pieces",
      { info: { length: 16_384 * 100_001, pieces: new Uint8Array(20 * 100_001) } },
      "it has very many pieces: 100001; larger pieces would make a smaller torrent",
    ],
    [
      "files of one content",
      {
        info: {
          length: undefined,
          files: ["a", "b", "c"].map((name) => ({ length: 5, path: [name], sha1: new Uint8Array(20) })),
        },
      },
      "2 files are there twice: n/b is the same as n/a",
    ],
    ["a date to come", { outer: { "creation date": NOW + 100_000 } }, "its creation date is in the future"],
    [
      "a date in milliseconds",
      { outer: { "creation date": NOW * 1000 } },
      "its creation date is not in seconds",
    ],
  ])("%s is told, and nothing else", (_, parts, message) => {
    expect(oddOf(parts)).toEqual([message]);
  });

  it.each([16_384, 16 * 1024 * 1024])("a piece length of %d is not", (pieceLength) => {
    expect(oddOf({ info: { "piece length": pieceLength } })).toEqual([]);
  });

  it.each([undefined, new Uint8Array(40)])(
    "v2 names, equal files and missing piece layers are told (%#)",
    (pieceHashes) => {
      const root = new Uint8Array(32).fill(1);
      const bytes = createTorrent({
        name: "n",
        trackers: [[TRACKER]],
        pieceLength: 16_384,
        files: [
          { path: ["a\\b"], length: 16_384, piecesRoot: root },
          { path: ["c"], length: 16_384, piecesRoot: root },
        ],
        ...(pieceHashes !== undefined && { pieceHashes }),
      });
      expect(oddities(parseTorrent(bytes), NOW)).toEqual([
        '1 file name is not safe everywhere or there twice: "a\\b" is changed to "a_b"',
        "1 file is there twice: n/c is the same as n/a_b",
      ]);
      const tree = { n: { "": { length: 40_000, "pieces root": root } } };
      const info = { "file tree": tree, "meta version": 2, pieces: undefined, length: undefined };
      expect(oddOf({ info })).toEqual([
        "its piece layers are missing: without peers that have them its v2 pieces cannot be checked",
      ]);
    },
  );
});

describe("info", () => {
  const odd = torrentOf({ outer: { "url-list": ["x:\u001b[31m"] } });

  it("warns on standard error, escaped", async () => {
    const { code, out, err } = await runBt(["info", "-"], { stdin: odd });
    expect([code, err]).toEqual([0, "warning: 1 web seed of an unknown scheme: x:\\u{1b}[31m\n"]);
    expect(out).not.toContain("warning");
  });

  it.each(["--json", "--quiet"])("does not with %s", async (flag) => {
    expect((await runBt(["info", "-", flag], { stdin: odd })).err).toBe("");
  });
});
