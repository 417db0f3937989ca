import { createHash } from "node:crypto";
import { allowedFastSet } from "@bt/wire";
import { describe, expect, it } from "vitest";

const sha1 = (bytes: Uint8Array): Uint8Array => createHash("sha1").update(bytes).digest();
const INFO_HASH = new Uint8Array(20).fill(0xaa);

describe("the allowed fast set", () => {
  it("is the one that BEP 6 gives as its example", () => {
    const seven = [1059, 431, 808, 1217, 287, 376, 1188];
    expect(allowedFastSet("80.4.4.200", INFO_HASH, 1313, 7, sha1)).toEqual(seven);
    expect(allowedFastSet("80.4.4.200", INFO_HASH, 1313, 9, sha1)).toEqual([...seven, 353, 508]);
  });

  it("is the same for all addresses of a /24 network, another for the next", () => {
    const of = (address: string): number[] => allowedFastSet(address, INFO_HASH, 1313, 10, sha1);
    expect(of("80.4.4.0")).toEqual(of("80.4.4.255"));
    expect(of("80.4.5.0")).not.toEqual(of("80.4.4.0"));
  });

  it("has no piece twice, none outside the torrent, and as many as asked for", () => {
    for (const pieceCount of [0, 1, 2, 5, 9, 10, 11, 12, 100]) {
      const pieces = allowedFastSet("1.2.3.4", INFO_HASH, pieceCount, 10, sha1);
      expect(new Set(pieces).size).toBe(Math.min(10, pieceCount));
      expect(pieces).toHaveLength(Math.min(10, pieceCount));
      expect(pieces.every((piece) => piece >= 0 && piece < pieceCount)).toBe(true);
    }
  });

  it("exists for IPv4 only", () => {
    expect(() => allowedFastSet("::1", INFO_HASH, 10, 1, sha1)).toThrow(RangeError);
    expect(() => allowedFastSet("1.2.3", INFO_HASH, 10, 1, sha1)).toThrow(RangeError);
  });

  it("refuses what is no info-hash, count or digest", () => {
    expect(() => allowedFastSet("1.2.3.4", new Uint8Array(32), 10, 1, sha1)).toThrow(RangeError);
    expect(() => allowedFastSet("1.2.3.4", INFO_HASH, -1, 1, sha1)).toThrow(RangeError);
    expect(() => allowedFastSet("1.2.3.4", INFO_HASH, 10, 0.5, sha1)).toThrow(RangeError);
    expect(() => allowedFastSet("1.2.3.4", INFO_HASH, 10, 1, () => new Uint8Array(32))).toThrow(RangeError);
  });
});
