import { describe, expect, it } from "vitest";
import { layoutOf } from "./picker-model.ts";
import { FAST, peerWith, pickerOf, picks, receiveAll, seedIn, SLOW } from "./picking.ts";

describe("why a piece waits", () => {
  it("is told for every state", () => {
    const picker = pickerOf(layoutOf(2, 2));
    const reason = (): string => picker.explainPiece(0).reason;
    expect(reason()).toBe("no-peer-has-it");
    const slot = peerWith(picker, 2, [0]);
    expect(reason()).toBe("waiting-for-its-turn");
    const [first] = picks(picker, slot, 1, FAST);
    expect(reason()).toBe("waiting-for-requests");
    const [second] = picks(picker, slot, 1, FAST);
    expect(reason()).toBe("in-flight");
    receiveAll(picker, slot, [first!]);
    picker.removePeer(slot);
    expect(reason()).toBe("no-peer-has-it");
    receiveAll(picker, seedIn(picker), [second!]);
    expect(reason()).toBe("being-verified");
    picker.verified(0);
    expect(reason()).toBe("had");
    picker.setPriority(1, 0);
    expect(picker.explainPiece(1).reason).toBe("unwanted");
  });
});

describe("why a peer is not asked", () => {
  it("is told", () => {
    const picker = pickerOf(layoutOf(2, 2));
    const a = peerWith(picker, 2, [0, 1]);
    const b = peerWith(picker, 2, [0]);
    picker.setPriority(0, 7);
    const reason = (slot: number): string => picker.explainPeer(slot).reason;
    expect([reason(picker.addPeer()), reason(b)]).toEqual(["nothing-interesting", "has-missing-piece"]);
    picks(picker, a, 1, SLOW);
    expect(reason(b)).toBe("has-open-piece");
    picks(picker, a, 1, SLOW);
    expect(reason(b)).toBe("all-taken");
    picks(picker, a, 2, SLOW);
    expect(reason(b)).toBe("endgame");
    expect(picker.explainPeer(a)).toEqual({
      slot: a,
      reason: "endgame",
      pieceCount: 2,
      interestingCount: 2,
      missingCount: 0,
      requestCount: 4,
    });
  });
});

describe("the snapshot", () => {
  it("shows the open pieces and the counts", () => {
    const picker = pickerOf(layoutOf(3, 2));
    const slot = peerWith(picker, 3, [1]);
    seedIn(picker);
    picker.markHave(2);
    receiveAll(picker, slot, picks(picker, slot, 1, FAST));
    expect(picker.snapshot()).toEqual({
      pieceCount: 3,
      haveCount: 1,
      wantedCount: 2,
      missingCount: 1,
      openCount: 1,
      completeCount: 0,
      peerCount: 2,
      seedCount: 1,
      inEndgame: false,
      openPieces: [
        {
          piece: 1,
          owner: slot,
          isExclusive: true,
          isParole: false,
          freeCount: 1,
          requestedCount: 0,
          receivedCount: 1,
        },
      ],
    });
    picker.removePeer(slot);
    expect(picker.snapshot().openPieces[0]!.owner).toBeUndefined();
  });
});
