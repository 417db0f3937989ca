import { describe, expect, it } from "vitest";
import { layoutOf } from "./picker-model.ts";
import { FAST, peerWith, pickerOf, picks, receiveAll, seedIn, SLOW } from "./picking.ts";

describe("endgame", () => {
  it("asks a second peer for a block only when every missing block is in flight", () => {
    const picker = pickerOf(layoutOf(2, 2));
    const [a, b] = [peerWith(picker, 2, [0, 1]), peerWith(picker, 2, [0])];
    picker.setPriority(0, 7);
    picks(picker, a, 2, FAST);
    expect(picker.inEndgame).toBe(false);
    expect(picks(picker, b, 9, FAST)).toEqual([]);
    picks(picker, a, 1, FAST);
    expect(picks(picker, b, 9, FAST)).toEqual([]);
    picks(picker, a, 1, FAST);
    expect(picker.inEndgame).toBe(true);
    expect(picks(picker, b, 9, FAST)).toEqual([[0, 1]]);
  });

  it("gives a peer the block in flight elsewhere that is furthest from coming, and the next when it has nothing in flight", () => {
    const picker = pickerOf(layoutOf(1, 4));
    const [a, b] = [seedIn(picker), seedIn(picker)];
    picks(picker, a, 9, FAST);
    expect(picks(picker, b, 9, FAST)).toEqual([[0, 3]]);
    expect(picks(picker, b, 9, FAST)).toEqual([]);
    expect(picker.received(b, 0, 3)).toBe("accepted");
    expect(picks(picker, b, 9, FAST)).toEqual([[0, 2]]);
  });

  it("may be told to make more duplicates a pick, or none", () => {
    const many = pickerOf(layoutOf(1, 4), { duplicatesPerPick: 3 });
    const [a, b] = [seedIn(many), seedIn(many)];
    picks(many, a, 9, FAST);
    expect(picks(many, b, 9, FAST)).toHaveLength(3);
    const none = pickerOf(layoutOf(1, 4), { maxRequestersPerBlock: 1 });
    const [c, d] = [seedIn(none), seedIn(none)];
    picks(none, c, 9, FAST);
    expect(picks(none, d, 9, FAST)).toEqual([]);
  });

  it("asks no more peers for a block than the cap, and none twice", () => {
    const picker = pickerOf(layoutOf(1, 1));
    const [a, b, c] = [seedIn(picker), seedIn(picker), seedIn(picker)];
    picks(picker, a, 1, FAST);
    expect(picks(picker, a, 1, FAST)).toEqual([]);
    expect(picks(picker, b, 1, FAST)).toEqual([[0, 0]]);
    expect(picks(picker, c, 1, FAST)).toEqual([]);
    expect(picker.requestersOf(0, 0)).toEqual([a, b]);
    picker.release(a, 0, 0);
    expect(picker.requestersOf(0, 0)).toEqual([b]);
    expect(picks(picker, c, 1, FAST)).toEqual([[0, 0]]);
  });

  it("names the others to cancel when a block has come, and takes a late copy as duplicate", () => {
    const picker = pickerOf(layoutOf(1, 2));
    const [a, b] = [seedIn(picker), seedIn(picker)];
    picks(picker, a, 9, FAST);
    const [[, block]] = picks(picker, b, 1, FAST) as [[number, number]];
    expect(picker.received(a, 0, block)).toBe("accepted");
    expect(picker.requestersOf(0, block)).toEqual([b]);
    expect(picker.received(b, 0, block)).toBe("duplicate");
    expect(picker.requestersOf(0, block)).toEqual([]);
    expect(picker.sendersOf(0)).toEqual([a]);
  });

  it("leaves alone what is being verified, and is over when all is there", () => {
    const picker = pickerOf(layoutOf(1, 1));
    const [a, b] = [seedIn(picker), seedIn(picker)];
    receiveAll(picker, a, picks(picker, a, 1, FAST));
    expect(picker.inEndgame).toBe(false);
    expect(picks(picker, b, 1, FAST)).toEqual([]);
    picker.verified(0);
    expect([picker.isComplete, picker.inEndgame]).toEqual([true, false]);
  });

  it("ends when a released block is free again", () => {
    const picker = pickerOf(layoutOf(1, 2));
    const [a, b] = [seedIn(picker), seedIn(picker)];
    picks(picker, a, 2, SLOW);
    picker.release(a, 0, 1);
    expect(picker.inEndgame).toBe(false);
    expect(picks(picker, b, 9, SLOW)).toEqual([[0, 1]]);
  });
});
