import { BufferPool } from "@bt/storage";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const BLOCK = 16_384;

/** A promise that is taken up at once. */
function acquire(pool: BufferPool, length: number): Uint8Array<ArrayBuffer> | undefined {
  return pool.reserve(length) ? pool.take(length) : undefined;
}

describe("BufferPool", () => {
  it("refuses what would exceed the budget and grants it after a release", () => {
    const pool = new BufferPool({ budgetLength: 4 * BLOCK });
    const first = acquire(pool, 3 * BLOCK)!;
    expect(acquire(pool, 2 * BLOCK)).toBeUndefined();
    let releases = 0;
    pool.onRelease = () => releases++;
    pool.release(first);
    expect(releases).toBe(1);
    expect(acquire(pool, 2 * BLOCK)?.length).toBe(2 * BLOCK);
  });

  it("grants a buffer larger than the budget when nothing is out", () => {
    const pool = new BufferPool({ budgetLength: BLOCK });
    const large = acquire(pool, 10 * BLOCK)!;
    expect(large.length).toBe(10 * BLOCK);
    expect(acquire(pool, 1)).toBeUndefined();
    pool.release(large);
    expect(pool.usedLength).toBe(0);
  });

  it("reuses memory", () => {
    const pool = new BufferPool();
    const first = acquire(pool, BLOCK)!;
    pool.release(first);
    expect(acquire(pool, BLOCK - 5)!.buffer).toBe(first.buffer);
  });

  it("takes memory only when a promise is taken up, and gives back what was not", () => {
    const pool = new BufferPool({ budgetLength: 4 * BLOCK });
    expect(pool.reserve(2 * BLOCK)).toBe(true);
    expect(pool.reserve(2 * BLOCK)).toBe(true);
    expect([pool.usedLength, pool.memoryLength]).toEqual([4 * BLOCK, 0]);
    expect(pool.reserve(1)).toBe(false);
    pool.release(pool.take(2 * BLOCK));
    let releases = 0;
    pool.onRelease = () => releases++;
    pool.cancel(2 * BLOCK);
    expect([pool.usedLength, pool.memoryLength, releases]).toEqual([0, 2 * BLOCK, 1]);
  });

  it("serves again at once what came back last", () => {
    const pool = new BufferPool();
    for (let i = 0; i < 8; i++) expect(pool.reserve(BLOCK)).toBe(true);
    for (let i = 0; i < 8; i++) pool.release(pool.take(BLOCK));
    expect(pool.memoryLength).toBe(BLOCK);
  });

  it("promises nothing new while the disk is behind by a quarter of the budget", () => {
    const pool = new BufferPool({ budgetLength: 16 * BLOCK });
    const buffers = [1, 2, 3, 4, 5].map(() => acquire(pool, BLOCK)!);
    for (const buffer of buffers) pool.enterBacklog(buffer.length);
    expect(pool.reserve(BLOCK)).toBe(false);
    pool.leaveBacklog(BLOCK);
    pool.release(buffers.pop()!);
    expect(pool.reserve(BLOCK)).toBe(true);
  });

  it("keeps a buffer larger than the budget for the next piece, and lets go of it for a smaller one", () => {
    const pool = new BufferPool({ budgetLength: 4 * BLOCK });
    const large = acquire(pool, 9 * BLOCK)!;
    pool.release(large);
    expect(pool.memoryLength).toBe(9 * BLOCK);
    const again = acquire(pool, 9 * BLOCK)!;
    expect(again.buffer).toBe(large.buffer);
    pool.release(again);
    acquire(pool, BLOCK);
    expect(pool.memoryLength).toBe(BLOCK);
  });

  it("gives no memory without a promise", () => {
    const pool = new BufferPool();
    expect(() => pool.take(BLOCK)).toThrow(RangeError);
    expect(() => pool.cancel(BLOCK)).toThrow(RangeError);
    pool.reserve(BLOCK);
    pool.take(BLOCK);
    expect(() => pool.take(BLOCK)).toThrow(RangeError);
    expect(() => pool.cancel(BLOCK)).toThrow(RangeError);
    pool.writeOff(BLOCK);
    expect(() => pool.writeOff(BLOCK)).toThrow(RangeError);
    expect([pool.usedLength, pool.memoryLength]).toEqual([0, 0]);
  });

  it("refuses a buffer that is not out", () => {
    const pool = new BufferPool();
    const buffer = acquire(pool, BLOCK)!;
    acquire(pool, BLOCK);
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
          const buffer = acquire(pool, length);
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
