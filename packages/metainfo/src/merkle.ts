import { sha256 } from "@noble/hashes/sha2.js";
import { bytesEqual } from "@bt/primitives";

/** Bytes of a SHA-256. */
export const MERKLE_HASH_LENGTH = 32;

const ZERO_HASH = new Uint8Array(MERKLE_HASH_LENGTH);

/** The hash of a node: SHA-256 over its two children (BEP 52 "pieces root"). */
export function merkleParent(left: Uint8Array, right: Uint8Array): Uint8Array {
  const both = new Uint8Array(2 * MERKLE_HASH_LENGTH);
  both.set(left);
  both.set(right, MERKLE_HASH_LENGTH);
  return sha256(both);
}

/** The least power of two that is not below `count`; 1 for 0. */
export function merkleWidth(count: number): number {
  let width = 1;
  while (width < count) width *= 2;
  return width;
}

/** The root of a tree of `width` leaves that are all `leaf`; `width` is a power of two. Leaves are zeros in BEP 52. */
export function merklePadRoot(width: number, leaf: Uint8Array = ZERO_HASH): Uint8Array {
  let hash = leaf;
  for (let level = 1; level < width; level *= 2) hash = merkleParent(hash, hash);
  return hash;
}

/**
 * The layer above `layer`: each pair of hashes becomes one; a last hash without a partner is joined with `pad`. Layers
 * are given and returned as hashes one after the other.
 */
export function merkleLayerAbove(layer: Uint8Array, pad: Uint8Array = ZERO_HASH): Uint8Array {
  const count = hashCount(layer);
  const above = new Uint8Array(Math.ceil(count / 2) * MERKLE_HASH_LENGTH);
  for (let i = 0; i < count; i += 2) {
    const right = i + 1 < count ? hashAt(layer, i + 1) : pad;
    above.set(merkleParent(hashAt(layer, i), right), (i / 2) * MERKLE_HASH_LENGTH);
  }
  return above;
}

/** How the tree over a layer is filled up. */
export interface MerkleTreeOptions {
  /** Hashes that the layer has when it is filled up, a power of two; by default the next one. */
  readonly width?: number;
  /**
   * What it is filled up with: for block hashes zeros, the default; for a piece layer
   * `merklePadRoot(pieceLength / 16 KiB)`.
   */
  readonly pad?: Uint8Array;
}

/**
 * The root over `layer`.
 *
 * @throws RangeError for a width that is no power of two or below the layer's.
 */
export function merkleRoot(layer: Uint8Array, options?: MerkleTreeOptions): Uint8Array {
  return climb(layer, 0, options).root;
}

/**
 * The uncles that prove hash `index` of `layer` to belong under its root, lowest first: what BEP 52 "hashes" sends
 * after the hashes themselves.
 *
 * @throws RangeError as `merkleRoot`, and for an index beyond the width.
 */
export function merkleProof(layer: Uint8Array, index: number, options?: MerkleTreeOptions): Uint8Array[] {
  return climb(layer, index, options).uncles;
}

function climb(
  layer: Uint8Array,
  index: number,
  { width = merkleWidth(hashCount(layer)), pad = ZERO_HASH }: MerkleTreeOptions = {},
): { root: Uint8Array; uncles: Uint8Array[] } {
  if (!(index >= 0 && index < width) || hashCount(layer) > width || merkleWidth(width) !== width)
    throw new RangeError(`hash ${index} in a tree of width ${width}`);
  const uncles: Uint8Array[] = [];
  let hashes = layer;
  let padding = pad;
  let at = index;
  for (let rest = width; rest > 1; rest /= 2) {
    const sibling = at ^ 1;
    uncles.push(sibling < hashCount(hashes) ? hashAt(hashes, sibling) : padding);
    hashes = merkleLayerAbove(hashes, padding);
    // Until the tree has grown to one hash, each level's pad is the root of the pads below it.
    padding = merkleParent(padding, padding);
    at = Math.floor(at / 2);
  }
  return { root: hashes.length > 0 ? hashes : padding, uncles };
}

/** Whether `hash`, as hash `index` of its layer, leads over `uncles` (lowest first) to `root`. */
export function verifyMerkleProof(
  hash: Uint8Array,
  index: number,
  uncles: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (index < 0 || index >= 2 ** uncles.length || !Number.isInteger(index)) return false;
  let node = hash;
  let at = index;
  for (const uncle of uncles) {
    if (uncle.length !== MERKLE_HASH_LENGTH) return false;
    node = at % 2 === 0 ? merkleParent(node, uncle) : merkleParent(uncle, node);
    at = Math.floor(at / 2);
  }
  return bytesEqual(node, root);
}

function hashCount(layer: Uint8Array): number {
  if (layer.length % MERKLE_HASH_LENGTH !== 0) throw new RangeError(`a layer of ${layer.length} bytes`);
  return layer.length / MERKLE_HASH_LENGTH;
}

function hashAt(layer: Uint8Array, index: number): Uint8Array {
  return layer.subarray(index * MERKLE_HASH_LENGTH, (index + 1) * MERKLE_HASH_LENGTH);
}
