import { createHash, hash, type Hash } from "node:crypto";
import { MERKLE_HASH_LENGTH, merkleRoot, merkleWidth } from "@bt/metainfo";
import { BLOCK_LENGTH, bytesEqual } from "@bt/primitives";
import type { StorageMetainfo } from "../storage-metainfo.ts";

/**
 * How the digest of a piece is made. 0: SHA-1 over its bytes (BEP 3). Otherwise the root of a merkle tree over its
 * blocks that is so many leaves wide, a power of two (BEP 52).
 */
export type TreeWidth = number;

/** Takes the bytes of one piece in order. */
export interface PieceDigester {
  /** All parts but the last are whole blocks. */
  update(bytes: Uint8Array): void;
  digest(): Uint8Array;
}

/** What a piece has to hash to. A hybrid torrent is verified by its v1 half, which covers the same bytes. */
export class PieceVerifier {
  readonly #metainfo: StorageMetainfo;

  constructor(metainfo: StorageMetainfo) {
    this.#metainfo = metainfo;
  }

  /** Whether the hash is known: in v2 the piece layers may still have to come from peers. */
  isKnown(piece: number): boolean {
    return this.#metainfo.version !== "v2" || this.#metainfo.pieceRoot(piece) !== undefined;
  }

  isMatch(piece: number, digest: Uint8Array): boolean {
    if (this.#metainfo.version !== "v2") return bytesEqual(digest, this.#metainfo.pieceHash(piece));
    const root = this.#metainfo.pieceRoot(piece);
    return root !== undefined && bytesEqual(digest, root);
  }

  treeWidthOf(piece: number): TreeWidth {
    if (this.#metainfo.version !== "v2") return 0;
    const { files, layout } = this.#metainfo;
    return treeWidth(files[layout.filesOfPiece(piece)[0]!]!.length, layout.pieces.pieceLength);
  }

  createDigester(piece: number): PieceDigester {
    const width = this.treeWidthOf(piece);
    return width === 0 ? new Sha1Digester() : new MerkleDigester(width);
  }

  /** The digest of all bytes of a piece, in one go: without a `Hash` object to make and to collect. */
  digestOf(piece: number, bytes: Uint8Array): Uint8Array {
    const width = this.treeWidthOf(piece);
    if (width === 0) return hash("sha1", bytes, "buffer");
    const merkle = new MerkleDigester(width);
    merkle.update(bytes);
    return merkle.digest();
  }
}

/** BEP 52: the tree of a file that is not longer than a piece is only as wide as the file. */
function treeWidth(fileLength: number, pieceLength: number): TreeWidth {
  return merkleWidth(Math.ceil(Math.min(fileLength, pieceLength) / BLOCK_LENGTH));
}

class Sha1Digester implements PieceDigester {
  readonly #hash: Hash = createHash("sha1");

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  digest(): Uint8Array {
    return this.#hash.digest();
  }
}

class MerkleDigester implements PieceDigester {
  readonly #width: number;
  readonly #leaves: Uint8Array[] = [];

  constructor(width: number) {
    this.#width = width;
  }

  update(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += BLOCK_LENGTH)
      this.#leaves.push(hash("sha256", bytes.subarray(at, at + BLOCK_LENGTH), "buffer"));
  }

  digest(): Uint8Array {
    const layer = new Uint8Array(this.#leaves.length * MERKLE_HASH_LENGTH);
    for (const [index, leaf] of this.#leaves.entries()) layer.set(leaf, index * MERKLE_HASH_LENGTH);
    return merkleRoot(layer, { width: this.#width });
  }
}
