import { Announcer, type AnnouncerOptions } from "@bt/tracker";
import { describe, expect, it } from "vitest";
import { A, answer, B, C, down, drain, inOrder, MINUTE, only } from "./support/announcing.ts";

describe("a partial seed", () => {
  it('says "started" and "stopped" as everybody does, and "paused" in between (BEP 21)', () => {
    const announcer = inOrder([[A]]);
    announcer.setPartialSeed(true, 0);
    announcer.start(0);
    const first = only(announcer, 0);
    expect(first.event).toBe("started");
    announcer.succeeded(first.taskId, answer(), 0);
    const second = only(announcer, 30 * MINUTE);
    expect(second.event).toBe("paused");
    announcer.succeeded(second.taskId, answer(), 30 * MINUTE);
    const third = only(announcer, 60 * MINUTE);
    expect(third.event).toBe("paused");
    announcer.succeeded(third.taskId, answer(), 60 * MINUTE);
    announcer.stop(61 * MINUTE);
    expect(only(announcer, 61 * MINUTE).event).toBe("stopped");
  });

  it("says that it has become one, or is none any more, as soon as the tracker allows", () => {
    const announcer = inOrder([[A]]);
    announcer.start(0);
    announcer.succeeded(only(announcer, 0).taskId, { ...answer(), minIntervalMs: 5 * MINUTE }, 0);
    announcer.setPartialSeed(true, MINUTE);
    expect(announcer.poll(MINUTE)).toBeUndefined();
    expect(announcer.nextWakeAt()).toBe(5 * MINUTE);
    const first = only(announcer, 5 * MINUTE);
    expect(first.event).toBe("paused");
    announcer.succeeded(first.taskId, answer(), 5 * MINUTE);
    announcer.setPartialSeed(true, 7 * MINUTE); // no news
    expect(announcer.poll(7 * MINUTE)).toBeUndefined();
    announcer.setPartialSeed(false, 7 * MINUTE);
    expect(only(announcer, 7 * MINUTE).event).toBeUndefined();
  });
});

describe("the number of peers that are asked for", () => {
  it("is what is of use, within the option, and none in a farewell", () => {
    const announcer = inOrder([[A]], { numWant: 50 });
    announcer.setNumWant(7.9);
    announcer.start(0);
    const first = only(announcer, 0);
    expect(first.numWant).toBe(7);
    announcer.succeeded(first.taskId, answer(), 0);
    for (const [wanted, asked] of [
      [0, 0],
      [-3, 0],
      [1_000, 50],
    ] as const) {
      announcer.setNumWant(wanted);
      announcer.reannounce(30 * MINUTE);
      const task = only(announcer, 30 * MINUTE);
      expect(task.numWant).toBe(asked);
      announcer.failed(task.taskId, down, 30 * MINUTE);
    }
    announcer.stop(30 * MINUTE);
    expect(only(announcer, 30 * MINUTE).numWant).toBe(0);
  });
});

describe("a hybrid torrent", () => {
  const hybrid = (tiers: string[][], options?: AnnouncerOptions): Announcer =>
    new Announcer({ tiers, random: () => 0.999_999, hashCount: 2 }, { jitter: 0, ...options });

  it("announces each of its two hashes, and says goodbye for each", () => {
    const announcer = hybrid([[A], [B]]);
    announcer.start(0);
    const tasks = drain(announcer, 0);
    expect(tasks).toMatchObject([
      { url: A, hashIndex: 0, event: "started" },
      { url: A, hashIndex: 1, event: "started" },
    ]);
    // The tracker knows only one of them: the other goes to the next tier, the first stays.
    announcer.succeeded(tasks[0]!.taskId, answer(), 0);
    announcer.failed(tasks[1]!.taskId, down, 0);
    const other = only(announcer, 0);
    expect(other).toMatchObject({ url: B, hashIndex: 1 });
    announcer.succeeded(other.taskId, answer(), 0);
    announcer.stop(1);
    expect(drain(announcer, 1).map(({ url, hashIndex, event }) => [url, hashIndex, event])).toEqual([
      [A, 0, "stopped"],
      [B, 1, "stopped"],
    ]);
    expect(announcer.snapshot().map(({ url, hashIndex }) => [url, hashIndex])).toEqual([
      [A, 0],
      [B, 0],
      [A, 1],
      [B, 1],
    ]);
  });

  it("counts a tracker once against the caps", () => {
    const tiers = [[A, "http://a.example/2/announce", "http://a.example/3/announce", B, C]];
    const announcer = hybrid(tiers, { maxTrackersPerHost: 2, maxTrackerCount: 3 });
    expect(announcer.snapshot()).toHaveLength(6);
    expect(new Set(announcer.snapshot().map(({ url }) => url)).size).toBe(3);
  });

  it("has one or two hashes", () => {
    expect(() => new Announcer({ tiers: [], random: () => 0, hashCount: 3 })).toThrow(RangeError);
  });
});

describe("a private torrent (BEP 27)", () => {
  const privately = (tiers: string[][], options?: AnnouncerOptions): Announcer =>
    new Announcer({ tiers, random: () => 0.999_999, isPrivate: true }, { jitter: 0, ...options });

  it("uses one tracker at a time, whatever the options say", () => {
    const announcer = privately([[A, B], [C]], { announceToAllTiers: true, announceToAllTrackers: true });
    announcer.start(0);
    expect(only(announcer, 0).url).toBe(A);
  });

  it("stays with a tracker until that fails, and tells when it switches", () => {
    const announcer = privately([[A], [B]]);
    announcer.start(0);
    announcer.failed(only(announcer, 0).taskId, down, 0);
    const switched = announcer.succeeded(only(announcer, 0).taskId, answer(), 0);
    expect(switched).toEqual({ switchedFrom: undefined, hashIndex: 0 }); // nobody had answered before
    // A could be tried again by now; a public torrent would.
    const again = only(announcer, 30 * MINUTE);
    expect(again.url).toBe(B);
    announcer.failed(again.taskId, down, 30 * MINUTE);
    const back = only(announcer, 30 * MINUTE);
    expect(back.url).toBe(A);
    expect(announcer.succeeded(back.taskId, answer(), 30 * MINUTE)).toEqual({
      switchedFrom: B,
      hashIndex: 0,
    });
    expect(announcer.snapshot().find(({ url }) => url === A)!.nextAnnounceAt).toBe(60 * MINUTE);
  });

  it("is no switch when the same tracker answers again, or after a pause", () => {
    const announcer = privately([[A], [B]]);
    announcer.start(0);
    announcer.succeeded(only(announcer, 0).taskId, answer(), 0);
    expect(announcer.succeeded(only(announcer, 30 * MINUTE).taskId, answer(), 30 * MINUTE)).toEqual({
      switchedFrom: undefined,
      hashIndex: 0,
    });
    announcer.stop(31 * MINUTE);
    announcer.succeeded(only(announcer, 31 * MINUTE).taskId, answer(), 31 * MINUTE);
    announcer.start(32 * MINUTE);
    announcer.failed(only(announcer, 32 * MINUTE).taskId, down, 32 * MINUTE);
    expect(announcer.succeeded(only(announcer, 32 * MINUTE).taskId, answer(), 32 * MINUTE)).toEqual({
      switchedFrom: undefined,
      hashIndex: 0,
    });
  });
});
