import { createHash } from "node:crypto";
import { encode, type Encodable } from "@bt/bencode";
import { BLOCK_LENGTH } from "@bt/primitives";
import { merklePadRoot, merkleRoot, MetainfoError, type MetainfoErrorCode, type NewFile } from "@bt/metainfo";

export type Fields = Record<string, Encodable | undefined>;

/** A v1 info dictionary of one file of 100 bytes, with other fields where they are given. */
export function infoOf(fields: Fields = {}): Fields {
  return { name: "name", "piece length": 16_384, pieces: new Uint8Array(20), length: 100, ...fields };
}

/** The bytes of a torrent around `infoOf(fields)`. */
export function torrentOf(fields: Fields = {}, outer: Fields = {}): Uint8Array {
  return encode({ ...outer, info: infoOf(fields) });
}

/** A v1 torrent of files of one byte each, with these paths as stored. */
export function torrentOfPaths(...paths: readonly (readonly Encodable[])[]): Uint8Array {
  return torrentOf({ length: undefined, files: paths.map((path) => ({ length: 1, path })) });
}

export function bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** The code of the error that `action` throws. */
export function codeOf(action: () => unknown): MetainfoErrorCode {
  try {
    action();
  } catch (error) {
    if (error instanceof MetainfoError) return error.code;
    throw error;
  }
  throw new Error("nothing was thrown");
}

/** Bytes that differ by file and place. */
export function payloadOf(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + seed * 17 + (i >> 8)) & 0xff);
}

/** The SHA-1 of each piece of the contents, one after the other. */
export function hashPieces(contents: readonly Uint8Array[], pieceLength: number): Uint8Array {
  const whole = Buffer.concat(contents);
  const hashes: Uint8Array[] = [];
  for (let at = 0; at < whole.length; at += pieceLength)
    hashes.push(
      createHash("sha1")
        .update(whole.subarray(at, at + pieceLength))
        .digest(),
    );
  return new Uint8Array(Buffer.concat(hashes));
}

/** The v2 hashes of a file, made the straight way: all leaves in one tree. */
export function hashTree(
  content: Uint8Array,
  pieceLength: number,
): Pick<NewFile, "piecesRoot" | "pieceLayer"> {
  if (content.length === 0) return {};
  const leaves: Uint8Array[] = [];
  for (let at = 0; at < content.length; at += BLOCK_LENGTH)
    leaves.push(
      createHash("sha256")
        .update(content.subarray(at, at + BLOCK_LENGTH))
        .digest(),
    );
  if (content.length <= pieceLength) return { piecesRoot: merkleRoot(new Uint8Array(Buffer.concat(leaves))) };
  const width = pieceLength / BLOCK_LENGTH;
  const layer: Uint8Array[] = [];
  for (let at = 0; at < leaves.length; at += width)
    layer.push(merkleRoot(new Uint8Array(Buffer.concat(leaves.slice(at, at + width))), { width }));
  const pieceLayer = new Uint8Array(Buffer.concat(layer));
  return { pieceLayer, piecesRoot: merkleRoot(pieceLayer, { pad: merklePadRoot(width) }) };
}
