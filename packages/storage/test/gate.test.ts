import { describe, expect, it } from "vitest";
import { Gate } from "../src/io/gate.ts";

describe("a gate", () => {
  it("lets so many through at a time, in the order in which they came", async () => {
    const gate = new Gate(2);
    const ends: (() => void)[] = [];
    const begun: number[] = [];
    const passing = [0, 1, 2, 3].map((index) =>
      gate.pass(async () => {
        begun.push(index);
        await new Promise<void>((resolve) => (ends[index] = resolve));
        return index;
      }),
    );
    await new Promise((resolve) => setImmediate(resolve));
    expect(begun).toEqual([0, 1]);
    ends[1]!();
    expect(await passing[1]).toBe(1);
    expect(begun).toEqual([0, 1, 2]);
    ends[0]!();
    await passing[0];
    ends[2]!();
    await passing[2];
    ends[3]!();
    expect(await Promise.all(passing)).toEqual([0, 1, 2, 3]);
    expect(begun).toEqual([0, 1, 2, 3]);
  });

  it("is free again after a failure", async () => {
    const gate = new Gate(1);
    await expect(gate.pass(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(await gate.pass(() => Promise.resolve("yes"))).toBe("yes");
  });

  it("lets whoever waits give up, at once, without taking a place", async () => {
    const gate = new Gate(1);
    let finish = (): void => {};
    const first = gate.pass(() => new Promise<void>((resolve) => (finish = resolve)));
    const reason = new Error("called off");
    const calling = new AbortController();
    let isDone = false;
    const second = gate.pass(async () => void (isDone = true), calling.signal);
    const third = gate.pass(async () => "third", new AbortController().signal);
    calling.abort(reason);
    await expect(second).rejects.toBe(reason);
    await expect(gate.pass(async () => {}, calling.signal)).rejects.toBe(reason);
    finish();
    await first;
    expect(await third).toBe("third");
    expect(isDone).toBe(false);
    expect(await gate.pass(async () => "fourth")).toBe("fourth");
  });
});
