import { createHash } from "node:crypto";
import { BencodeDictionary, decode, encode, type BencodeValue, type Encodable } from "@bt/bencode";
import { bytesEqual, formatHex } from "@bt/primitives";
import { describe, expect, it } from "vitest";
import {
  createTorrent,
  insertPadFiles,
  merkleRoot,
  parseInfo,
  parseTorrent,
  type Metainfo,
  type NewFile,
} from "@bt/metainfo";
import { codeOf, hashPieces, hashTree, payloadOf, type Fields } from "./build.ts";

const PIECE_LENGTH = 32_768;
/** In tree order: longer than a piece, of one block, empty, of exactly one piece. */
const CONTENTS = [100_000, 5000, 0, PIECE_LENGTH].map(payloadOf);
const PATHS = [["a"], ["b", "c"], ["b", "empty"], ["z"]];
const FILES: NewFile[] = CONTENTS.map((content, i) => ({
  path: PATHS[i]!,
  length: content.length,
  ...hashTree(content, PIECE_LENGTH),
}));

function makeV2(): Uint8Array {
  return createTorrent({ name: "v2", files: FILES, pieceLength: PIECE_LENGTH });
}

function makeHybrid(): Uint8Array {
  const files = insertPadFiles(FILES, PIECE_LENGTH);
  const contents = files.map((file) => CONTENTS[FILES.indexOf(file)] ?? new Uint8Array(file.length));
  return createTorrent({
    name: "hybrid",
    files,
    pieceLength: PIECE_LENGTH,
    pieceHashes: hashPieces(contents, PIECE_LENGTH),
  });
}

/** The torrent with parts changed: a function for each key, from what is there to what shall be. */
function changed(
  torrent: Uint8Array,
  change: (fields: { torrent: Fields; info: Fields }) => void,
): Uint8Array {
  const fields = thaw(decode(torrent)) as Fields;
  change({ torrent: fields, info: fields["info"] as Fields });
  return encode(fields);
}

/** Dictionaries with text keys as objects, others as Maps. */
function thaw(value: BencodeValue): Encodable {
  if (!(value instanceof BencodeDictionary))
    return Array.isArray(value) ? (value as BencodeValue[]).map(thaw) : (value as Encodable);
  const entries = [...value.byteEntries()];
  const isText = entries.every(([key]) => key.every((byte) => byte < 0x80));
  const thawed = entries.map(
    ([key, item]) => [isText ? new TextDecoder().decode(key) : key, thaw(item)] as const,
  );
  return isText
    ? Object.fromEntries(thawed as [string, Encodable][])
    : new Map(thawed as [Uint8Array, Encodable][]);
}

describe("parseTorrent of v2", () => {
  it("reads the file tree in order; each file begins a piece", () => {
    const torrent = parseTorrent(makeV2());
    expect(torrent).toMatchObject({
      name: "v2",
      version: "v2",
      pieceCount: 6,
      totalLength: 137_768,
      isMultiFile: true,
    });
    expect(torrent.infoHash).toBeUndefined();
    expect(formatHex(torrent.infoHashV2!)).toBe(createHash("sha256").update(torrent.infoBytes).digest("hex"));
    expect(torrent.files.map(({ path, length, offset }) => [path.join("/"), length, offset])).toEqual([
      ["v2/a", 100_000, 0],
      ["v2/b/c", 5000, 4 * PIECE_LENGTH],
      ["v2/b/empty", 0, 4 * PIECE_LENGTH + 5000],
      ["v2/z", PIECE_LENGTH, 5 * PIECE_LENGTH],
    ]);
    const lengths = Array.from({ length: 6 }, (_, piece) => torrent.layout.pieces.pieceLengthAt(piece));
    expect(lengths).toEqual([32_768, 32_768, 32_768, 1696, 5000, 32_768]);
    expect(() => torrent.pieceHash(0)).toThrow(RangeError);
  });

  it("knows the root of every piece, as its blocks make it", () => {
    const torrent = parseTorrent(makeV2());
    for (let piece = 0; piece < torrent.pieceCount; piece++) {
      const [span] = torrent.layout.spansOf(
        torrent.layout.pieces.offsetOf(piece),
        torrent.layout.pieces.pieceLengthAt(piece),
      );
      const data = CONTENTS[span!.fileIndex]!.subarray(span!.fileOffset, span!.fileOffset + span!.length);
      const leaves: Uint8Array[] = [];
      for (let at = 0; at < data.length; at += 16_384)
        leaves.push(
          createHash("sha256")
            .update(data.subarray(at, at + 16_384))
            .digest(),
        );
      const isLong = CONTENTS[span!.fileIndex]!.length > PIECE_LENGTH;
      const root = merkleRoot(
        new Uint8Array(Buffer.concat(leaves)),
        isLong ? { width: PIECE_LENGTH / 16_384 } : {},
      );
      expect(torrent.pieceRoot(piece)).toEqual(root);
    }
    expect(torrent.pieceLayer(0)).toEqual(FILES[0]!.pieceLayer);
    expect(torrent.pieceLayer(1)).toBeUndefined();
    expect(torrent.hasPieceLayers).toBe(true);
  });

  it("takes metadata without piece layers, and says so", () => {
    for (const torrent of [
      parseInfo(parseTorrent(makeV2()).infoBytes),
      parseTorrent(changed(makeV2(), ({ torrent: fields }) => delete fields["piece layers"])),
      parseTorrent(changed(makeV2(), ({ torrent: fields }) => (fields["piece layers"] = 5))),
    ]) {
      expect(torrent.hasPieceLayers).toBe(false);
      expect(torrent.pieceRoot(0)).toBeUndefined();
      expect(torrent.pieceRoot(4)).toEqual(FILES[1]!.piecesRoot);
    }
  });

  it("takes some piece layers without others, and says so", () => {
    // As in libtorrent's v2_incomplete_piece_layer.torrent.
    const long = {
      path: ["zz"],
      length: 2 * PIECE_LENGTH,
      ...hashTree(payloadOf(2 * PIECE_LENGTH, 9), PIECE_LENGTH),
    };
    const files = [...FILES, long];
    const whole = createTorrent({ name: "some", files, pieceLength: PIECE_LENGTH });
    const torrent = parseTorrent(
      changed(whole, ({ torrent: fields }) => {
        const layers = fields["piece layers"] as unknown as Map<Uint8Array, Uint8Array>;
        for (const root of layers.keys()) if (bytesEqual(root, long.piecesRoot!)) layers.delete(root);
      }),
    );
    expect(torrent.hasPieceLayers).toBe(false);
    expect(torrent.pieceLayer(0)).toEqual(FILES[0]!.pieceLayer);
    expect(torrent.pieceLayer(files.length - 1)).toBeUndefined();
    expect(torrent.pieceRoot(torrent.pieceCount - 1)).toBeUndefined();
  });

  it("reads a tree with one file as a single file", () => {
    const file = { path: [], length: 5000, ...hashTree(CONTENTS[1]!, PIECE_LENGTH) };
    const torrent = parseTorrent(
      createTorrent({ name: "one.bin", files: [file], pieceLength: PIECE_LENGTH }),
    );
    expect(torrent.isMultiFile).toBe(false);
    expect(torrent.files.map(({ path }) => path)).toEqual([["one.bin"]]);
  });

  it("refuses piece layers that are not of their roots, too short, or of no file", () => {
    const layersChanged = (change: (layers: Map<Uint8Array, Uint8Array>, root: Uint8Array) => void): string =>
      codeOf(() =>
        parseTorrent(
          changed(makeV2(), ({ torrent }) => {
            const layers = torrent["piece layers"] as unknown as Map<Uint8Array, Uint8Array>;
            change(layers, [...layers.keys()][0]!);
          }),
        ),
      );
    expect(
      layersChanged((layers, root) =>
        layers.set(
          root,
          layers.get(root)!.map((byte, i) => (i === 40 ? byte ^ 1 : byte)),
        ),
      ),
    ).toBe("METAINFO_PIECE_LAYER");
    expect(layersChanged((layers, root) => layers.set(root, layers.get(root)!.subarray(32)))).toBe(
      "METAINFO_PIECE_LAYER",
    );
    expect(layersChanged((layers, root) => layers.set(root, new Uint8Array(0)))).toBe("METAINFO_PIECE_LAYER");
    expect(layersChanged((layers) => layers.set(new Uint8Array(32).fill(0xee), new Uint8Array(32)))).toBe(
      "METAINFO_PIECE_LAYER",
    );
  });

  it("refuses trees that BEP 52 forbids", () => {
    const leaf: Fields = { "": { length: 1, "pieces root": new Uint8Array(32).fill(1) } };
    const treeCode = (tree: Encodable): string =>
      codeOf(() => parseTorrent(changed(makeV2(), ({ info }) => (info["file tree"] = tree))));
    expect(treeCode(5)).toBe("METAINFO_FILES");
    expect(treeCode({})).toBe("METAINFO_FILES");
    expect(treeCode({ a: 5 })).toBe("METAINFO_FILES");
    expect(treeCode({ a: { "": 5 } })).toBe("METAINFO_FILES");
    expect(treeCode(leaf)).toBe("METAINFO_FILES");
    expect(treeCode({ a: { ...leaf, b: leaf } })).toBe("METAINFO_FILES");
    expect(treeCode({ a: { "": { length: 5, attr: "p", "pieces root": new Uint8Array(32).fill(1) } } })).toBe(
      "METAINFO_FILES",
    );
    expect(treeCode({ a: { "": { length: -1 } } })).toBe("METAINFO_FILE_LENGTH");
    expect(treeCode({ a: { "": {} } })).toBe("METAINFO_FILE_LENGTH");
    expect(treeCode({ a: { "": { length: 1 } } })).toBe("METAINFO_PIECES_ROOT");
    expect(treeCode({ a: { "": { length: 1, "pieces root": new Uint8Array(32) } } })).toBe(
      "METAINFO_PIECES_ROOT",
    );
    expect(treeCode({ a: { "": { length: 1, "pieces root": new Uint8Array(20).fill(1) } } })).toBe(
      "METAINFO_PIECES_ROOT",
    );
    expect(treeCode({ a: { "": { length: 0 } } })).toBe("METAINFO_EMPTY");
    let deep: Fields = leaf;
    for (let i = 0; i < 60; i++) deep = { d: deep };
    expect(
      codeOf(() =>
        parseTorrent(
          changed(makeV2(), ({ info }) => (info["file tree"] = deep)),
          { maxPathDepth: 50 },
        ),
      ),
    ).toBe("METAINFO_FILE_PATH");
  });

  it("refuses piece lengths that are no power of two from 16 KiB", () => {
    for (const length of [8192, 16_385, 49_152, 2 ** 30])
      expect(
        codeOf(() => parseTorrent(changed(makeV2(), ({ info }) => (info["piece length"] = length)))),
      ).toBe("METAINFO_PIECE_LENGTH");
  });

  it("refuses an info dictionary that is not canonical", () => {
    const text = Buffer.from(makeV2())
      .toString("latin1")
      .replace("4:name2:v212:piece lengthi32768e", "12:piece lengthi32768e4:name2:v2");
    expect(codeOf(() => parseTorrent(Buffer.from(text, "latin1")))).toBe("METAINFO_BENCODE");
  });
});

describe("parseTorrent of a hybrid", () => {
  it("has both info-hashes, v1 hashes and v2 roots over the same layout", () => {
    const torrent: Metainfo = parseTorrent(makeHybrid());
    expect(torrent.version).toBe("hybrid");
    expect(formatHex(torrent.infoHash!)).toBe(createHash("sha1").update(torrent.infoBytes).digest("hex"));
    expect(formatHex(torrent.infoHashV2!)).toBe(createHash("sha256").update(torrent.infoBytes).digest("hex"));
    expect(torrent.files.map(({ path, pad, offset }) => [path.join("/"), pad, offset])).toEqual([
      ["hybrid/a", false, 0],
      ["hybrid/.pad/31072", true, 100_000],
      ["hybrid/b/c", false, 131_072],
      ["hybrid/b/empty", false, 136_072],
      ["hybrid/.pad/27768", true, 136_072],
      ["hybrid/z", false, 163_840],
    ]);
    expect(torrent.pieceCount).toBe(6);
    expect(formatHex(torrent.pieceHash(5))).toBe(createHash("sha1").update(CONTENTS[3]!).digest("hex"));
    expect(torrent.pieceRoot(5)).toEqual(FILES[3]!.piecesRoot);
    expect(torrent.pieceRoot(3)).toEqual(FILES[0]!.pieceLayer!.subarray(96));
  });

  it("has the empty files and links of its v1 half", () => {
    const listed = (change: (files: Fields[]) => void): string[] =>
      parseTorrent(changed(makeHybrid(), ({ info }) => change(info["files"] as unknown as Fields[])))
        .files.filter(({ pad }) => !pad)
        .map(({ path, symlink }) => [...path.slice(1), ...(symlink ? ["->", ...symlink] : [])].join("/"));
    expect(listed((files) => files.splice(3, 1))).toEqual(["a", "b/c", "z"]);
    expect(listed((files) => files.push({ length: 0, path: ["y"] }))).toEqual([
      "a",
      "b/c",
      "b/empty",
      "z",
      "y",
    ]);
    expect(listed((files) => void (files[3]!["path"] = ["x"]))).toEqual(["a", "b/c", "x", "z"]);
    // As in libtorrent's empty-files-2.torrent: the pad may stand before the empty file or behind it.
    expect(listed((files) => void ([files[3], files[4]] = [files[4]!, files[3]!]))).toEqual([
      "a",
      "b/c",
      "b/empty",
      "z",
    ]);
    expect(listed((files) => void ((files[3]!["attr"] = "l"), (files[3]!["symlink path"] = ["a"])))).toEqual([
      "a",
      "b/c",
      "b/empty/->/hybrid/a",
      "z",
    ]);
  });

  it("is refused when its halves differ", () => {
    const fileChanged = (change: (files: Fields[], info: Fields) => void): string =>
      codeOf(() =>
        parseTorrent(changed(makeHybrid(), ({ info }) => change(info["files"] as unknown as Fields[], info))),
      );
    const mismatch = "METAINFO_HYBRID_MISMATCH";
    expect(fileChanged((files) => (files[0]!["path"] = ["other"]))).toBe(mismatch);
    expect(fileChanged((files) => (files[2]!["path"] = ["b", "c", "d"]))).toBe(mismatch);
    expect(
      fileChanged((files) => void ((files[0]!["length"] = 100_001), (files[1]!["length"] = 31_071))),
    ).toBe(mismatch);
    expect(fileChanged((files) => files.splice(5, 1))).toBe(mismatch);
    expect(fileChanged((files) => files.push({ length: 1, path: ["zz"] }))).toBe(mismatch);
    expect(fileChanged((files) => void ([files[2], files[5]] = [files[5]!, files[2]!]))).toBe(mismatch);
    expect(fileChanged((files) => (files[1]!["length"] = 31_000))).toBe(mismatch);
    expect(fileChanged((files) => void delete files[1]!["attr"])).toBe(mismatch);
    expect(fileChanged((_, info) => void (delete info["files"], (info["length"] = 100_000)))).toBe(mismatch);
    expect(fileChanged((_, info) => void delete info["file tree"])).toBe("METAINFO_FILES");
    expect(fileChanged((_, info) => void delete info["files"])).toBe("METAINFO_FILES");
  });
});
