import { describe, expect, it } from "vitest";
import type { PiecePicker } from "@bt/piece-picker";
import { layoutOf } from "./picker-model.ts";
import { FAST, pickerOf, picks, receiveAll, seedIn, SLOW } from "./picking.ts";

/** One piece of four blocks that failed and is on parole; what the picker dropped is told to `dropped`. */
function onParole(dropped: number[] = []): { picker: PiecePicker; a: number; b: number } {
  const picker = pickerOf(layoutOf(1, 4), { onDropped: (piece) => dropped.push(piece) });
  const [a, b] = [seedIn(picker), seedIn(picker)];
  receiveAll(picker, a, picks(picker, a, 2, SLOW));
  receiveAll(picker, b, picks(picker, b, 2, SLOW));
  expect(picker.isPieceComplete(0)).toBe(true);
  expect(picker.sendersOf(0)).toEqual([a, b]);
  picker.failed(0, { exclusive: true });
  return { picker, a, b };
}

describe("a piece on parole", () => {
  it("comes from one peer alone, in endgame too", () => {
    const { picker, a, b } = onParole();
    expect(picks(picker, a, 3, SLOW)).toHaveLength(3);
    expect(picks(picker, b, 9, SLOW)).toEqual([]);
    expect(picker.explainPiece(0)).toMatchObject({
      reason: "reserved-for-its-owner",
      isParole: true,
      owner: a,
    });
    expect(picks(picker, a, 3, SLOW)).toEqual([[0, 3]]);
    expect(picker.inEndgame).toBe(true);
    expect(picks(picker, b, 9, SLOW)).toEqual([]);
  });

  it("is not given to a peer that is not trusted, which gets other pieces", () => {
    const { picker, a, b } = onParole();
    expect(picks(picker, a, 4, { ...SLOW, trusted: false })).toEqual([]);
    expect(picks(picker, b, 4, { ...SLOW, trusted: false, allowedFast: [0] })).toEqual([]);
    expect(picks(picker, b, 4, { ...SLOW, trusted: true })).toHaveLength(4);

    const other = pickerOf(layoutOf(8, 1));
    const [c, d] = [seedIn(other), seedIn(other)];
    receiveAll(other, c, picks(other, c, 1, SLOW));
    const [failed] = Array.from({ length: 8 }, (_, piece) => piece).filter((piece) =>
      other.isPieceComplete(piece),
    );
    other.failed(failed!, { exclusive: true });
    const got = Array.from({ length: 7 }, () => picks(other, d, 1, { ...SLOW, trusted: false })).flat();
    expect(got.some(([piece]) => piece === failed)).toBe(false);
    expect(got.length).toBeGreaterThanOrEqual(6);
  });

  it("takes no block from anyone else", () => {
    const { picker, a, b } = onParole();
    picks(picker, a, 4, SLOW);
    expect(picker.received(b, 0, 0)).toBe("unwanted");
    expect(picker.isReceived(0, 0)).toBe(false);
    expect(picker.received(a, 0, 0)).toBe("accepted");
    expect(picker.sendersOf(0)).toEqual([a]);
  });

  it("is dropped when its peer leaves, and another alone takes it from scratch", () => {
    const dropped: number[] = [];
    const { picker, a, b } = onParole(dropped);
    receiveAll(picker, a, picks(picker, a, 2, SLOW));
    picker.removePeer(a);
    expect(dropped).toEqual([0]);
    expect(picker.explainPiece(0)).toMatchObject({ state: "missing", isParole: true, receivedCount: 0 });
    expect(picks(picker, b, 9, SLOW)).toHaveLength(4);
    const c = seedIn(picker);
    expect(picks(picker, c, 9, SLOW)).toEqual([]);
  });

  it("is gone on with by its peer after a release", () => {
    const dropped: number[] = [];
    const { picker, a } = onParole(dropped);
    receiveAll(picker, a, picks(picker, a, 1, SLOW));
    picks(picker, a, 1, SLOW);
    picker.release(a, 0, 1);
    expect(picks(picker, a, 9, SLOW)).toEqual([
      [0, 1],
      [0, 2],
      [0, 3],
    ]);
    expect(dropped).toEqual([]);
  });

  it("given up by its peer, goes from scratch to another that has nothing else", () => {
    const dropped: number[] = [];
    const { picker, a, b } = onParole(dropped);
    receiveAll(picker, a, picks(picker, a, 1, SLOW));
    picks(picker, a, 2, SLOW);
    picker.release(a, 0, 1);
    expect(picks(picker, b, 9, SLOW)).toEqual([]);
    picker.release(a, 0, 2);
    expect(picks(picker, b, 9, SLOW)).toHaveLength(4);
    expect(dropped).toEqual([0]);
    expect(picker.explainPiece(0)).toMatchObject({ owner: b, receivedCount: 0 });
    expect(picker.received(a, 0, 1)).toBe("unwanted");
  });

  it("stays so when abandoned, and is free of it when it passes or fails with a known culprit", () => {
    const { picker, a } = onParole();
    picks(picker, a, 1, FAST);
    picker.abandon(0);
    expect(picker.explainPiece(0).isParole).toBe(true);
    receiveAll(picker, a, picks(picker, a, 4, FAST));
    picker.failed(0, { exclusive: false });
    expect(picker.explainPiece(0)).toMatchObject({ isParole: false, state: "missing" });
    picker.failed(0, { exclusive: true });
    picker.verified(0);
    picker.markLost(0);
    expect(picker.explainPiece(0)).toMatchObject({ isParole: false, state: "missing" });
  });
});
