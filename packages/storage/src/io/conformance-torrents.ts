import { createHash } from "node:crypto";
import {
  createTorrent,
  FileLayout,
  merklePadRoot,
  merkleRoot,
  merkleWidth,
  parseTorrent,
  type MetainfoFile,
} from "@bt/metainfo";
import { BLOCK_LENGTH, PieceLayout } from "@bt/primitives";
import type { StorageMetainfo } from "../storage-metainfo.ts";

/** Small, and of two blocks. */
const PIECE_LENGTH = 2 * BLOCK_LENGTH;

/** A torrent that the conformance suite is run with. */
export interface SampleTorrent {
  readonly metainfo: StorageMetainfo;
  /** All of it in piece space. */
  readonly content: Uint8Array;
}

/** Files that share pieces, a pad file with a whole piece of its own, an empty file, a short last piece. */
export function sampleV1(): SampleTorrent {
  const shapes: [name: string, length: number, pad: boolean][] = [
    ["a", 50_000, false],
    ["b", 40_000, false],
    ["c", 131_072 - 90_000, false],
    ["pad", PIECE_LENGTH, true],
    ["empty", 0, false],
    ["d", 70_000, false],
  ];
  const totalLength = shapes.reduce((sum, [, length]) => sum + length, 0);
  const content = noise(totalLength);
  let offset = 0;
  const files = shapes.map(([name, length, pad]): MetainfoFile => {
    if (pad) content.fill(0, offset, offset + length);
    offset += length;
    return { path: ["sample", name], length, offset: offset - length, pad, executable: false, hidden: false };
  });
  const layout = new FileLayout(new PieceLayout({ pieceLength: PIECE_LENGTH, totalLength }), files);
  const hashes = Array.from({ length: layout.pieces.pieceCount }, (_, piece) =>
    digest("sha1", content.subarray(piece * PIECE_LENGTH, (piece + 1) * PIECE_LENGTH)),
  );
  return {
    content,
    metainfo: {
      version: "v1",
      infoHash: digest("sha1", content),
      files,
      layout,
      pieceHash: (piece) => hashes[piece]!,
      pieceRoot: () => undefined,
    },
  };
}

/** A torrent that is v2 alone (BEP 52): verified by merkle roots, one of a file shorter than a piece, and of an empty file. */
export function sampleV2(): SampleTorrent {
  const shapes: [name: string, length: number][] = [
    ["a", 50_000],
    ["b", 40_000],
    ["c", 20_000],
    ["empty", 0],
    ["z", 70_000],
  ];
  const contents = new Map(shapes.map(([name, length], seed) => [name, noise(length, seed + 2)]));
  const files = shapes.map(([name, length]) => ({ path: [name], length, ...treeOf(contents.get(name)!) }));
  const metainfo = parseTorrent(createTorrent({ name: "sample", files, pieceLength: PIECE_LENGTH }));
  const content = new Uint8Array(metainfo.layout.pieces.totalLength);
  for (const { path, offset, pad } of metainfo.files)
    if (!pad) content.set(contents.get(path.at(-1)!)!, offset);
  return { metainfo, content };
}

function treeOf(bytes: Uint8Array): { piecesRoot?: Uint8Array; pieceLayer?: Uint8Array } {
  if (bytes.length === 0) return {};
  const rootOf = (part: Uint8Array, width: number): Uint8Array => {
    const leaves: Uint8Array[] = [];
    for (let at = 0; at < part.length; at += BLOCK_LENGTH)
      leaves.push(digest("sha256", part.subarray(at, at + BLOCK_LENGTH)));
    return merkleRoot(Buffer.concat(leaves), { width });
  };
  if (bytes.length <= PIECE_LENGTH)
    return { piecesRoot: rootOf(bytes, merkleWidth(Math.ceil(bytes.length / BLOCK_LENGTH))) };
  const roots: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += PIECE_LENGTH)
    roots.push(rootOf(bytes.subarray(at, at + PIECE_LENGTH), PIECE_LENGTH / BLOCK_LENGTH));
  const pieceLayer = new Uint8Array(Buffer.concat(roots));
  return {
    pieceLayer,
    piecesRoot: merkleRoot(pieceLayer, { pad: merklePadRoot(PIECE_LENGTH / BLOCK_LENGTH) }),
  };
}

/** Reproducible bytes. */
function noise(length: number, seed: number = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

function digest(algorithm: "sha1" | "sha256", bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash(algorithm).update(bytes).digest());
}
