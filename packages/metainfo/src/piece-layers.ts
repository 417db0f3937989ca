import type { BencodeDictionary } from "@bt/bencode";
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
  const owners = new Map<string, number[]>();
  for (const [index, { length, piecesRoot }] of files.entries()) {
    if (piecesRoot === undefined || length <= pieceLength) continue;
    const key = formatHex(piecesRoot);
    const equal = owners.get(key);
    if (equal === undefined) owners.set(key, [index]);
    else equal.push(index);
  }
  const verified = new Map<string, Uint8Array>();
  const pad = merklePadRoot(pieceLength / BLOCK_LENGTH);
  for (const [root, layer] of layers.byteEntries()) {
    const key = root.length === MERKLE_HASH_LENGTH ? formatHex(root) : "";
    const equal = owners.get(key);
    if (equal === undefined)
      throw new MetainfoError("METAINFO_PIECE_LAYER", "a piece layer belongs to no file");
    for (const index of equal)
      if (
        !(layer instanceof Uint8Array) ||
        layer.length !== Math.ceil(files[index]!.length / pieceLength) * MERKLE_HASH_LENGTH
      )
        throw fault(index, "has a piece layer of another size");
    if (!bytesEqual(merkleRoot(layer as Uint8Array, { pad }), root))
      throw fault(equal[0]!, "has a piece layer that is not of its root");
    verified.set(key, layer as Uint8Array);
  }
  return verified;
}

function fault(fileIndex: number, what: string): MetainfoError {
  return new MetainfoError("METAINFO_PIECE_LAYER", `file ${fileIndex} ${what}`, { fileIndex });
}
