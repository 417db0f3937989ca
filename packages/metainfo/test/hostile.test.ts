import { encode, type Encodable } from "@bt/bencode";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createTorrent, editTorrent, MetainfoError, parseTorrent } from "@bt/metainfo";
import { codeOf, hashTree, infoOf, payloadOf, torrentOf, type Fields } from "./build.ts";

const KEYS = [
  "name",
  "piece length",
  "pieces",
  "length",
  "files",
  "file tree",
  "meta version",
  "private",
  "path",
  "attr",
  "symlink path",
];

/** Values of any shape under the keys that a torrent has. */
const anyFields = fc.letrec<{ value: Encodable; fields: Fields }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<Encodable>(
      0,
      1,
      -1,
      2,
      16_384,
      2 ** 40,
      2n ** 70n,
      "",
      "x",
      "..",
      new Uint8Array(20),
      new Uint8Array(32),
    ),
    fc.array(tie("value"), { maxLength: 3 }),
    tie("fields"),
  ),
  fields: fc.dictionary(fc.constantFrom(...KEYS, "", "a"), tie("value"), {
    maxKeys: 4,
    noNullPrototype: true,
  }) as fc.Arbitrary<Fields>,
})).fields;

function parse(bytes: Uint8Array): void {
  try {
    const torrent = parseTorrent(bytes);
    for (let piece = 0; piece < Math.min(torrent.pieceCount, 3); piece++) torrent.pieceRoot(piece);
    for (const { path } of torrent.files)
      expect(path.every((name) => name !== ".." && !name.includes("/"))).toBe(true);
  } catch (error) {
    expect(error).toBeInstanceOf(MetainfoError);
  }
}

describe("a key of 30 MB", () => {
  const key = new Uint8Array(30_000_000).fill(0xfe);
  const leaf = { "": { length: 5, "pieces root": new Uint8Array(32).fill(1) } };
  const info = { "file tree": { a: leaf }, "meta version": 2, name: "a", "piece length": 16_384 };

  it("among the piece layers belongs to no file", () => {
    const torrent = encode({ info, "piece layers": new Map([[key, ""]]) });
    expect(codeOf(() => parseTorrent(torrent))).toBe("METAINFO_PIECE_LAYER");
  });

  it("beside the info dictionary stays in an edited torrent", () => {
    const torrent = encode(
      new Map<string | Uint8Array, Encodable>([
        ["info", info],
        [key, "kept"],
      ]),
    );
    const edited = editTorrent(torrent, { comment: "new" });
    expect(edited.length).toBe(torrent.length + "7:comment3:new".length);
    expect(parseTorrent(edited).comment).toBe("new");
  });
});

describe("parseTorrent of hostile input", () => {
  it("throws nothing but MetainfoError, for any bytes and any fields", () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => parse(bytes)));
    fc.assert(
      fc.property(anyFields, anyFields, (info, outer) => {
        parse(torrentOf(info, outer));
        parse(encode({ ...outer, info }));
      }),
      { numRuns: 1000 },
    );
  });

  it("throws nothing but MetainfoError, wherever a byte of a torrent is changed", () => {
    const content = payloadOf(40_000, 1);
    const file = { path: ["a"], length: 40_000, ...hashTree(content, 16_384) };
    const torrents = [
      createTorrent({ name: "v2", files: [file], pieceLength: 16_384 }),
      createTorrent({ name: "hybrid", files: [file], pieceLength: 16_384, pieceHashes: new Uint8Array(60) }),
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...torrents),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 }),
        (torrent, changes) => {
          const damaged = torrent.slice();
          for (const [where, byte] of changes) damaged[where % damaged.length] = byte;
          parse(damaged);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("refuses more files than the limit of values allows", () => {
    const files = Array.from({ length: 100_000 }, (_, i) => ({ length: 0, path: [`${i}`] }));
    const bytes = torrentOf({ length: undefined, files: [{ length: 1, path: ["a"] }, ...files] });
    expect(parseTorrent(bytes).files).toHaveLength(100_001);
    expect(codeOf(() => parseTorrent(bytes, { maxValueCount: 500_000 }))).toBe("METAINFO_BENCODE");
  });

  it("edits a torrent with 200,000 keys outside of the info dictionary", () => {
    const others = Array.from({ length: 200_000 }, (_, i) => [`x${i}`, 1] as const);
    const bytes = torrentOf({}, Object.fromEntries(others));
    expect(editTorrent(bytes, { comment: "c" }).length).toBe(bytes.length + "7:comment1:c".length);
  });

  it("names fifty thousand equal files apart", () => {
    const files = Array.from({ length: 50_000 }, () => ({ length: 0, path: ["a"] }));
    const torrent = parseTorrent(
      torrentOf({ length: undefined, files: [{ length: 1, path: ["b"] }, ...files] }),
    );
    expect(new Set(torrent.files.map(({ path }) => path[1])).size).toBe(50_001);
  });

  it("follows chains of thousands of links without overflowing the stack", () => {
    const links = Array.from({ length: 20_000 }, (_, i) => ({
      length: 0,
      attr: "l",
      path: [`l${i}`],
      "symlink path": [`l${i + 1}`],
    }));
    const torrent = parseTorrent(
      torrentOf({ length: undefined, files: [...links, { length: 1, path: ["l20000"] }] }),
    );
    expect(torrent.files[19_999]!.symlink).toEqual(["name", "l20000"]);
  });

  it("takes no memory for pieces that are only claimed", () => {
    expect(codeOf(() => parseTorrent(torrentOf({ length: 2 ** 48 - 1, "piece length": 1 })))).toBe(
      "METAINFO_TOO_LARGE",
    );
    expect(codeOf(() => parseTorrent(torrentOf({ length: 2 ** 45, "piece length": 2 ** 24 })))).toBe(
      "METAINFO_PIECES",
    );
  });

  it("cuts a name of ten million bytes", () => {
    const { name } = parseTorrent(encode({ info: infoOf({ name: "x".repeat(10_000_000) }) }));
    expect(name).toHaveLength(255);
  });
});
