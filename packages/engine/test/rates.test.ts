import { describe, expect, it } from "vitest";
import { RateLimiter } from "../src/core/rate-limiter.ts";
import { RateMeter } from "../src/core/rate-meter.ts";

describe("RateMeter", () => {
  it("finds a steady rate and forgets it in silence", () => {
    const meter = new RateMeter();
    for (let now = 0; now <= 10_000; now += 100) meter.add(1_000, now);
    expect(meter.rate(10_000)).toBeGreaterThan(9_000);
    expect(meter.rate(10_000)).toBeLessThan(11_000);
    expect(meter.rate(40_000)).toBeLessThan(100);
    expect(meter.total).toBe(101_000);
  });

  it("has a first guess before its first window ends", () => {
    const meter = new RateMeter();
    meter.add(50_000, 1_000);
    expect(meter.rate(1_100)).toBeGreaterThan(100_000);
  });
});

describe("RateLimiter", () => {
  it("keeps to the mean rate however it is asked", () => {
    const limiter = new RateLimiter(100_000);
    let taken = 0;
    for (let now = 0; now < 10_000; now += 7)
      while (limiter.available(now) > 0) {
        limiter.take(16_384, now);
        taken += 16_384;
      }
    expect(taken).toBeGreaterThan(950_000);
    expect(taken).toBeLessThan(1_070_000);
  });

  it("makes progress at any rate and says when", () => {
    const limiter = new RateLimiter(1_000);
    limiter.take(limiter.available(0), 0);
    limiter.take(16_384, 0);
    const at = limiter.nextAt(0);
    expect(at).toBeGreaterThan(16_000);
    expect(limiter.available(at + 1)).toBeGreaterThan(0);
  });

  it("does nothing without a limit", () => {
    const limiter = new RateLimiter(Infinity);
    limiter.take(1e12, 0);
    expect(limiter.available(0)).toBe(Infinity);
    limiter.setRate(10, 5);
    expect(limiter.available(5)).toBeLessThanOrEqual(16_384);
    limiter.setRate(Infinity, 6);
    expect(limiter.available(6)).toBe(Infinity);
  });
});
