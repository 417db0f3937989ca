import { describe, expect, it } from "vitest";
import { PieceLayout } from "@bt/primitives";
import { fieldOf } from "./picker-model.ts";
import { FAST, peerWith, pickerOf, picks, seedIn, SLOW } from "./picking.ts";

const BLOCK = 16_384;
/** 256 pieces of one block: extents of 4 pieces with this option. */
const layout = new PieceLayout({ pieceLength: BLOCK, totalLength: 256 * BLOCK });
const options = { extentLength: 4 * BLOCK };

/** The pieces that `slot` begins, one after the other. */
function begun(picker: ReturnType<typeof pickerOf>, slot: number, count: number, rules = FAST): number[] {
  return Array.from({ length: count }, () => picks(picker, slot, 1, rules)[0]![0]);
}

describe("extents", () => {
  it("are given to a fast peer from their first piece to their last, one extent after another at random", () => {
    for (let seed = 0; seed < 20; seed++) {
      const picker = pickerOf(layout, options, seed);
      const pieces = begun(picker, seedIn(picker), 256);
      expect(new Set(pieces).size).toBe(256);
      for (let at = 0; at < 256; at += 4) {
        expect(pieces[at]! % 4).toBe(0);
        expect(pieces.slice(at, at + 4)).toEqual([0, 1, 2, 3].map((step) => pieces[at]! + step));
      }
      const starts = pieces.filter((_, at) => at % 4 === 0);
      expect(starts).not.toEqual([...starts].sort((a, b) => a - b));
    }
  });

  it("never go before rarity or priority, nor to what the peer has not", () => {
    const picker = pickerOf(layout, options);
    const all = Array.from({ length: 256 }, (_, piece) => piece);
    const slot = peerWith(
      picker,
      256,
      all.filter((piece) => piece !== 42),
    );
    peerWith(
      picker,
      256,
      all.filter((piece) => piece !== 41 && piece !== 101),
    );
    for (const piece of [250, 251, 252, 253, 254, 255]) picker.markHave(piece);
    picker.setPriority(99, 7);
    // The highest priority, then the two rare ones, though pieces 40 and 100 are their neighbours.
    expect(begun(picker, slot, 1)).toEqual([99]);
    expect(begun(picker, slot, 2).sort((a, b) => a - b)).toEqual([41, 101]);
    expect(begun(picker, slot, 247 - 1)).not.toContain(42);
  });

  it("are not for slow peers, nor for a torrent that has only a few of them", () => {
    const slow = pickerOf(layout, options, 3);
    const first = begun(slow, seedIn(slow), 8, SLOW);
    expect(first).not.toEqual(first.map((_, at) => first[0]! + at));
    const few = new PieceLayout({ pieceLength: BLOCK, totalLength: 30 * BLOCK });
    const starts = new Set<number>();
    for (let seed = 0; seed < 60; seed++) {
      const picker = pickerOf(few, { extentLength: 1 << 30 }, seed);
      starts.add(begun(picker, seedIn(picker), 1)[0]!);
    }
    expect(starts.size).toBeGreaterThan(20);
  });

  it("can be switched off", () => {
    const picker = pickerOf(layout, { extentLength: 0 }, 1);
    const slot = picker.addPeer();
    picker.peerBitfield(
      slot,
      fieldOf(
        256,
        Array.from({ length: 256 }, (_, piece) => piece),
      ),
    );
    const pieces = begun(picker, slot, 16);
    expect(pieces.filter((piece, at) => at > 0 && piece === pieces[at - 1]! + 1).length).toBeLessThan(4);
  });
});
