import { describe, expect, it } from "vitest";
import { bundleSizes } from "../../scripts/bundle-sizes.mjs";

// Minified and gzipped bytes of what a page imports. `own` is the package's code alone; `all` is what the page loads,
// for metainfo with @bt/bencode, @bt/primitives and the hashes of @noble/hashes.
const BOUNDS: readonly (readonly [name: string, imported: string, own: number, all: number])[] = [
  ["bencode", "{ decode, BencodeError }", 2_100, 2_100],
  ["bencode", "{ encode }", 1_240, 1_240],
  ["bencode", "{ decode, encode, BencodeDictionary, BencodeError }", 3_040, 3_040],
  // With the stream framer, which nobody carries who does not import it.
  ["bencode", "*", 3_350, 3_350],
  ["metainfo", "*", 10_000, 16_120],
  ["metainfo", "{ parseTorrent }", 6_250, 11_000],
  ["metainfo", "{ parseMagnet, toMagnet }", 2_300, 2_900],
];

describe("in a page", () => {
  it.each(BOUNDS)("@bt/%s for import %s stays below %i bytes of its own and %i in all", async (...bound) => {
    const [name, imported, own, all] = bound;
    const sizes = await bundleSizes(name, imported);
    expect(sizes.own).toBeGreaterThan(500);
    expect(sizes.own).toBeLessThan(own);
    expect(sizes.all).toBeLessThan(all);
  });
});
