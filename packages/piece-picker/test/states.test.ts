import { BLOCK_LENGTH, PieceLayout } from "@bt/primitives";
import { describe, expect, it } from "vitest";
import {
  BlockBatch,
  DEFAULT_PICKER_OPTIONS,
  MAX_BLOCKS_PER_PIECE,
  MAX_PEER_SLOTS,
  PiecePicker,
} from "@bt/piece-picker";
import { fieldOf, layoutOf } from "./picker-model.ts";
import { FAST, peerWith, pickerOf, picks, receiveAll, seedIn, SLOW } from "./picking.ts";

describe("a piece", () => {
  it("passes from missing by open and complete to had", () => {
    const picker = pickerOf(layoutOf(1, 2));
    const slot = seedIn(picker);
    const stateOf = (): string => picker.explainPiece(0).state;
    expect(stateOf()).toBe("missing");
    const blocks = picks(picker, slot, 9, FAST);
    expect(stateOf()).toBe("open");
    receiveAll(picker, slot, blocks.slice(0, 1));
    expect([stateOf(), picker.isPieceComplete(0)]).toEqual(["open", false]);
    receiveAll(picker, slot, blocks.slice(1));
    expect([stateOf(), picker.isPieceComplete(0), picker.have.has(0)]).toEqual(["complete", true, false]);
    picker.verified(0);
    expect([stateOf(), picker.isPieceComplete(0), picker.have.has(0)]).toEqual(["had", true, true]);
    expect([picker.isComplete, picker.isInteresting(slot)]).toEqual([true, false]);
  });

  it("that failed is downloaded again", () => {
    const picker = pickerOf(layoutOf(1, 2));
    const slot = seedIn(picker);
    receiveAll(picker, slot, picks(picker, slot, 9, FAST));
    picker.failed(0, { exclusive: false });
    expect([picker.isReceived(0, 0), picker.isPieceComplete(0), picker.sendersOf(0)]).toEqual([
      false,
      false,
      [],
    ]);
    expect(picks(picker, slot, 9, FAST)).toHaveLength(2);
  });

  it("that was abandoned forgets its requests: their blocks come unwanted", () => {
    const picker = pickerOf(layoutOf(1, 2));
    const slot = seedIn(picker);
    picks(picker, slot, 2, FAST);
    picker.abandon(0);
    expect([picker.peerRequestCount(slot), picker.openCount]).toEqual([0, 0]);
    expect(picker.received(slot, 0, 0)).toBe("unwanted");
    expect(picker.release(slot, 0, 1)).toBe(false);
  });

  it("that was had and is lost makes peers interesting again", () => {
    const picker = pickerOf(layoutOf(2, 1));
    const slot = peerWith(picker, 2, [0]);
    picker.markHave(0);
    expect([picker.isInteresting(slot), picker.have.count]).toEqual([false, 1]);
    picker.markLost(0);
    expect([picker.isInteresting(slot), picker.have.count, picker.missingCount]).toEqual([true, 0, 2]);
  });

  it("that is no longer wanted is dropped when open, and verified when complete", () => {
    const dropped: number[] = [];
    const picker = pickerOf(layoutOf(2, 2), { onDropped: (piece) => dropped.push(piece) });
    const slot = seedIn(picker);
    picker.setPriority(1, 1);
    receiveAll(picker, slot, picks(picker, slot, 2, FAST));
    picks(picker, slot, 1, FAST);
    picker.setPriority(0, 0);
    picker.setPriority(1, 0);
    expect(dropped).toEqual([1]);
    expect(picker.explainPiece(0).state).toBe("complete");
    expect(picker.explainPiece(1).state).toBe("unwanted");
    expect([picker.isComplete, picker.isInteresting(slot)]).toEqual([true, false]);
    picker.verified(0);
    expect([picker.have.has(0), picker.missingCount]).toEqual([true, 0]);
    picker.setPriority(1, 4);
    expect([picker.missingCount, picker.isInteresting(slot)]).toEqual([1, true]);
  });

  it("that is marked had while open is dropped", () => {
    const dropped: number[] = [];
    const picker = pickerOf(layoutOf(1, 2), { onDropped: (piece) => dropped.push(piece) });
    const slot = seedIn(picker);
    picks(picker, slot, 1, FAST);
    picker.markHave(0);
    expect([dropped, picker.openCount, picker.peerRequestCount(slot)]).toEqual([[0], 0, 0]);
    expect(picker.received(slot, 0, 0)).toBe("duplicate");
  });
});

describe("a block", () => {
  it("is accepted once", () => {
    const picker = pickerOf(layoutOf(1, 2));
    const slot = seedIn(picker);
    picks(picker, slot, 1, FAST);
    expect(picker.received(slot, 0, 0)).toBe("accepted");
    expect(picker.received(slot, 0, 0)).toBe("duplicate");
    expect(picker.isReceived(0, 0)).toBe(true);
  });

  it("is accepted from a peer whose request was given up, and then is not asked of others", () => {
    const picker = pickerOf(layoutOf(1, 2));
    const slot = seedIn(picker);
    picks(picker, slot, 1, FAST);
    picker.release(slot, 0, 0);
    expect(picker.received(slot, 0, 0)).toBe("accepted");
    expect(picks(picker, slot, 9, FAST)).toEqual([[0, 1]]);
  });
});

describe("a peer that leaves", () => {
  it("has its requests released and its pieces shared", () => {
    const picker = pickerOf(layoutOf(1, 3));
    const [a, b] = [seedIn(picker), seedIn(picker)];
    receiveAll(picker, a, picks(picker, a, 1, FAST));
    picks(picker, a, 1, FAST);
    picker.removePeer(a);
    expect(picker.availabilityOf(0)).toBe(1);
    expect(picks(picker, b, 9, SLOW)).toEqual([
      [0, 1],
      [0, 2],
    ]);
  });

  it("keeps its slot until it cannot be blamed any more", () => {
    const picker = pickerOf(layoutOf(1, 2));
    const a = seedIn(picker);
    receiveAll(picker, a, picks(picker, a, 1, FAST));
    picker.removePeer(a);
    const b = seedIn(picker);
    expect(b).not.toBe(a);
    receiveAll(picker, b, picks(picker, b, 1, FAST));
    expect(picker.sendersOf(0)).toEqual([a, b]);
    picker.failed(0, { exclusive: false });
    expect(picker.addPeer()).toBe(a);
  });

  it("makes room in its slot for another", () => {
    const picker = pickerOf(layoutOf(1, 1));
    const a = seedIn(picker);
    picker.removePeer(a);
    expect(picker.addPeer()).toBe(a);
    expect([picker.isPeerSeed(a), picker.isInteresting(a), picker.availabilityOf(0)]).toEqual([
      false,
      false,
      0,
    ]);
  });
});

describe("a torrent without bytes", () => {
  it("is complete", () => {
    const picker = new PiecePicker(new PieceLayout({ totalLength: 0, pieceLength: 16_384 }), () => 0);
    const slot = picker.addPeer();
    picker.peerBitfield(slot, fieldOf(0, []));
    expect([picker.isComplete, picker.isInteresting(slot), picker.inEndgame]).toEqual([true, false, false]);
    expect(picks(picker, slot, 9, FAST)).toEqual([]);
  });
});

describe("the caller's mistakes", () => {
  it("are RangeErrors", () => {
    const picker = pickerOf(layoutOf(2, 2, 1));
    const slot = seedIn(picker);
    const gone = picker.addPeer();
    picker.removePeer(gone);
    for (const mistake of [
      () => picker.pick(gone, 1, new BlockBatch(1), FAST),
      () => picker.removePeer(gone),
      () => picker.isInteresting(99),
      () => picker.received(gone, 0, 0),
      () => picker.received(slot, 1, 1),
      () => picker.received(slot, 0, -1),
      () => picker.received(slot, 0, 0.5),
      () => picker.release(slot, 2, 0),
      () => picker.isReceived(-1, 0),
      () => picker.requestersOf(0, 2),
      () => picker.sendersOf(2),
      () => picker.peerHave(slot, 2),
      () => picker.peerDontHave(slot, 2),
      () => picker.peerBitfield(slot, fieldOf(3, [])),
      () => picker.markHave(2),
      () => picker.markLost(2),
      () => picker.verified(NaN),
      () => picker.failed(2, { exclusive: true }),
      () => picker.abandon(2),
      () => picker.setPriority(2, 1),
      () => picker.setPriority(0, 8 as 7),
      () => picker.priorityOf(2),
      () => picker.availabilityOf(2),
      () => picker.isPieceComplete(2),
      () => picker.explainPiece(2),
      () => new BlockBatch(0),
      () => pickerOf(layoutOf(1, 1), { maxRequestersPerBlock: 0 }),
      () => pickerOf(layoutOf(1, 1), { maxRequestersPerBlock: 9 }),
      () => pickerOf(layoutOf(1, 1), { duplicatesPerPick: -1 }),
      () => pickerOf(layoutOf(1, 1), { randomPieceCount: 0.5 }),
    ])
      expect(mistake, String(mistake)).toThrow(RangeError);
    expect(picker.peerHas(slot, 2)).toBe(false);
    expect(picker.priorityOf(0)).toBe(4);
  });

  it("include pieces too long to keep account of, but not a short torrent with a long piece length", () => {
    const pieceLength = (MAX_BLOCKS_PER_PIECE + 1) * BLOCK_LENGTH;
    const long = new PieceLayout({ pieceLength, totalLength: pieceLength });
    expect(() => new PiecePicker(long, () => 0)).toThrow(RangeError);
    const short = new PieceLayout({ pieceLength: 2 ** 50, totalLength: 100 });
    const picker = new PiecePicker(short, () => 0);
    expect(picks(picker, seedIn(picker), 9, FAST)).toEqual([[0, 0]]);
  });

  it("include more peers than there are slots", () => {
    const picker = pickerOf(layoutOf(1, 1));
    for (let i = 0; i < MAX_PEER_SLOTS; i++) picker.addPeer();
    expect(() => picker.addPeer()).toThrow(RangeError);
    picker.removePeer(5);
    expect(picker.addPeer()).toBe(5);
  });
});

describe("the defaults", () => {
  it("cannot be changed, and do nothing on a drop", () => {
    expect(Object.isFrozen(DEFAULT_PICKER_OPTIONS)).toBe(true);
    expect(DEFAULT_PICKER_OPTIONS.onDropped(0)).toBeUndefined();
  });
});
