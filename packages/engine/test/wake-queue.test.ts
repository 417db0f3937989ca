import { describe, expect, it } from "vitest";
import { WakeQueue } from "../src/core/wake-queue.ts";
import type { Clock } from "@bt/engine";

/** A clock that is moved by hand. */
class HandClock implements Clock {
  time = 0;
  pending: { at: number; callback: () => void } | undefined;
  timers = 0;

  now(): number {
    return this.time;
  }

  callAt(at: number, callback: () => void): () => void {
    const timer = (this.pending = { at, callback });
    this.timers++;
    return () => {
      if (this.pending === timer) this.pending = undefined;
    };
  }

  advance(to: number): void {
    while (this.pending !== undefined && this.pending.at <= to) {
      const { at, callback } = this.pending;
      this.pending = undefined;
      this.time = at;
      callback();
    }
    this.time = to;
  }
}

describe("WakeQueue", () => {
  it("wakes each at its own time, in order, with one timer at a time", () => {
    const clock = new HandClock();
    const queue = new WakeQueue(clock);
    const woken: string[] = [];
    const sleepers = [30, 10, 20, 10].map((at, i) => ({
      at,
      sleeper: { wake: () => woken.push(`${i}@${clock.time}`) },
    }));
    for (const { at, sleeper } of sleepers) queue.set(sleeper, at);
    clock.advance(100);
    expect(woken.map((w) => w.split("@")[1])).toEqual(["10", "10", "20", "30"]);
    expect(clock.pending).toBeUndefined();
  });

  it("heeds only the last word of a sleeper", () => {
    const clock = new HandClock();
    const queue = new WakeQueue(clock);
    let count = 0;
    const sleeper = { wake: () => count++ };
    queue.set(sleeper, 10);
    queue.set(sleeper, 50);
    clock.advance(40);
    expect(count).toBe(0);
    clock.advance(50);
    expect(count).toBe(1);
    queue.set(sleeper, 60);
    queue.set(sleeper, Infinity);
    clock.advance(100);
    expect(count).toBe(1);
  });

  it("lets a sleeper set its next time while it is woken", () => {
    const clock = new HandClock();
    const queue = new WakeQueue(clock);
    const times: number[] = [];
    const sleeper = {
      wake: () => {
        times.push(clock.time);
        if (times.length < 5) queue.set(sleeper, clock.time + 7);
      },
    };
    queue.set(sleeper, 7);
    clock.advance(1_000);
    expect(times).toEqual([7, 14, 21, 28, 35]);
  });
});
