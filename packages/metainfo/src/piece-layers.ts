import type { BencodeDictionary } from "@bt/bencode";
import { BLOCK_LENGTH, bytesEqual, formatHex } from "@bt/primitives";
import { MetainfoError } from "./errors.ts";
import { MERKLE_HASH_LENGTH, merklePadRoot, merkleRoot } from "./merkle.ts";
import type { StoredFile } from "./stored-file.ts";

/**
 * BEP 52 `piece layers`, each verified against its file's root. Keys are roots in hex. Files that are equal share one.
 * A layer that is not there is not an error, as in libtorrent: its hashes can be asked of peers, as after a magnet link.
 *
 * @throws MetainfoError for a layer of the wrong size, of no file, or one that does not hash to its root.
 */
export function readPieceLayers(
  layers: BencodeDictionary,
  files: readonly StoredFile[],
  pieceLength: number,
): Map<string, Uint8Array> {
  /** Root to the bytes of its layer. */
  const lengths = new Map<string, number>();
  for (const { length, piecesRoot } of files) {
    if (piecesRoot === undefined || length <= pieceLength) continue;
    const key = formatHex(piecesRoot);
    const layerLength = Math.ceil(length / pieceLength) * MERKLE_HASH_LENGTH;
    if ((lengths.get(key) ?? layerLength) !== layerLength) throw fault("would have two lengths");
    lengths.set(key, layerLength);
  }
  const verified = new Map<string, Uint8Array>();
  const pad = merklePadRoot(pieceLength / BLOCK_LENGTH);
  for (const [root, layer] of layers.byteEntries()) {
    const key = root.length === MERKLE_HASH_LENGTH ? formatHex(root) : "";
    if (!(layer instanceof Uint8Array) || layer.length !== lengths.get(key))
      throw fault("belongs to no file or has another length");
    if (!bytesEqual(merkleRoot(layer, { pad }), root)) throw fault("is not of its root");
    verified.set(key, layer);
  }
  return verified;
}

function fault(what: string): MetainfoError {
  return new MetainfoError("METAINFO_PIECE_LAYER", `a piece layer ${what}`);
}
