import { describe, expect, it } from "vitest";
import { BlockBatch } from "@bt/piece-picker";
import { layoutOf } from "./picker-model.ts";
import { FAST, peerWith, pickerOf, picks, piecesOf, receiveAll, seedIn, SLOW } from "./picking.ts";

const FULL_BUDGET = { exclusive: false, mayOpenPiece: false };

describe("blocks of a piece", () => {
  it("go out in rising order, and go on where they stopped", () => {
    const picker = pickerOf(layoutOf(1, 5));
    const slot = seedIn(picker);
    expect(picks(picker, slot, 3, FAST)).toEqual([
      [0, 0],
      [0, 1],
      [0, 2],
    ]);
    expect(picks(picker, slot, 3, FAST)).toEqual([
      [0, 3],
      [0, 4],
    ]);
  });

  it("that were released go out again, first", () => {
    const picker = pickerOf(layoutOf(1, 5));
    const slot = seedIn(picker);
    picks(picker, slot, 4, FAST);
    expect(picker.release(slot, 0, 1)).toBe(true);
    expect(picker.release(slot, 0, 1)).toBe(false);
    expect(picks(picker, slot, 3, FAST)).toEqual([
      [0, 1],
      [0, 4],
    ]);
  });

  it("are as many as the last piece has", () => {
    const picker = pickerOf(layoutOf(2, 5, 2));
    const slot = peerWith(picker, 2, [1]);
    expect(picks(picker, slot, 9, FAST)).toEqual([
      [1, 0],
      [1, 1],
    ]);
  });

  it("are appended to the batch as far as it has room", () => {
    const picker = pickerOf(layoutOf(1, 5));
    const batch = new BlockBatch(3);
    const slot = seedIn(picker);
    expect(picker.pick(slot, 2, batch, FAST)).toBe(2);
    expect(picker.pick(slot, 2, batch, FAST)).toBe(1);
    expect(picker.pick(slot, 2, batch, FAST)).toBe(0);
    expect([...batch.blocks]).toEqual([0, 1, 2]);
  });
});

describe("a fast peer", () => {
  it("opens pieces of its own", () => {
    const picker = pickerOf(layoutOf(3, 4));
    const slow = seedIn(picker);
    const fast = seedIn(picker);
    const shared = piecesOf(picks(picker, slow, 1, SLOW));
    const own = piecesOf(picks(picker, fast, 2, FAST));
    expect(own).not.toEqual(shared);
    expect(piecesOf(picks(picker, fast, 2, FAST))).toEqual(own);
  });

  it("opens one piece a call, or as many as it is allowed to", () => {
    const picker = pickerOf(layoutOf(9, 1));
    const slot = seedIn(picker);
    expect(picks(picker, slot, 9, FAST)).toHaveLength(1);
    expect(picks(picker, slot, 9, { ...FAST, maxNewPieceCount: 4 })).toHaveLength(4);
    expect(picks(picker, slot, 9, { ...FAST, maxNewPieceCount: 20 })).toHaveLength(4);
  });

  it("goes on with what nobody owns before it opens a new piece", () => {
    const picker = pickerOf(layoutOf(3, 4));
    const gone = seedIn(picker);
    const begun = piecesOf(picks(picker, gone, 1, SLOW))[0]!;
    receiveAll(picker, gone, [[begun, 0]]);
    picker.removePeer(gone);
    const fast = seedIn(picker);
    expect(picks(picker, fast, 9, { ...FAST, mayOpenPiece: false })).toEqual([
      [begun, 1],
      [begun, 2],
      [begun, 3],
    ]);
    expect(picker.explainPiece(begun)).toMatchObject({ owner: fast, isExclusive: true });
  });

  it("helps with a piece of higher priority that others share", () => {
    const picker = pickerOf(layoutOf(3, 4));
    const [slow, fast] = [seedIn(picker), seedIn(picker)];
    picker.setPriority(1, 7);
    picks(picker, slow, 1, SLOW);
    expect(piecesOf(picks(picker, fast, 2, FAST))).toEqual([1]);
  });

  it("loses its claim when a request to it is released", () => {
    const picker = pickerOf(layoutOf(3, 4));
    const [first, second] = [seedIn(picker), seedIn(picker)];
    const [[piece]] = picks(picker, first, 2, FAST) as [[number, number]];
    picker.release(first, piece, 1);
    expect(picker.explainPiece(piece).owner).toBeUndefined();
    expect(picks(picker, second, 9, FAST).slice(0, 3)).toEqual([
      [piece, 1],
      [piece, 2],
      [piece, 3],
    ]);
  });

  it("keeps its claim when a peer that joined fails, and when its own late request is cancelled", () => {
    const picker = pickerOf(layoutOf(1, 4));
    const [owner, other] = [seedIn(picker), seedIn(picker)];
    picks(picker, owner, 1, FAST);
    picks(picker, other, 1, FAST);
    picker.release(other, 0, 1);
    expect(picker.explainPiece(0)).toMatchObject({ owner, isExclusive: true });
    picker.received(other, 0, 0);
    picker.release(owner, 0, 0);
    expect(picker.explainPiece(0)).toMatchObject({ owner, isExclusive: true });
  });

  it("that is no longer fast shares its piece", () => {
    const picker = pickerOf(layoutOf(1, 6));
    const [first, second] = [seedIn(picker), seedIn(picker)];
    picks(picker, first, 1, FAST);
    expect(picker.explainPiece(0).isExclusive).toBe(true);
    picks(picker, first, 1, SLOW);
    expect(picker.explainPiece(0)).toMatchObject({ isExclusive: false, owner: first });
    expect(picks(picker, second, 1, SLOW)).toEqual([[0, 2]]);
    expect(picker.explainPiece(0).owner).toBe(first);
  });
});

describe("a slow peer", () => {
  it("joins the shared piece with the fewest free blocks", () => {
    const picker = pickerOf(layoutOf(3, 4));
    const [a, b, c] = [seedIn(picker), seedIn(picker), seedIn(picker)];
    const [first] = piecesOf(picks(picker, a, 1, FAST));
    const [second] = piecesOf(picks(picker, b, 3, FAST));
    picks(picker, a, 1, SLOW);
    picks(picker, b, 0, SLOW);
    picker.release(b, second!, 2);
    picker.release(a, first!, 1);
    expect(picks(picker, c, 4, FULL_BUDGET)).toEqual([
      [second, 2],
      [second, 3],
      [first, 1],
      [first, 2],
    ]);
  });

  it("begins a piece of higher priority before it joins a shared one", () => {
    const picker = pickerOf(layoutOf(3, 4));
    const [a, b] = [seedIn(picker), seedIn(picker)];
    const [shared] = piecesOf(picks(picker, a, 1, SLOW));
    const urgent = (shared! + 1) % 3;
    picker.setPriority(urgent, 7);
    expect(piecesOf(picks(picker, b, 1, SLOW))).toEqual([urgent]);
  });

  it("goes for pieces that fast peers keep for themselves only when there is nothing else", () => {
    const picker = pickerOf(layoutOf(2, 4));
    const [fast, slow] = [seedIn(picker), seedIn(picker)];
    const [kept] = piecesOf(picks(picker, fast, 1, FAST));
    const blocks = picks(picker, slow, 6, SLOW);
    expect(blocks.slice(0, 4).every(([piece]) => piece !== kept)).toBe(true);
    expect(blocks.slice(4)).toEqual([
      [kept, 1],
      [kept, 2],
    ]);
    expect(picker.explainPiece(kept!)).toMatchObject({ owner: fast, isExclusive: true });
  });
});

describe("the byte budget", () => {
  it("when spent, opens nothing but still serves open pieces", () => {
    const picker = pickerOf(layoutOf(3, 4));
    const slot = seedIn(picker);
    expect(picks(picker, slot, 9, FULL_BUDGET)).toEqual([]);
    const [piece] = piecesOf(picks(picker, slot, 1, SLOW));
    expect(picks(picker, slot, 9, FULL_BUDGET)).toEqual([
      [piece, 1],
      [piece, 2],
      [piece, 3],
    ]);
    expect(picks(picker, slot, 9, FULL_BUDGET)).toEqual([]);
    expect(picker.openCount).toBe(1);
  });

  it("counts a piece that is being verified", () => {
    const picker = pickerOf(layoutOf(1, 2));
    const slot = seedIn(picker);
    receiveAll(picker, slot, picks(picker, slot, 9, FAST));
    expect([picker.openCount, picker.snapshot().openCount, picker.snapshot().completeCount]).toEqual([
      1, 0, 1,
    ]);
    picker.verified(0);
    expect(picker.openCount).toBe(0);
  });
});

describe("a peer that chokes us", () => {
  it("is asked for its allowed fast pieces only", () => {
    const picker = pickerOf(layoutOf(5, 2));
    const slot = peerWith(picker, 5, [0, 1, 2, 3]);
    const rules = { ...SLOW, maxNewPieceCount: 9, allowedFast: [3, 4, 99, -1, 0.5, 1] };
    expect(picks(picker, slot, 9, rules)).toEqual([
      [3, 0],
      [3, 1],
      [1, 0],
      [1, 1],
    ]);
    expect(picks(picker, slot, 9, rules)).toEqual([]);
    expect(picks(picker, slot, 9, { ...SLOW, allowedFast: [] })).toEqual([]);
  });

  it("opens no more of them than allowed, and joins open ones", () => {
    const picker = pickerOf(layoutOf(5, 2));
    const [slot, other] = [seedIn(picker), seedIn(picker)];
    const [open] = piecesOf(picks(picker, other, 1, SLOW));
    const closed = [0, 1, 2, 3, 4].filter((piece) => piece !== open);
    const rules = { ...SLOW, allowedFast: [...closed, open!] };
    expect(picks(picker, slot, 9, { ...rules, mayOpenPiece: false })).toEqual([[open, 1]]);
    expect(picks(picker, slot, 1, rules)).toEqual([[closed[0], 0]]);
    expect(picks(picker, slot, 9, rules)).toEqual([
      [closed[0], 1],
      [closed[1], 0],
      [closed[1], 1],
    ]);
    picker.failed(open!, { exclusive: true });
    picks(picker, other, 1, { ...SLOW, allowedFast: [open!] });
    expect(picks(picker, slot, 9, { ...rules, mayOpenPiece: false })).toEqual([]);
  });
});
