import { DEFAULT_HASH_PLACEMENT_LIMITS, gatherWrites, placeHash } from "@bt/storage";
import { describe, expect, it } from "vitest";
import { RateMeter } from "../src/rate-meter.ts";

const MIB = 1024 * 1024;

describe("placeHash", () => {
  it("hashes usual pieces on the loop, long pieces and fast torrents in a worker", () => {
    expect(placeHash({ pieceLength: 2 * MIB, byteRate: 100 * MIB, workerCount: 2 })).toBe("loop");
    expect(placeHash({ pieceLength: 2 * MIB + 1, byteRate: 0, workerCount: 2 })).toBe("worker");
    expect(placeHash({ pieceLength: 16_384, byteRate: 1025 * MIB, workerCount: 2 })).toBe("worker");
    expect(placeHash({ pieceLength: 16 * MIB, byteRate: 900 * MIB, workerCount: 0 })).toBe("loop");
  });

  it("obeys other limits", () => {
    const limits = { ...DEFAULT_HASH_PLACEMENT_LIMITS, loopPieceLength: 16_383 };
    expect(placeHash({ pieceLength: 16_384, byteRate: 0, workerCount: 1 }, limits)).toBe("worker");
  });
});

describe("gatherWrites", () => {
  const situation = { pieceLength: 262_144, byteRate: 500 * MIB, budgetLength: 32 * MIB };

  it("waits for a mebibyte when small pieces come fast", () => {
    expect(gatherWrites(situation)).toBe(MIB);
    expect(gatherWrites({ ...situation, byteRate: 60 * MIB })).toBeCloseTo(0.6 * MIB);
  });

  it("does not wait for what will not come in time, nor with memory that is short", () => {
    expect(gatherWrites({ ...situation, byteRate: 49 * MIB })).toBe(0);
    expect(gatherWrites({ ...situation, pieceLength: MIB })).toBe(0);
    expect(gatherWrites({ ...situation, budgetLength: 3 * MIB })).toBe(0);
    expect(gatherWrites({ ...situation, byteRate: 0 })).toBe(0);
  });
});

describe("RateMeter", () => {
  it("extrapolates what has just begun", () => {
    const meter = new RateMeter();
    meter.add(1000, 5_000);
    meter.add(1000, 5_200);
    expect(meter.byteRate(5_200)).toBe(10_000);
    expect(meter.byteRate(5_400)).toBe(5_000);
  });

  it("settles on an even rate and forgets a burst within two seconds", () => {
    const meter = new RateMeter();
    for (let nowMs = 0; nowMs < 5000; nowMs += 10) meter.add(1000, nowMs);
    expect(meter.byteRate(4999)).toBeCloseTo(100_000, -3);
    expect(meter.byteRate(5500)).toBeCloseTo(50_000, -3);
    expect(meter.byteRate(7000)).toBe(0);
    meter.add(5, 100_000);
    expect(meter.byteRate(100_000)).toBe(50);
  });
});
