import { decode, type BencodeDictionary } from "@bt/bencode";
import { formatHex } from "@bt/primitives";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  choosePieceLength,
  compareFilePaths,
  createTorrent,
  editTorrent,
  insertPadFiles,
  parseTorrent,
  type NewFile,
  type NewTorrent,
} from "@bt/metainfo";
import { bytes, codeOf, hashPieces, hashTree, payloadOf } from "./build.ts";

const PIECE_LENGTH = 16_384;
const single: NewTorrent = {
  name: "name",
  files: [{ path: [], length: 100 }],
  pieceLength: PIECE_LENGTH,
  pieceHashes: new Uint8Array(20),
};

describe("compareFilePaths", () => {
  it("has the order of the names' UTF-8, lone surrogates and all", () => {
    const unit = fc.constantFrom(
      "a",
      "b",
      "\0",
      "é",
      "\ud7ff",
      "\ud83d",
      "\ude00",
      "\ue000",
      "\ufffd",
      "\uffff",
    );
    const anyPath = fc.array(
      fc.array(unit, { maxLength: 4 }).map((units) => units.join("")),
      { maxLength: 3 },
    );
    const inBytes = (path: readonly string[]): Buffer[] => path.map((name) => Buffer.from(name));
    fc.assert(
      fc.property(anyPath, anyPath, (a, b) => {
        const [ofA, ofB] = [inBytes(a), inBytes(b)];
        const at = ofA.findIndex((name, i) => ofB[i] === undefined || a[i] !== b[i]);
        const wanted =
          at < 0 || ofB[at] === undefined
            ? Math.sign(a.length - b.length)
            : Buffer.compare(ofA[at]!, ofB[at]);
        expect(Math.sign(compareFilePaths(a, b))).toBe(wanted);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("createTorrent", () => {
  it("writes what parseTorrent reads, for any files in v1, v2 and hybrid", () => {
    // No names that Windows keeps for itself: parseTorrent gives them others.
    const anyName = fc
      .stringMatching(/^[a-zé][a-z0-9é]{0,3}$/)
      .filter((name) => !/^(con|prn|aux|nul|(com|lpt)[0-9])$/.test(name));
    const anyPath = fc.array(anyName, { minLength: 1, maxLength: 3 });
    const anyFiles = fc.uniqueArray(fc.record({ path: anyPath, length: fc.nat(60_000) }), {
      minLength: 1,
      maxLength: 6,
      // A name is a file or a directory, not both, and no two differ in case only.
      selector: ({ path }) => path[0],
    });
    fc.assert(
      fc.property(anyFiles, fc.constantFrom("v1", "v2", "hybrid"), (wanted, version) => {
        fc.pre(wanted.some(({ length }) => length > 0));
        const sorted = wanted.toSorted((a, b) => compareFilePaths(a.path, b.path));
        const contents = new Map(sorted.map(({ path, length }, i) => [path, payloadOf(length, i)]));
        let files: NewFile[] = sorted;
        if (version !== "v1")
          files = files.map((file) => ({
            ...file,
            ...hashTree(contents.get(file.path as string[])!, PIECE_LENGTH),
          }));
        if (version === "hybrid") files = insertPadFiles(files, PIECE_LENGTH);
        const pieceHashes = hashPieces(
          files.map(({ path, length, pad }) =>
            pad ? new Uint8Array(length) : contents.get(path as string[])!,
          ),
          PIECE_LENGTH,
        );
        const made = createTorrent({
          name: "folder",
          files,
          pieceLength: PIECE_LENGTH,
          ...(version !== "v2" && { pieceHashes }),
        });
        const torrent = parseTorrent(made);
        expect(torrent.version).toBe(version);
        expect(torrent.hasPieceLayers).toBe(true);
        const isSingleTree = version === "v2" && sorted.length === 1 && sorted[0]!.path.length === 1;
        expect(torrent.files.filter(({ pad }) => !pad).map(({ path, length }) => ({ path, length }))).toEqual(
          sorted.map(({ path, length }) => ({ path: isSingleTree ? path : ["folder", ...path], length })),
        );
        if (version !== "v2") expect(torrent.pieceHash(0)).toEqual(pieceHashes.subarray(0, 20));
      }),
      { numRuns: 60 },
    );
  });

  it("writes every field where clients look for it", () => {
    const made = createTorrent({
      ...single,
      files: [{ path: [], length: 100, executable: true, hidden: true, sha1: new Uint8Array(20) }],
      trackers: [["http://a.example/x", "udp://b.example:1"], [], ["http://c.example/x"]],
      webSeeds: ["http://w.example/"],
      httpSeeds: ["http://h.example/"],
      nodes: [{ host: "n.example", port: 6881 }],
      private: true,
      source: "s",
      comment: "c",
      createdBy: "bt",
      creationDate: 1_700_000_000,
      similar: [new Uint8Array(20).fill(1)],
      collections: ["k"],
    });
    expect(new TextDecoder("latin1").decode(made)).toBe(
      "d8:announce18:http://a.example/x13:announce-listll18:http://a.example/x17:udp://b.example:1el18:http://c.example/xee" +
        "7:comment1:c10:created by2:bt13:creation datei1700000000e9:httpseedsl17:http://h.example/e" +
        `4:infod4:attr2:xh11:collectionsl1:ke6:lengthi100e4:name4:name12:piece lengthi16384e6:pieces20:${"\0".repeat(20)}` +
        `7:privatei1e4:sha120:${"\0".repeat(20)}7:similarl20:${"\x01".repeat(20)}e6:source1:se` +
        "5:nodesll9:n.examplei6881eee8:url-listl17:http://w.example/ee",
    );
    expect(createTorrent({ ...single, trackers: [["http://a.example/x"]], private: false })).toEqual(
      bytes(
        `d8:announce18:http://a.example/x4:infod6:lengthi100e4:name4:name12:piece lengthi16384e6:pieces20:${"\0".repeat(20)}ee`,
      ),
    );
  });

  it("writes links and pads as BEP 47 wants them", () => {
    const made = createTorrent({
      ...single,
      files: [
        { path: ["a"], length: 10 },
        { path: ["l"], length: 0, symlink: ["a"] },
        { path: [".pad", "90"], length: 90, pad: true },
      ],
    });
    expect(new TextDecoder("latin1").decode(made)).toContain(
      "5:filesld6:lengthi10e4:pathl1:aeed4:attr1:l6:lengthi0e4:pathl1:le12:symlink pathl1:aeed4:attr1:p6:lengthi90e4:pathl4:.pad2:90eee",
    );
    expect(parseTorrent(made).files[1]!.symlink).toEqual(["name", "a"]);
  });

  it("refuses input that would make an invalid torrent", () => {
    const failing =
      (changes: Partial<NewTorrent>): (() => Uint8Array) =>
      () =>
        createTorrent({ ...single, ...changes });
    const file = (changes: Partial<NewFile>): (() => Uint8Array) =>
      failing({ files: [{ path: ["a"], length: 100, ...changes }], pieceHashes: new Uint8Array(20) });
    for (const name of ["", ".", "..", "a/b", "a\0"]) {
      expect(failing({ name })).toThrow(TypeError);
      expect(file({ path: [name] })).toThrow(TypeError);
      expect(file({ length: 0, symlink: [name] })).toThrow(TypeError);
    }
    expect(failing({ files: [] })).toThrow(RangeError);
    expect(failing({ files: [{ path: [], length: 0 }], pieceHashes: new Uint8Array(0) })).toThrow(RangeError);
    for (const length of [-1, 0.5, Number.NaN]) expect(file({ length })).toThrow(RangeError);
    for (const pieceLength of [0, -1, 0.5, 2 ** 30]) expect(failing({ pieceLength })).toThrow(RangeError);
    for (const length of [0, 19, 40])
      expect(failing({ pieceHashes: new Uint8Array(length) })).toThrow(RangeError);
    expect(file({ symlink: ["b"] })).toThrow(RangeError);
    expect(
      failing({
        files: [
          { path: ["a"], length: 50 },
          { path: [], length: 50 },
        ],
      }),
    ).toThrow(TypeError);
  });

  it("refuses v2 parts that do not fit", () => {
    const content = payloadOf(40_000, 1);
    const tree = hashTree(content, PIECE_LENGTH);
    const make = (files: NewFile[], changes: Partial<NewTorrent> = {}): (() => Uint8Array) => {
      return () => createTorrent({ name: "n", files, pieceLength: PIECE_LENGTH, ...changes });
    };
    const a: NewFile = { path: ["a"], length: 40_000, ...tree };
    expect(parseTorrent(make([a])()).version).toBe("v2");
    expect(make([{ ...a, piecesRoot: new Uint8Array(32) }])).toThrow(RangeError);
    expect(make([{ ...a, piecesRoot: new Uint8Array(20) }])).toThrow(TypeError);
    expect(make([{ ...a, pieceLayer: new Uint8Array(32) }])).toThrow(RangeError);
    expect(make([{ path: ["a"], length: 40_000 }])).toThrow(TypeError);
    expect(make([a], { pieceLength: 40_000 })).toThrow(RangeError);
    expect(make([{ ...a, path: ["b"] }, a])).toThrow(RangeError);
    expect(make([a, a])).toThrow(RangeError);
    expect(make([a, { ...a, path: ["a", "b"] }])).toThrow(TypeError);
    expect(make([a, { ...a, path: ["b"] }], { pieceHashes: new Uint8Array(100) })).toThrow("insertPadFiles");
  });

  it("gives the same bytes for the same input, whatever the order of its fields", () => {
    const reversed = Object.fromEntries(Object.entries({ ...single, comment: "c", source: "s" }).reverse());
    expect(createTorrent(reversed as unknown as NewTorrent)).toEqual(
      createTorrent({ ...single, comment: "c", source: "s" }),
    );
  });
});

describe("choosePieceLength", () => {
  it("makes about 1,000 to 2,000 pieces of 16 KiB to 16 MiB, and never more than clients take", () => {
    expect(choosePieceLength(0)).toBe(16_384);
    expect(choosePieceLength(32 * 2 ** 20)).toBe(16_384);
    expect(choosePieceLength(32 * 2 ** 20 + 1)).toBe(32_768);
    expect(choosePieceLength(2 ** 30)).toBe(524_288);
    expect(choosePieceLength(2 ** 40)).toBe(2 ** 24);
    expect(choosePieceLength(2 ** 48 - 1)).toBe(2 ** 27);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), (length) => {
        const pieceLength = choosePieceLength(length);
        expect(Number.isInteger(Math.log2(pieceLength))).toBe(true);
        expect(Math.ceil(length / pieceLength)).toBeLessThanOrEqual(0x20_0000);
      }),
    );
    for (const length of [-1, 0.5, Number.NaN, 2 ** 53])
      expect(() => choosePieceLength(length)).toThrow(RangeError);
  });
});

describe("editTorrent", () => {
  it("changes what lies outside of the info dictionary, and keeps the rest byte for byte", () => {
    const original = createTorrent({
      ...single,
      trackers: [["http://a.example/x"]],
      comment: "old",
      createdBy: "me",
    });
    const edited = parseTorrent(
      editTorrent(original, {
        trackers: [["http://b.example/x"], ["http://c.example/x"]],
        webSeeds: ["http://w.example/"],
        httpSeeds: ["http://h.example/"],
        nodes: [{ host: "n.example", port: 1 }],
        comment: null,
        creationDate: 5,
      }),
    );
    expect(edited).toMatchObject({
      trackers: [["http://b.example/x"], ["http://c.example/x"]],
      webSeeds: ["http://w.example/"],
      httpSeeds: ["http://h.example/"],
      nodes: [{ host: "n.example", port: 1 }],
      createdBy: "me",
      creationDate: 5,
    });
    expect(edited.comment).toBeUndefined();
    expect(edited.infoBytes).toEqual(parseTorrent(original).infoBytes);
    expect(editTorrent(original, {})).toEqual(original);
    expect(parseTorrent(editTorrent(original, { trackers: null })).trackers).toEqual([]);
    expect(parseTorrent(editTorrent(original, { trackers: [["http://one.example/x"]] })).trackers).toEqual([
      ["http://one.example/x"],
    ]);
  });

  it("keeps the info-hash of a dictionary that is out of order, and keys that are no text", () => {
    const info = "d4:name1:x6:lengthi1e12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaae";
    const original = bytes(`d2:\xff\xfei7e4:info${info}e`);
    const edited = editTorrent(original, { comment: "new" });
    expect(formatHex(parseTorrent(edited).infoHash!)).toBe(formatHex(parseTorrent(original).infoHash!));
    expect((decode(edited, { tolerant: true }) as BencodeDictionary).get(bytes("\xff\xfe"))).toBe(7);
  });

  it("refuses what is no torrent", () => {
    expect(codeOf(() => editTorrent(bytes("le"), {}))).toBe("METAINFO_NO_INFO");
    expect(codeOf(() => editTorrent(bytes("de"), {}))).toBe("METAINFO_NO_INFO");
    expect(codeOf(() => editTorrent(bytes("x"), {}))).toBe("METAINFO_BENCODE");
  });
});
