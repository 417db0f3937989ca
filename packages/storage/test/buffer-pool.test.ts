import { BufferPool } from "@bt/storage";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const BLOCK = 16_384;

describe("BufferPool", () => {
  it("refuses what would exceed the budget and grants it after a release", () => {
    const pool = new BufferPool({ budgetLength: 4 * BLOCK });
    const first = pool.acquire(3 * BLOCK)!;
    expect(pool.acquire(2 * BLOCK)).toBeUndefined();
    let releases = 0;
    pool.onRelease = () => releases++;
    pool.release(first);
    expect(releases).toBe(1);
    expect(pool.acquire(2 * BLOCK)?.length).toBe(2 * BLOCK);
  });

  it("grants a buffer larger than the budget when nothing is out", () => {
    const pool = new BufferPool({ budgetLength: BLOCK });
    const large = pool.acquire(10 * BLOCK)!;
    expect(large.length).toBe(10 * BLOCK);
    expect(pool.acquire(1)).toBeUndefined();
    pool.release(large);
    expect(pool.usedLength).toBe(0);
  });

  it("reuses memory", () => {
    const pool = new BufferPool();
    const first = pool.acquire(BLOCK)!;
    pool.release(first);
    expect(pool.acquire(BLOCK - 5)!.buffer).toBe(first.buffer);
  });

  it("refuses a buffer that is not out", () => {
    const pool = new BufferPool();
    const buffer = pool.acquire(BLOCK)!;
    pool.acquire(BLOCK);
    pool.release(buffer);
    expect(() => pool.release(buffer)).toThrow(RangeError);
    expect(() => pool.release(new Uint8Array(5 * BLOCK))).toThrow(RangeError);
    expect(() => pool.release(new Uint8Array(0))).toThrow(RangeError);
  });

  it("counts what is out and never grants the same memory twice, whatever the order", () => {
    const lengths = fc.array(
      fc.record({ length: fc.integer({ min: 1, max: 5 * BLOCK }), giveBack: fc.nat() }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(lengths, (steps) => {
        const pool = new BufferPool({ budgetLength: 8 * BLOCK });
        const out: Uint8Array<ArrayBuffer>[] = [];
        for (const { length, giveBack } of steps) {
          const buffer = pool.acquire(length);
          if (buffer !== undefined) {
            expect(buffer.length).toBe(length);
            expect(out.some((other) => other.buffer === buffer.buffer)).toBe(false);
            out.push(buffer);
          }
          if (giveBack % 2 === 0 && out.length > 0) pool.release(out.splice(giveBack % out.length, 1)[0]!);
          expect(pool.usedLength).toBe(out.reduce((sum, { buffer: { byteLength } }) => sum + byteLength, 0));
          expect(pool.usedLength).toBeLessThanOrEqual(8 * BLOCK);
        }
      }),
    );
  });
});
