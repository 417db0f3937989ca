import { createHash } from "node:crypto";
import { encode, type Encodable } from "@bt/bencode";
import { formatHex } from "@bt/primitives";
import { describe, expect, it } from "vitest";
import { isTrackerUrl, isWebSeedUrl, parseInfo, parseTorrent, type ParseOptions } from "@bt/metainfo";
import { bytes, codeOf, infoOf, torrentOf, torrentOfPaths, type Fields } from "./build.ts";

const sha1 = (data: Uint8Array): string => createHash("sha1").update(data).digest("hex");
const code = (fields: Fields, options?: ParseOptions): string =>
  codeOf(() => parseTorrent(torrentOf(fields), options));
const multi = (...files: Fields[]): Fields => ({ length: undefined, files });

describe("parseTorrent of v1", () => {
  it("reads a single file", () => {
    const torrent = parseTorrent(torrentOf({ attr: "hx", sha1: bytes("s".repeat(20)) }));
    expect(torrent).toMatchObject({
      name: "name",
      version: "v1",
      pieceLength: 16_384,
      pieceCount: 1,
      totalLength: 100,
      payloadLength: 100,
      private: false,
      isMultiFile: false,
      trackers: [],
      webSeeds: [],
      httpSeeds: [],
      nodes: [],
      collections: [],
      similar: [],
      hasPieceLayers: true,
    });
    expect(torrent.files).toEqual([
      {
        path: ["name"],
        length: 100,
        offset: 0,
        pad: false,
        executable: true,
        hidden: true,
        sha1: bytes("s".repeat(20)),
      },
    ]);
    expect(torrent.infoHashV2).toBeUndefined();
    expect(torrent.comment).toBeUndefined();
    expect(formatHex(torrent.infoHash!)).toBe(sha1(torrent.infoBytes));
    expect(formatHex(torrent.infoHash!)).toBe(
      sha1(encode(infoOf({ attr: "hx", sha1: bytes("s".repeat(20)) }))),
    );
  });

  it("reads many files with their offsets, pads and attributes", () => {
    const torrent = parseTorrent(
      torrentOf({
        ...multi(
          { length: 10_000, path: ["a"] },
          { length: 6384, path: [".pad", "6384"], attr: "p" },
          { length: 0, path: ["sub", "empty"] },
          { length: 20_000, path: ["sub", "b"], attr: "x" },
          { length: 5, attr: "p" },
        ),
        pieces: new Uint8Array(60),
      }),
    );
    expect(
      torrent.files.map(({ path, length, offset, pad }) => [path.join("/"), length, offset, pad]),
    ).toEqual([
      ["name/a", 10_000, 0, false],
      ["name/.pad/6384", 6384, 10_000, true],
      ["name/sub/empty", 0, 16_384, false],
      ["name/sub/b", 20_000, 16_384, false],
      ["name/.pad/5", 5, 36_384, true],
    ]);
    expect(torrent.pieceCount).toBe(3);
    expect(torrent.totalLength).toBe(36_389);
    expect(torrent.payloadLength).toBe(30_000);
  });

  it("gives each piece's hash as a view", () => {
    const pieces = Uint8Array.from({ length: 60 }, (_, i) => i);
    const torrent = parseTorrent(torrentOf({ length: 40_000, pieces }));
    expect(torrent.pieceHash(1)).toEqual(pieces.subarray(20, 40));
    expect(torrent.pieceRoot(1)).toBeUndefined();
    for (const piece of [-1, 3, 0.5, Number.NaN]) expect(() => torrent.pieceHash(piece)).toThrow(RangeError);
  });

  it("prefers names that are marked as UTF-8", () => {
    const torrent = parseTorrent(
      torrentOf(
        {
          name: bytes("\xe9"),
          "name.utf-8": "é",
          ...multi({ length: 1, path: [bytes("\xfc")], "path.utf-8": ["ü"] }),
        },
        { comment: bytes("\xe4"), "comment.utf-8": "ä" },
      ),
    );
    expect(torrent.files[0]!.path).toEqual(["é", "ü"]);
    expect(torrent.comment).toBe("ä");
  });

  it("reads what lies outside of the info dictionary", () => {
    const torrent = parseTorrent(
      torrentOf(
        { private: 1, source: "tracker", similar: [new Uint8Array(20)], collections: ["one"] },
        {
          announce: "http://unused.example/announce",
          "announce-list": [
            [
              "http://a.example/announce",
              " udp://b.example:80 ",
              "ftp://c.example",
              "http://a.example/announce",
            ],
            ["nonsense", 3],
            "wss://d.example",
          ],
          "url-list": ["https://seed.example/", "", "file:///etc/passwd"],
          httpseeds: "http://seed.example/seed.php",
          nodes: [["1.2.3.4", 6881], ["router.example", 1], ["x", 0], ["y", 65_536], "z"],
          comment: "",
          "created by": "me",
          "creation date": 1_700_000_000,
          similar: [new Uint8Array(32), new Uint8Array(5)],
          collections: ["one", "two"],
        },
      ),
    );
    expect(torrent).toMatchObject({
      private: true,
      source: "tracker",
      trackers: [
        ["http://a.example/announce", "udp://b.example:80", "ftp://c.example"],
        ["nonsense"],
        ["wss://d.example"],
      ],
      webSeeds: ["https://seed.example/", "file:///etc/passwd"],
      httpSeeds: ["http://seed.example/seed.php"],
      nodes: [
        { host: "1.2.3.4", port: 6881 },
        { host: "router.example", port: 1 },
      ],
      comment: "",
      createdBy: "me",
      creationDate: 1_700_000_000,
      collections: ["one", "two"],
      similar: [new Uint8Array(20), new Uint8Array(32)],
    });
    expect(
      parseTorrent(torrentOf({}, { announce: "http://a.example/x", "announce-list": [["?"]] })).trackers,
    ).toEqual([["http://a.example/x"]]);
  });

  it("takes any integer but 0 as private, however large", () => {
    const isPrivate = (flag: Encodable): boolean => parseTorrent(torrentOf({ private: flag })).private;
    for (const flag of [1, -1, 2, 2n ** 53n, 2n ** 64n, -(2n ** 80n)]) expect(isPrivate(flag)).toBe(true);
    for (const flag of [0, "1", [1]]) expect(isPrivate(flag)).toBe(false);
  });

  it("ignores optional fields of a wrong type", () => {
    const torrent = parseTorrent(
      torrentOf(
        { private: "1", source: 1, attr: 5, similar: "x", collections: 7 },
        {
          announce: 1,
          "announce-list": 2,
          "url-list": 3,
          httpseeds: {},
          nodes: "x",
          comment: [],
          "created by": 1,
          "creation date": "x",
        },
      ),
    );
    expect(torrent).toMatchObject({
      private: false,
      trackers: [],
      webSeeds: [],
      httpSeeds: [],
      nodes: [],
      similar: [],
    });
    for (const key of ["source", "comment", "createdBy", "creationDate"])
      expect(torrent).not.toHaveProperty(key);
  });

  it("hashes the original bytes of an info dictionary whose keys are out of order", () => {
    const info = "d4:name1:x6:lengthi1e12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaae";
    const torrent = parseTorrent(bytes(`d4:info${info}1:ai1ee\n`));
    expect(formatHex(torrent.infoHash!)).toBe(sha1(bytes(info)));
    expect(torrent.infoBytes).toEqual(bytes(info));
  });

  it("takes numbers of a v1 torrent that are not canonical, and hashes the original bytes", () => {
    const info =
      "d6:lengthi01e4:name01:x12:piece lengthi016384e6:pieces20:aaaaaaaaaaaaaaaaaaaa7:privatei-0ee";
    const torrent = parseTorrent(bytes(`d4:info${info}e`));
    expect(torrent).toMatchObject({ name: "x", pieceLength: 16_384, totalLength: 1, private: false });
    expect(formatHex(torrent.infoHash!)).toBe(sha1(bytes(info)));
    for (const length of ["ie", "i--1e", "i1", "i1x"])
      expect(codeOf(() => parseTorrent(bytes(`d4:infod6:length${length}e`)))).toBe("METAINFO_BENCODE");
  });

  it("is a single file when files is no list", () => {
    for (const files of ["x", 5, {}]) expect(parseTorrent(torrentOf({ files })).isMultiFile).toBe(false);
  });

  it("takes no text for a meta version", () => {
    for (const version of ["2", []])
      expect(parseTorrent(torrentOf({ "meta version": version })).version).toBe("v1");
  });

  it("refuses each fault with its code", () => {
    expect(codeOf(() => parseTorrent(bytes("d4:info")))).toBe("METAINFO_BENCODE");
    expect(codeOf(() => parseTorrent(bytes("d4:infod1:bi1e1:ai1e1:ee")))).toBe("METAINFO_BENCODE");
    for (const input of ["le", "i1e", "de", "d4:infolee"])
      expect(codeOf(() => parseTorrent(bytes(input)))).toBe("METAINFO_NO_INFO");
    for (const version of [3, 2 ** 40, 10n ** 30n])
      expect(code({ "meta version": version })).toBe("METAINFO_UNSUPPORTED_VERSION");
    for (const name of [undefined, 5, ["x"]]) expect(code({ name })).toBe("METAINFO_NAME");
    for (const length of [undefined, 0, -1, "16384", 2 ** 31, 2 ** 50, 10n ** 30n])
      expect(code({ "piece length": length })).toBe("METAINFO_PIECE_LENGTH");
    for (const pieces of [undefined, 1, new Uint8Array(0), new Uint8Array(19), new Uint8Array(40)])
      expect(code({ pieces })).toBe("METAINFO_PIECES");
    for (const files of [[], "x", [1], {}]) expect(code({ length: undefined, files })).toBe("METAINFO_FILES");
    expect(code({ length: undefined })).toBe("METAINFO_FILES");
    for (const length of [-1, "1", 2 ** 48, 10n ** 30n, undefined])
      expect(code(multi({ length, path: ["x"] }))).toBe("METAINFO_FILE_LENGTH");
    for (const path of [undefined, "x", [], [1], Array<string>(101).fill("x")])
      expect(code(multi({ length: 1, path }))).toBe("METAINFO_FILE_PATH");
    expect(code({ length: 0, pieces: new Uint8Array(0) })).toBe("METAINFO_EMPTY");
    expect(code(multi({ length: 100, attr: "p" }))).toBe("METAINFO_EMPTY");
    const half = { length: 2 ** 47, path: ["x"] };
    expect(code(multi(half, half))).toBe("METAINFO_FILE_LENGTH");
    expect(code({ "file tree": {} })).toBe("METAINFO_UNSUPPORTED_VERSION");
    expect(code({ "file tree": {}, "meta version": 1 })).toBe("METAINFO_UNSUPPORTED_VERSION");
  });

  it("keeps to its limits", () => {
    expect(code({ length: 16_384 * 0x20_0000 + 1 })).toBe("METAINFO_TOO_LARGE");
    expect(code({ length: 16_384 * 3, pieces: new Uint8Array(60) }, { maxPieceCount: 2 })).toBe(
      "METAINFO_TOO_LARGE",
    );
    expect(code({}, { maxLength: 50 })).toBe("METAINFO_TOO_LARGE");
    expect(code({}, { maxValueCount: 5 })).toBe("METAINFO_BENCODE");
    expect(code(multi({ length: 1, path: ["a", "b"] }), { maxPathDepth: 1 })).toBe("METAINFO_FILE_PATH");
    const urls = Array.from({ length: 5000 }, (_, i) => `http://t${i}.example/announce`);
    const many = parseTorrent(torrentOf({}, { "announce-list": urls.map((url) => [url]), "url-list": urls }));
    expect(many.trackers.flat()).toEqual(urls.slice(0, 1000));
    expect(many.webSeeds).toEqual(urls.slice(0, 1000));
    expect(parseTorrent(torrentOf({}, { "announce-list": [urls] }), { maxUrlCount: 2 }).trackers).toEqual([
      urls.slice(0, 2),
    ]);
  });
});

describe("isTrackerUrl and isWebSeedUrl", () => {
  it("tell which of the stored URLs can be asked", () => {
    for (const url of ["http://a/x", "HTTPS://a/x", "udp://a:1", "wss://a"])
      expect(isTrackerUrl(url)).toBe(true);
    for (const url of [
      "ftp://a",
      "a.example:80/announce",
      "http://",
      "http:///x",
      "",
      `http://${"a".repeat(9000)}`,
    ])
      expect(isTrackerUrl(url)).toBe(false);
    expect(isWebSeedUrl("https://a/x y")).toBe(true);
    for (const url of ["udp://a", "file:///etc/passwd", "/32/items/", ""])
      expect(isWebSeedUrl(url)).toBe(false);
  });
});

describe("paths of a torrent", () => {
  const pathsOf = (...paths: string[][]): string[] =>
    parseTorrent(torrentOfPaths(...paths)).files.map(({ path }) => path.slice(1).join("/"));

  it("get a number when another file has them, also by case or by how accents are composed", () => {
    expect(pathsOf(["a.txt"], ["a.txt"], ["A.TXT"], ["a.1.txt"])).toEqual([
      "a.txt",
      "a.2.txt",
      "A.3.TXT",
      "a.1.txt",
    ]);
    expect(pathsOf(["é"], ["e\u0301"], ["É"])).toEqual(["é", "e\u0301.1", "É.2"]);
    expect(pathsOf(["straße"], ["STRASSE"])).toEqual(["straße", "STRASSE.1"]);
    expect(pathsOf(["D", "x"], ["d", "X"])).toEqual(["D/x", "d/X.1"]);
    expect(pathsOf(["a:b"], ["a?b"])).toEqual(["a_b", "a_b.1"]);
  });

  it("never take the place of a directory, whichever comes first", () => {
    expect(pathsOf(["a"], ["a", "b"])).toEqual(["a.1", "a/b"]);
    expect(pathsOf(["a", "b"], ["A"])).toEqual(["a/b", "A.1"]);
  });

  it("stay within 255 bytes when they get a number", () => {
    const [, second] = pathsOf([`${"x".repeat(251)}.mkv`], [`${"x".repeat(251)}.mkv`]);
    expect(second).toBe(`${"x".repeat(249)}.1.mkv`);
  });

  it("lie below the torrent's name, which is its hash when it cannot be used", () => {
    for (const name of ["..", ".", "", "\u202e"]) {
      const torrent = parseTorrent(torrentOf({ name }));
      expect(torrent.name).toBe(formatHex(torrent.infoHash!));
      expect(torrent.files[0]!.path).toEqual([torrent.name]);
    }
    expect(parseTorrent(torrentOf({ name: "../../etc/passwd" })).name).toBe(".._.._etc_passwd");
  });

  it("of POSIX keep what only Windows refuses", () => {
    const torrent = parseTorrent(torrentOfPaths(["what?", "con"]), { fileNames: "posix" });
    expect(torrent.files[0]!.path).toEqual(["name", "what?", "con"]);
  });
});

describe("symbolic links", () => {
  const link = (path: string[], target: string[]): Fields => ({
    length: 0,
    attr: "l",
    path,
    "symlink path": target,
  });
  const file = (...path: string[]): Fields => ({ length: 1, path });
  const linksOf = (...files: Fields[]): (string | undefined)[] =>
    parseTorrent(torrentOf(multi(...files))).files.map(({ symlink }) => symlink?.join("/"));

  it("lead to files, directories and other links of the torrent", () => {
    expect(
      linksOf(
        file("d", "f"),
        link(["l1"], ["d", "f"]),
        link(["l2"], ["d"]),
        link(["l3"], ["l2", "f"]),
        link(["l4"], ["l3"]),
      ),
    ).toEqual([undefined, "name/d/f", "name/d", "name/l2/f", "name/l3"]);
  });

  it("lead from the link's own directory on, as old torrents have them, where they do not from the top", () => {
    expect(
      linksOf(
        file("Versions", "A", "f"),
        link(["Versions", "Current"], ["A"]),
        link(["g"], ["Versions", "Current", "f"]),
        link(["Versions", "h"], ["A", "f"]),
      ),
    ).toEqual([undefined, "name/Versions/A", "name/Versions/Current/f", "name/Versions/A/f"]);
    // The top comes first, as BEP 47 has it.
    expect(linksOf(file("A"), file("d", "A"), link(["d", "l"], ["A"]))).toEqual([
      undefined,
      undefined,
      "name/A",
    ]);
    expect(linksOf(file("a"), link(["d", "l"], ["..", "a"]))).toEqual([undefined, undefined]);
  });

  it("never lead out: a climbing target is taken literally, and one that is nowhere makes an ordinary file", () => {
    expect(linksOf(file("f"), link(["l"], ["..", "..", "etc", "passwd"]))).toEqual([undefined, undefined]);
    expect(linksOf(file("f"), link(["l"], ["/etc/passwd"]))).toEqual([undefined, undefined]);
    expect(linksOf(file("a", "..", "f"), link(["l"], ["a", "..", "f"]))).toEqual([undefined, "name/a/_/f"]);
  });

  it("that lead in a circle, to themselves or through a file are ordinary files", () => {
    expect(linksOf(file("f"), link(["a"], ["b"]), link(["b"], ["a"]))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(linksOf(file("f"), link(["a"], ["a"]))).toEqual([undefined, undefined]);
    expect(linksOf(file("f"), link(["a"], ["f", "g"]))).toEqual([undefined, undefined]);
  });

  it("follow a target that was renamed", () => {
    expect(linksOf(file("F"), file("f"), link(["l"], ["f"]))).toEqual([undefined, undefined, "name/f.1"]);
  });

  it("with bytes of their own are ordinary files", () => {
    expect(linksOf(file("f"), { ...link(["l"], ["f"]), length: 5 })).toEqual([undefined, undefined]);
  });

  it("may leave out their length", () => {
    expect(linksOf(file("f"), { ...link(["l"], ["f"]), length: undefined })).toEqual([undefined, "name/f"]);
  });
});

describe("parseInfo", () => {
  it("makes the model of metadata that came from peers", () => {
    const infoBytes = encode(infoOf());
    const torrent = parseInfo(infoBytes, { trackers: [["http://t.example/announce"]] });
    expect(torrent.trackers).toEqual([["http://t.example/announce"]]);
    expect(torrent.webSeeds).toEqual([]);
    expect(formatHex(torrent.infoHash!)).toBe(sha1(infoBytes));
  });

  it("refuses bytes after the dictionary: they are not under the hash", () => {
    expect(codeOf(() => parseInfo(new Uint8Array([...encode(infoOf()), 10])))).toBe("METAINFO_BENCODE");
  });
});
