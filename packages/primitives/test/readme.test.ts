import { Bitfield, decodeCompactEndpoints, PieceLayout } from "@bt/primitives";
import { expect, it } from "vitest";

it("the README's example gives what it says", () => {
  const layout = new PieceLayout({ totalLength: 1_000_000, pieceLength: 262_144 });
  expect([layout.pieceCount, layout.pieceLengthAt(3), layout.blockCountAt(3)]).toEqual([4, 213_568, 14]);
  const have = new Bitfield(layout.pieceCount);
  have.set(3);
  expect([have.count, ...have.toBytes()]).toEqual([1, 16]);
  expect(decodeCompactEndpoints(new Uint8Array([127, 0, 0, 1, 26, 225]), 4)).toEqual([
    { host: "127.0.0.1", port: 6881 },
  ]);
});
