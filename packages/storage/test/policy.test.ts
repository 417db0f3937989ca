import { DEFAULT_HASH_PLACEMENT_LIMITS, placeHash } from "@bt/storage";
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

describe("RateMeter", () => {
  it("settles on an even rate and forgets a burst within two seconds", () => {
    const meter = new RateMeter();
    for (let nowMs = 0; nowMs < 5000; nowMs += 10) meter.add(1000, nowMs);
    expect(meter.byteRate(4999)).toBeCloseTo(100_000, -3);
    expect(meter.byteRate(5500)).toBeCloseTo(50_000, -3);
    expect(meter.byteRate(7000)).toBe(0);
    meter.add(5, 100_000);
    expect(meter.byteRate(100_000)).toBe(5);
  });
});
