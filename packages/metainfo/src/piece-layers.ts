import type { BencodeDictionary, BencodeValue } from "@bt/bencode";
import { BLOCK_LENGTH, bytesEqual, formatHex } from "@bt/primitives";
import { MetainfoError } from "./errors.ts";
import { MERKLE_HASH_LENGTH, merklePadRoot, merkleRoot } from "./merkle.ts";
import type { StoredFile } from "./stored-file.ts";

/**
 * BEP 52 `piece layers`, each verified against its file's root. Keys are roots in hex. Files that are equal share one.
 * A layer that is not there is not an error: like libtorrent, what is missing is asked of peers, as after a magnet link.
 *
 * @throws MetainfoError for a layer of the wrong size, of no file, or one that does not hash to its root.
 */
export function readPieceLayers(
  layers: BencodeDictionary,
  files: readonly StoredFile[],
  pieceLength: number,
): Map<string, Uint8Array> {
  const stored = new Map<string, BencodeValue>();
  for (const [root, layer] of layers.byteEntries()) {
    if (root.length !== MERKLE_HASH_LENGTH) throw ofNoFile();
    stored.set(formatHex(root), layer);
  }
  const verified = new Map<string, Uint8Array>();
  const pad = merklePadRoot(pieceLength / BLOCK_LENGTH);
  for (const [fileIndex, { length, piecesRoot }] of files.entries()) {
    if (piecesRoot === undefined || length <= pieceLength) continue;
    const key = formatHex(piecesRoot);
    const layer = stored.get(key);
    if (layer === undefined) continue;
    if (
      !(layer instanceof Uint8Array) ||
      layer.length !== Math.ceil(length / pieceLength) * MERKLE_HASH_LENGTH
    )
      throw new MetainfoError("METAINFO_PIECE_LAYER", `file ${fileIndex} has no piece layer of its size`, {
        fileIndex,
      });
    if (verified.has(key)) continue;
    if (!bytesEqual(merkleRoot(layer, { pad }), piecesRoot))
      throw new MetainfoError(
        "METAINFO_PIECE_LAYER",
        `the piece layer of file ${fileIndex} is not of its root`,
        {
          fileIndex,
        },
      );
    verified.set(key, layer);
  }
  if (stored.size !== verified.size) throw ofNoFile();
  return verified;
}

function ofNoFile(): MetainfoError {
  return new MetainfoError("METAINFO_PIECE_LAYER", "a piece layer belongs to no file");
}
