import { describe, expect, it } from "vitest";
import { PiecePicker } from "@bt/piece-picker";
import { fieldOf, layoutOf, seededRandom } from "./picker-model.ts";
import { FAST, peerWith, pickerOf, picks, piecesOf, seedIn, SLOW } from "./picking.ts";

describe("which piece is begun", () => {
  it("is the rarest that the peer has", () => {
    const picker = pickerOf(layoutOf(4, 2));
    const slot = peerWith(picker, 4, [0, 1, 2]);
    peerWith(picker, 4, [0, 1, 3]);
    peerWith(picker, 4, [0]);
    expect(piecesOf(picks(picker, slot, 2, FAST))).toEqual([2]);
    expect(piecesOf(picks(picker, slot, 2, FAST))).toEqual([1]);
    expect(piecesOf(picks(picker, slot, 2, FAST))).toEqual([0]);
    expect(picks(picker, slot, 2, FAST)).toEqual([]);
  });

  it("follows haves, bitfields and leaving peers", () => {
    const picker = pickerOf(layoutOf(2, 1));
    const slot = peerWith(picker, 2, [0, 1]);
    const other = peerWith(picker, 2, [0]);
    expect(picks(picker, slot, 1, FAST)).toEqual([[1, 0]]);
    picker.abandon(1);
    picker.peerHave(peerWith(picker, 2, [1]), 0);
    picker.removePeer(other);
    expect([picker.availabilityOf(0), picker.availabilityOf(1)]).toEqual([2, 2]);
    peerWith(picker, 2, [1]);
    expect(picks(picker, slot, 1, FAST)).toEqual([[0, 0]]);
  });

  it("is chosen at random among equally rare ones", () => {
    const counts = new Map<number, number>();
    for (let seed = 0; seed < 400; seed++) {
      const picker = pickerOf(layoutOf(4, 1), {}, seed);
      const piece = picks(picker, seedIn(picker), 1, FAST)[0]![0];
      counts.set(piece, (counts.get(piece) ?? 0) + 1);
    }
    for (let piece = 0; piece < 4; piece++) expect(counts.get(piece)).toBeGreaterThan(60);
  });

  it("is any piece while we have fewer than four, and the rarest after that", () => {
    let rareCount = 0;
    for (let seed = 0; seed < 200; seed++) {
      const picker = new PiecePicker(layoutOf(20, 1), seededRandom(seed));
      const slot = peerWith(
        picker,
        20,
        Array.from({ length: 19 }, (_, i) => i),
      );
      peerWith(
        picker,
        20,
        Array.from({ length: 18 }, (_, i) => i + 1),
      );
      if (picks(picker, slot, 1, FAST)[0]![0] === 0) rareCount++;
      picker.abandon(0);
      for (const piece of [16, 17, 18, 19]) picker.markHave(piece);
      if (picker.explainPiece(0).state === "missing") expect(picks(picker, slot, 1, FAST)).toEqual([[0, 0]]);
    }
    expect(rareCount).toBeLessThan(40);
  });

  it("has the highest priority, however common it is", () => {
    const picker = pickerOf(layoutOf(3, 1));
    const slot = peerWith(picker, 3, [0, 1, 2]);
    peerWith(picker, 3, [1]);
    picker.setPriority(0, 1);
    picker.setPriority(1, 7);
    expect([1, 2, 3].map(() => picks(picker, slot, 1, FAST)[0]![0])).toEqual([1, 2, 0]);
  });

  it("is never an unwanted one", () => {
    const picker = pickerOf(layoutOf(2, 1));
    const slot = seedIn(picker);
    picker.setPriority(0, 0);
    expect(picker.missingCount).toBe(1);
    expect(picks(picker, slot, 5, { ...FAST, maxNewPieceCount: 5 })).toEqual([[1, 0]]);
    picker.setPriority(1, 0);
    expect(picker.isInteresting(slot)).toBe(false);
    expect(picker.isComplete).toBe(true);
  });

  it("is the first one when downloading in sequence, whatever is rare, and priorities still go first", () => {
    const picker = pickerOf(layoutOf(4, 1));
    picker.setSequential(true);
    const slot = peerWith(picker, 4, [1, 2, 3]);
    peerWith(picker, 4, [0, 1]);
    picker.setPriority(3, 7);
    expect([1, 2, 3].map(() => picks(picker, slot, 1, FAST)[0]![0])).toEqual([3, 1, 2]);
    picker.setSequential(false);
    expect(picks(picker, slot, 1, { ...FAST, exclusive: false })).toEqual([]);
  });
});

describe("in a torrent of many pieces", () => {
  const pieceCount = 6_000;
  const all = Array.from({ length: pieceCount }, (_, i) => i);

  it("a peer without any of the rare pieces still gets all that it has", () => {
    const picker = pickerOf(layoutOf(pieceCount, 1));
    const common = all.slice(5_000, 5_100);
    peerWith(picker, pieceCount, all);
    const slot = peerWith(picker, pieceCount, common);
    for (let i = 0; i < 3; i++) peerWith(picker, pieceCount, common);
    const got: number[] = [];
    for (let i = 0; i < 100; i++) got.push(...piecesOf(picks(picker, slot, 1, FAST)));
    expect(got.sort((a, b) => a - b)).toEqual(common);
    expect(picks(picker, slot, 1, FAST)).toEqual([]);
  });

  it("a peer without the rare pieces gets pieces of the highest priority among those it has", () => {
    const picker = pickerOf(layoutOf(pieceCount, 1));
    peerWith(picker, pieceCount, all.slice(0, 5_000));
    const slot = peerWith(picker, pieceCount, all.slice(4_990));
    for (const piece of [5_500, 5_501]) picker.setPriority(piece, 7);
    for (const piece of [5_502, 5_503]) picker.setPriority(piece, 1);
    const got = Array.from({ length: 1_010 }, () => picks(picker, slot, 1, FAST)[0]![0]);
    expect(got.slice(0, 2).sort()).toEqual([5_500, 5_501]);
    expect(new Set(got.slice(1_008))).toEqual(new Set([5_502, 5_503]));
  });

  it("a million changes between two picks leave the order right", () => {
    const picker = pickerOf(layoutOf(pieceCount, 1));
    const slot = peerWith(picker, pieceCount, all);
    picks(picker, slot, 1, FAST);
    const random = seededRandom(7);
    for (let i = 0; i < 30; i++)
      peerWith(
        picker,
        pieceCount,
        all.filter(() => random() < 0.5),
      );
    for (let piece = 0; piece < pieceCount; piece += 3) picker.setPriority(piece, 5);
    const rankOf = (piece: number): number => (piece % 3 === 0 ? 0 : 100) + picker.availabilityOf(piece);
    const ranks = Array.from({ length: 50 }, () => rankOf(picks(picker, slot, 1, FAST)[0]![0]));
    const left = all.filter((piece) => picker.explainPiece(piece).state === "missing").map(rankOf);
    expect(ranks).toEqual(ranks.toSorted((a, b) => a - b));
    expect(Math.min(...left)).toBeGreaterThanOrEqual(ranks.at(-1)!);
  });

  it("downloads in sequence past pieces that others have", () => {
    const picker = pickerOf(layoutOf(pieceCount, 1));
    picker.setSequential(true);
    for (let piece = 0; piece < 3_000; piece++) picker.setPriority(piece, 1);
    const slot = seedIn(picker);
    expect(Array.from({ length: 3 }, () => picks(picker, slot, 1, SLOW)[0]![0])).toHaveLength(3);
    picker.setPriority(2_999, 7);
    expect(picks(picker, slot, 1, SLOW)).toEqual([[2_999, 0]]);
    for (let piece = 0; piece < 3_000; piece++) picker.setPriority(piece, 4);
    expect(Array.from({ length: 3 }, () => picks(picker, slot, 1, SLOW)[0]![0])).toEqual([0, 1, 2]);
  });

  it("random first pieces are found with a peer that has few", () => {
    const picker = pickerOf(layoutOf(pieceCount, 1), { randomPieceCount: pieceCount });
    peerWith(picker, pieceCount, all.slice(0, 5_990));
    const slot = peerWith(picker, pieceCount, [0, 5_999]);
    const got = [picks(picker, slot, 1, FAST), picks(picker, slot, 1, FAST)].map((blocks) => blocks[0]![0]);
    expect(got.sort((a, b) => a - b)).toEqual([0, 5_999]);
  });
});

describe("what peers have", () => {
  it("counts seeds without storing their pieces, and a full bitfield makes a seed", () => {
    const picker = pickerOf(layoutOf(3, 1));
    const slots = [seedIn(picker), peerWith(picker, 3, [0, 1, 2]), peerWith(picker, 3, [0, 1])];
    expect(picker.snapshot().seedCount).toBe(2);
    expect(slots.map((slot) => picker.isPeerSeed(slot))).toEqual([true, true, false]);
    picker.peerHave(slots[2]!, 2);
    expect(slots.map((slot) => picker.isPeerSeed(slot))).toEqual([true, true, true]);
    expect([0, 1, 2].map((piece) => picker.availabilityOf(piece))).toEqual([3, 3, 3]);
  });

  it("is replaced by a later bitfield", () => {
    const picker = pickerOf(layoutOf(3, 1));
    const slot = seedIn(picker);
    picker.peerBitfield(slot, fieldOf(3, [1]));
    expect([0, 1, 2].map((piece) => picker.availabilityOf(piece))).toEqual([0, 1, 0]);
    picker.peerBitfield(slot, fieldOf(3, []));
    expect(picker.isInteresting(slot)).toBe(false);
  });

  it("keeps its own copy of a bitfield", () => {
    const picker = pickerOf(layoutOf(3, 1));
    const field = fieldOf(3, [1]);
    const slot = picker.addPeer();
    picker.peerBitfield(slot, field);
    field.set(0);
    expect(picker.peerHas(slot, 0)).toBe(false);
  });

  it("can be lost again, even by a seed", () => {
    const picker = pickerOf(layoutOf(3, 1));
    const slot = seedIn(picker);
    expect(picker.peerDontHave(slot, 1)).toBe(true);
    expect(picker.peerDontHave(slot, 1)).toBe(false);
    expect([picker.isPeerSeed(slot), picker.peerPieceCount(slot)]).toEqual([false, 2]);
    expect([0, 1, 2].map((piece) => picker.availabilityOf(piece))).toEqual([1, 0, 1]);
  });
});
