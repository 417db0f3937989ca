import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  merkleLayerAbove,
  merklePadRoot,
  merkleProof,
  merkleRoot,
  merkleWidth,
  verifyMerkleProof,
} from "@bt/metainfo";

const anyHash = fc.uint8Array({ minLength: 32, maxLength: 32 });
const anyLayer = fc.array(anyHash, { minLength: 1, maxLength: 20 });
const join = (hashes: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(hashes));

/** The root by the definition: all leaves there, halved until one is left. */
function naiveRoot(leaves: readonly Uint8Array[], width: number, pad: Uint8Array): string {
  let layer = Array.from({ length: width }, (_, i) => leaves[i] ?? pad);
  while (layer.length > 1)
    layer = layer
      .filter((_, i) => i % 2 === 0)
      .map((left, i) =>
        createHash("sha256")
          .update(left)
          .update(layer[2 * i + 1]!)
          .digest(),
      );
  return Buffer.from(layer[0]!).toString("hex");
}

describe("merkle trees", () => {
  it("have the root of the fully padded tree, whatever the pad and width", () => {
    fc.assert(
      fc.property(anyLayer, fc.nat(3), anyHash, (leaves, extra, pad) => {
        const width = merkleWidth(leaves.length) * 2 ** extra;
        const root = Buffer.from(merkleRoot(join(leaves), { width, pad })).toString("hex");
        expect(root).toBe(naiveRoot(leaves, width, pad));
        expect(Buffer.from(merklePadRoot(width, pad)).toString("hex")).toBe(naiveRoot([], width, pad));
      }),
    );
  });

  it("prove every hash, and no other hash, place or root", () => {
    fc.assert(
      fc.property(anyLayer, fc.nat(), fc.nat(31), anyHash, (leaves, where, byte, pad) => {
        const layer = join(leaves);
        const root = merkleRoot(layer, { pad });
        const index = where % leaves.length;
        const hash = leaves[index]!;
        const uncles = merkleProof(layer, index, { pad });
        expect(uncles).toHaveLength(Math.log2(merkleWidth(leaves.length)));
        expect(verifyMerkleProof(hash, index, uncles, root)).toBe(true);
        const other = hash.slice();
        other[byte]! ^= 1;
        expect(verifyMerkleProof(other, index, uncles, root)).toBe(false);
        const otherRoot = root.slice();
        otherRoot[byte]! ^= 1;
        expect(verifyMerkleProof(hash, index, uncles, otherRoot)).toBe(false);
        expect(verifyMerkleProof(hash, index + merkleWidth(leaves.length), uncles, root)).toBe(false);
        if (uncles.length > 0) expect(verifyMerkleProof(hash, index, uncles.slice(1), root)).toBe(false);
      }),
    );
  });

  it("are the same when built from a layer in between", () => {
    fc.assert(
      fc.property(anyLayer, (leaves) => {
        const layer = join(leaves);
        const above = merkleLayerAbove(layer);
        const width = merkleWidth(leaves.length);
        if (width > 1)
          expect(merkleRoot(above, { width: width / 2, pad: merklePadRoot(2) })).toEqual(
            merkleRoot(layer, { width }),
          );
      }),
    );
  });

  it("refuse what is no layer or does not fit", () => {
    expect(() => merkleRoot(new Uint8Array(31))).toThrow(RangeError);
    expect(() => merkleRoot(new Uint8Array(96), { width: 2 })).toThrow(RangeError);
    expect(() => merkleRoot(new Uint8Array(96), { width: 6 })).toThrow(RangeError);
    expect(() => merkleProof(new Uint8Array(96), 4)).toThrow(RangeError);
    const uncle = new Uint8Array(31);
    expect(verifyMerkleProof(new Uint8Array(32), 0, [uncle], new Uint8Array(32))).toBe(false);
    expect(verifyMerkleProof(new Uint8Array(32), 0.5, [new Uint8Array(32)], new Uint8Array(32))).toBe(false);
    expect(verifyMerkleProof(new Uint8Array(32), -1, [new Uint8Array(32)], new Uint8Array(32))).toBe(false);
  });
});
