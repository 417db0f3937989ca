import { MINIMUM_MEMORY_LENGTH, planMemory } from "@bt/engine/node";
import { describe, expect, it } from "vitest";
import { FRAME_LENGTH } from "../src/core/frame-pool.ts";

const MEBI = 1024 * 1024;

describe("a plan for the memory of a session", () => {
  it("leaves room for Node itself below the smallest target", () => {
    const plan = planMemory(MINIMUM_MEMORY_LENGTH);
    expect(plan.memoryBudgetLength + plan.frameCount * FRAME_LENGTH).toBeLessThan(
      MINIMUM_MEMORY_LENGTH - 48 * MEBI,
    );
    expect(plan.memoryBudgetLength).toBeGreaterThanOrEqual(4 * MEBI);
    expect(plan.frameCount).toBeGreaterThanOrEqual(2);
  });

  it("gives every kind of buffer more when there is more", () => {
    const sizes = [64, 96, 128, 256, 1_024].map((size) => planMemory(size * MEBI));
    for (const [index, plan] of sizes.entries()) {
      const next = sizes[index + 1] ?? plan;
      expect(next.memoryBudgetLength).toBeGreaterThanOrEqual(plan.memoryBudgetLength);
      expect(next.frameCount).toBeGreaterThanOrEqual(plan.frameCount);
      expect(next.maximumUnsentLength).toBeGreaterThanOrEqual(plan.maximumUnsentLength);
    }
  });

  it.each([0, -1, NaN, 1.5, MINIMUM_MEMORY_LENGTH - 1, Infinity])("refuses %d bytes", (length) => {
    expect(() => planMemory(length)).toThrow(RangeError);
  });
});
