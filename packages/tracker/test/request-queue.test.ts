import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RequestQueue, type QueueLimits } from "../src/io/request-queue.ts";

const LIMITS: QueueLimits = {
  maxConcurrentRequests: 50,
  maxRequestsPerHost: 10,
  maxHostBurst: 20,
  maxHostRate: 40,
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Works that begin when they are let, and end when told. */
function works(queue: RequestQueue): {
  begun: string[];
  add(name: string, host: string, cancel?: AbortSignal, urgent?: boolean): void;
  end(): Promise<void>;
} {
  const begun: string[] = [];
  const endings: (() => void)[] = [];
  return {
    begun,
    add(name, host, cancel = new AbortController().signal, urgent = false) {
      const work = (): Promise<void> => {
        begun.push(name);
        return new Promise((resolve) => endings.push(resolve));
      };
      void queue.run(host, work, urgent, cancel);
    },
    async end() {
      for (const ending of endings.splice(0)) ending();
      await vi.advanceTimersByTimeAsync(0);
    },
  };
}

describe("requests to one host", () => {
  it("begin in order, a few at a time, without holding up other hosts", async () => {
    const { begun, add, end } = works(new RequestQueue(LIMITS));
    for (let i = 0; i < 15; i++) add(`a${i}`, "a");
    add("b0", "b");
    await vi.advanceTimersByTimeAsync(0);
    expect(begun).toEqual([...Array.from({ length: 10 }, (_, i) => `a${i}`), "b0"]);
    await end();
    expect(begun.slice(11)).toEqual(["a10", "a11", "a12", "a13", "a14"]);
  });

  it("begin at 40 a second when there are many", async () => {
    const { begun, add, end } = works(new RequestQueue(LIMITS));
    for (let i = 0; i < 1_000; i++) add(`${i}`, "a");
    const countAt: number[] = [];
    for (let at = 0; at <= 10_000; at += 5) {
      await end();
      if (at % 1_000 === 0) countAt.push(begun.length);
      await vi.advanceTimersByTimeAsync(5);
    }
    for (const [second, count] of countAt.entries()) {
      expect(count).toBeGreaterThan(20 + 39 * second - 2);
      expect(count).toBeLessThanOrEqual(20 + 40 * second + 1);
    }
    expect(new Set(begun).size).toBe(begun.length);
  });

  it("do not wait when they are urgent, or no longer wanted", async () => {
    const { begun, add } = works(new RequestQueue({ ...LIMITS, maxConcurrentRequests: 1 }));
    const abort = new AbortController();
    add("first", "a");
    add("waits", "a");
    add("given up", "a", abort.signal);
    add("farewell", "a", new AbortController().signal, true);
    abort.abort();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(begun).toEqual(["first", "farewell", "given up"]);
  });
});

describe("requests to many hosts", () => {
  it("begin in turns, so that one with many waiting does not keep out the others", async () => {
    const { begun, add, end } = works(new RequestQueue({ ...LIMITS, maxConcurrentRequests: 2 }));
    for (let i = 0; i < 6; i++) add(`a${i}`, "a");
    for (let i = 0; i < 2; i++) add(`b${i}`, "b");
    await vi.advanceTimersByTimeAsync(0);
    for (let i = 0; i < 3; i++) await end();
    expect(begun.slice(0, 6).filter((name) => name.startsWith("b"))).toEqual(["b0", "b1"]);
    await end();
    expect(begun).toHaveLength(8);
  });

  it("cost the same each, however many wait", async () => {
    const looks = vi.spyOn(performance, "now");
    const queue = new RequestQueue({ ...LIMITS, maxHostRate: 1_000 });
    const { begun, add, end } = works(queue);
    for (let i = 0; i < 5_000; i++) add(`${i}`, `host ${i % 5}`);
    while (begun.length < 5_000) {
      await end();
      await vi.advanceTimersByTimeAsync(1);
    }
    expect(looks.mock.calls.length).toBeLessThan(10 * 5_000);
  });

  it("go on after urgent ones and ones that were given up while they stood in line", async () => {
    const { begun, add, end } = works(new RequestQueue({ ...LIMITS, maxConcurrentRequests: 1 }));
    const abort = new AbortController();
    add("first", "a");
    add("given up", "b", abort.signal);
    add("last", "c");
    abort.abort();
    for (let i = 0; i < 3; i++) await end();
    expect(begun).toEqual(["first", "given up", "last"]);
  });
});
