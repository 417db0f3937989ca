import {
  Announcer,
  TrackerError,
  type AnnounceResponse,
  type AnnouncerOptions,
  type AnnounceTask,
} from "@bt/tracker";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { A, answer, B, C, down, drain, inOrder, MINUTE, only, silent } from "./support/announcing.ts";

const stateOf = (announcer: Announcer, url: string): string =>
  announcer.snapshot().find((tracker) => tracker.url === url)!.state;

describe("an announcer", () => {
  it("does nothing before it is started and announces at once then", () => {
    const announcer = inOrder([[A]]);
    expect(drain(announcer, 0)).toEqual([]);
    expect(announcer.nextWakeAt()).toBe(Infinity);
    expect(announcer.isStopped).toBe(true);
    announcer.start(5);
    expect(announcer.nextWakeAt()).toBe(5);
    expect(only(announcer, 5)).toEqual({ taskId: 1, url: A, hashIndex: 0, event: "started", numWant: 200 });
    expect(announcer.nextWakeAt()).toBe(Infinity);
    expect(announcer.isStopped).toBe(false);
  });

  it("announces again after the interval, without an event and with the tracker's id", () => {
    const announcer = inOrder([[A]]);
    announcer.start(0);
    const trackerId = Uint8Array.of(1);
    announcer.succeeded(only(announcer, 0).taskId, answer({ trackerId }), 100);
    expect(announcer.nextWakeAt()).toBe(100 + 30 * MINUTE);
    expect(drain(announcer, 30 * MINUTE)).toEqual([]);
    expect(only(announcer, 100 + 30 * MINUTE)).toMatchObject({ event: undefined, trackerId });
  });

  it("keeps intervals within the floor and a day, and above the tracker's min interval", () => {
    const waitFor = (change: Partial<AnnounceResponse>, options?: AnnouncerOptions): number => {
      const announcer = inOrder([[A]], options);
      announcer.start(0);
      announcer.succeeded(only(announcer, 0).taskId, answer(change), 0);
      return announcer.nextWakeAt();
    };
    expect(waitFor({ intervalMs: 0 })).toBe(MINUTE);
    expect(waitFor({ intervalMs: 0 }, { minimumIntervalMs: 10 })).toBe(10);
    expect(waitFor({ intervalMs: 1e12 })).toBe(86_400_000);
    expect(waitFor({ intervalMs: 2 * MINUTE, minIntervalMs: 5 * MINUTE })).toBe(5 * MINUTE);
  });

  it("makes each wait longer by its jitter, never shorter", () => {
    const announcer = new Announcer({ tiers: [[A]], random: () => 0.5 }, { jitter: 0.1 });
    announcer.start(0);
    announcer.succeeded(only(announcer, 0).taskId, answer({ intervalMs: 10 * MINUTE }), 0);
    expect(announcer.nextWakeAt()).toBe(10.5 * MINUTE);
  });

  it("asks for more peers as soon as the min interval allows, and not sooner", () => {
    const announcer = inOrder([[A]]);
    announcer.start(0);
    announcer.succeeded(only(announcer, 0).taskId, answer({ minIntervalMs: 5 * MINUTE }), 0);
    announcer.requestPeers(MINUTE);
    expect(announcer.nextWakeAt()).toBe(5 * MINUTE);
    announcer.succeeded(only(announcer, 5 * MINUTE).taskId, answer(), 5 * MINUTE);
    announcer.requestPeers(20 * MINUTE);
    expect(announcer.nextWakeAt()).toBe(20 * MINUTE);
  });

  it("does not ask for peers where nobody has answered yet", () => {
    const announcer = inOrder([[A]]);
    announcer.requestPeers(0);
    expect(announcer.nextWakeAt()).toBe(Infinity);
    announcer.start(0);
    announcer.failed(only(announcer, 0).taskId, down, 0);
    announcer.requestPeers(1);
    expect(announcer.nextWakeAt()).toBe(17_500);
  });
});

describe("a tracker that fails", () => {
  it("is left alone for 17.5, 55, 117.5, 205 … seconds, at most an hour", () => {
    const announcer = inOrder([[A]]);
    announcer.start(0);
    const waits: number[] = [];
    for (let now = 0, i = 0; i < 30; i++) {
      announcer.failed(only(announcer, now).taskId, down, now);
      waits.push(announcer.nextWakeAt() - now);
      now = announcer.nextWakeAt();
    }
    expect(waits.slice(0, 4)).toEqual([17_500, 55_000, 117_500, 205_000]);
    expect(waits.at(-1)).toBe(3_600_000);
  });

  it("is forgiven when it answers", () => {
    const announcer = inOrder([[A]]);
    announcer.start(0);
    announcer.failed(only(announcer, 0).taskId, down, 0);
    expect(announcer.snapshot()[0]).toMatchObject({
      state: "failing",
      failCount: 1,
      lastError: down,
      nextAnnounceAt: 17_500,
    });
    announcer.succeeded(only(announcer, 17_500).taskId, answer({ seederCount: 3, warning: "w" }), 17_500);
    expect(announcer.snapshot()[0]).toMatchObject({
      state: "working",
      failCount: 0,
      lastError: undefined,
      lastWarning: "w",
      seederCount: 3,
      lastAnswerAt: 17_500,
    });
  });

  it("is tried at once when a user asks, but a working one keeps its min interval", () => {
    const announcer = inOrder([[A]]);
    announcer.start(0);
    announcer.failed(only(announcer, 0).taskId, down, 0);
    announcer.reannounce(1_000);
    announcer.succeeded(only(announcer, 1_000).taskId, answer(), 1_000);
    announcer.reannounce(2_000);
    expect(announcer.nextWakeAt()).toBe(61_000);
  });

  it("is asked when it said so (BEP 31), and never again when it said never", () => {
    const later = new TrackerError("TRACKER_FAILURE", "busy", {
      failureReason: "busy",
      retryInMs: 10 * MINUTE,
    });
    const never = new TrackerError("TRACKER_FAILURE", "gone", { failureReason: "gone", retryInMs: Infinity });
    const announcer = inOrder([[A]]);
    announcer.start(0);
    announcer.failed(only(announcer, 0).taskId, later, 0);
    expect(announcer.nextWakeAt()).toBe(10 * MINUTE);
    announcer.failed(only(announcer, 10 * MINUTE).taskId, never, 10 * MINUTE);
    expect(announcer.nextWakeAt()).toBe(Infinity);
    expect(stateOf(announcer, A)).toBe("disabled");
    announcer.reannounce(20 * MINUTE);
    expect(drain(announcer, 20 * MINUTE)).toEqual([]);
  });

  it("is never asked when its URL is none, or of a kind that nobody speaks", () => {
    const announcer = inOrder([["nonsense", "http://ok.example/announce"]]);
    announcer.start(0);
    expect(stateOf(announcer, "nonsense")).toBe("disabled");
    const task = only(announcer, 0);
    expect(task.url).toBe("http://ok.example/announce");
    announcer.failed(task.taskId, new TrackerError("TRACKER_UNSUPPORTED_SCHEME", "no"), 0);
    expect(announcer.nextWakeAt()).toBe(Infinity);
  });
});

describe("tiers (BEP 12)", () => {
  it("are tried one tracker after the other, without waiting", () => {
    const announcer = inOrder([[A, B], [C]]);
    announcer.start(0);
    const asked: string[] = [];
    for (let i = 0; i < 3; i++) {
      const task = only(announcer, i);
      asked.push(task.url);
      announcer.failed(task.taskId, down, i);
    }
    expect(asked).toEqual([A, B, C]);
    expect(drain(announcer, 3)).toEqual([]);
    expect(announcer.nextWakeAt()).toBe(17_500);
  });

  it("put a tracker that answers to the front of its tier", () => {
    const announcer = inOrder([[A, B], [C]]);
    announcer.start(0);
    announcer.failed(only(announcer, 0).taskId, down, 0);
    announcer.succeeded(only(announcer, 0).taskId, answer(), 0);
    expect(announcer.snapshot().map(({ url }) => url)).toEqual([B, A, C]);
    expect(only(announcer, 30 * MINUTE).url).toBe(B);
  });

  it("begin from the top at each announce, so a first tier that is back is used again", () => {
    const announcer = inOrder([[A], [C]]);
    announcer.start(0);
    announcer.failed(only(announcer, 0).taskId, down, 0);
    announcer.succeeded(only(announcer, 0).taskId, answer(), 0);
    const task = only(announcer, 30 * MINUTE);
    expect(task).toMatchObject({ url: A, event: "started" });
    announcer.failed(task.taskId, down, 30 * MINUTE);
    expect(only(announcer, 30 * MINUTE)).toMatchObject({ url: C, event: undefined });
  });

  it("are shuffled within themselves and not among one another", () => {
    const urls = Array.from({ length: 5 }, (_, i) => `http://t${i}.example/announce`);
    const announcer = new Announcer({ tiers: [urls, [A]], random: () => 0 });
    const order = announcer.snapshot().map(({ url }) => url);
    expect(order.slice(0, 5).toSorted()).toEqual(urls);
    expect(order.slice(0, 5)).not.toEqual(urls);
    expect(order[5]).toBe(A);
  });

  it("have one announce under way at most, one each with announceToAllTiers, all with announceToAllTrackers", () => {
    const askedWith = (options: AnnouncerOptions): string[] => {
      const announcer = inOrder([[A, B], [C]], options);
      announcer.start(0);
      return drain(announcer, 0).map(({ url }) => url);
    };
    expect(askedWith({})).toEqual([A]);
    expect(askedWith({ announceToAllTiers: true })).toEqual([A, C]);
    expect(askedWith({ announceToAllTrackers: true })).toEqual([A, B, C]);
  });

  it("take in another tracker while they run", () => {
    const announcer = inOrder([]);
    announcer.start(0);
    expect(announcer.nextWakeAt()).toBe(Infinity);
    announcer.addTracker(A);
    announcer.addTracker(A);
    announcer.addTracker(B, 0);
    expect(announcer.snapshot().map(({ url, tier }) => [url, tier])).toEqual([
      [A, 0],
      [B, 0],
    ]);
    expect(only(announcer, 7).url).toBe(A);
  });

  it("are capped, in all and for each host", () => {
    const urls = Array.from({ length: 50 }, (_, i) => `http://victim.example/announce?${i}`);
    expect(inOrder([urls]).snapshot()).toHaveLength(10);
    expect(inOrder([urls], { maxTrackersPerHost: 100, maxTrackerCount: 20 }).snapshot()).toHaveLength(20);
  });
});

describe("a completed download", () => {
  it("is told at once and once, to the tracker that knows us", () => {
    const announcer = inOrder([[A], [C]]);
    announcer.start(0);
    announcer.failed(only(announcer, 0).taskId, down, 0);
    announcer.succeeded(only(announcer, 0).taskId, answer({ minIntervalMs: 10 * MINUTE }), 0);
    // A could be asked again by now, but it is C that counted us as a leecher.
    announcer.complete(MINUTE);
    const task = only(announcer, MINUTE);
    expect(task).toMatchObject({ url: C, event: "completed" });
    announcer.complete(MINUTE);
    announcer.succeeded(task.taskId, answer(), MINUTE);
    announcer.complete(2 * MINUTE);
    expect(announcer.nextWakeAt()).toBe(31 * MINUTE);
  });

  it("follows the answer to started when it comes before that", () => {
    const announcer = inOrder([[A]]);
    announcer.start(0);
    const started = only(announcer, 0);
    announcer.complete(10);
    expect(drain(announcer, 10)).toEqual([]);
    announcer.succeeded(started.taskId, answer(), 20);
    expect(only(announcer, 20).event).toBe("completed");
  });

  it("is told again when it was not heard", () => {
    const announcer = inOrder([[A]]);
    announcer.start(0);
    announcer.succeeded(only(announcer, 0).taskId, answer(), 0);
    announcer.complete(10);
    announcer.failed(only(announcer, 10).taskId, silent, 10);
    expect(only(announcer, announcer.nextWakeAt()).event).toBe("completed");
  });

  it("is not told when the torrent began complete", () => {
    const announcer = inOrder([[A]]);
    announcer.complete(0);
    announcer.start(0);
    announcer.succeeded(only(announcer, 0).taskId, answer(), 0);
    expect(only(announcer, 30 * MINUTE).event).toBeUndefined();
  });
});

describe("stopping", () => {
  it("is told at once to every tracker that knew us, each once, and to no other", () => {
    const announcer = inOrder([[A], [B], [C]], { announceToAllTiers: true });
    announcer.start(0);
    const [a, b, c] = drain(announcer, 0) as [AnnounceTask, AnnounceTask, AnnounceTask];
    announcer.succeeded(a.taskId, answer({ trackerId: Uint8Array.of(9) }), 0);
    announcer.failed(b.taskId, down, 0);
    announcer.failed(c.taskId, silent, 0); // may have heard us
    expect(announcer.stop(10)).toEqual([]);
    expect(announcer.nextWakeAt()).toBe(-Infinity);
    const farewells = drain(announcer, 10);
    expect(farewells).toMatchObject([
      { url: A, event: "stopped", numWant: 0, trackerId: Uint8Array.of(9) },
      { url: C, event: "stopped", numWant: 0 },
    ]);
    expect(announcer.isStopped).toBe(false);
    announcer.succeeded(farewells[0]!.taskId, answer(), 11);
    announcer.failed(farewells[1]!.taskId, silent, 12);
    expect(announcer.isStopped).toBe(true);
    expect(announcer.nextWakeAt()).toBe(Infinity);
    expect(drain(announcer, 1e9)).toEqual([]);
  });

  it("names the announces under way, ignores their outcome and tells their trackers too", () => {
    const announcer = inOrder([[A]]);
    announcer.start(0);
    const started = only(announcer, 0);
    expect(announcer.stop(1)).toEqual([started.taskId]);
    const farewell = only(announcer, 1);
    expect(farewell).toMatchObject({ url: A, event: "stopped" });
    announcer.succeeded(started.taskId, answer(), 2);
    expect(announcer.isStopped).toBe(false);
    announcer.succeeded(farewell.taskId, answer(), 3);
    expect(announcer.isStopped).toBe(true);
  });

  it("is over at once when nobody knew us", () => {
    const announcer = inOrder([[A]]);
    announcer.start(0);
    announcer.failed(only(announcer, 0).taskId, down, 0);
    announcer.stop(1);
    expect(announcer.isStopped).toBe(true);
  });

  it("can be followed by a start, which says started again after the farewell", () => {
    const announcer = inOrder([[A]]);
    announcer.start(0);
    announcer.succeeded(only(announcer, 0).taskId, answer(), 0);
    announcer.stop(1);
    const farewell = only(announcer, 1);
    announcer.start(2);
    expect(drain(announcer, 2)).toEqual([]);
    announcer.succeeded(farewell.taskId, answer(), 3);
    expect(only(announcer, 3)).toMatchObject({ url: A, event: "started" });
  });
});

describe("whatever happens", () => {
  it("each lane has one announce under way, events come in order, and every tracker that knew us hears the end", () => {
    const step = fc.record({
      what: fc.constantFrom(
        "ok",
        "down",
        "silent",
        "wait",
        "complete",
        "peers",
        "reannounce",
        "stop",
        "start",
      ),
      which: fc.nat(3),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 0, max: 2 }), (steps, mode) => {
        const options = { announceToAllTiers: mode === 1, announceToAllTrackers: mode === 2 };
        const announcer = inOrder([[A, B], [C]], options);
        const open: AnnounceTask[] = [];
        const known = new Set<string>();
        let now = 0;
        const act = (what: string, which: number): void => {
          const task = open[which % Math.max(1, open.length)];
          if (what === "start") announcer.start(now);
          else if (what === "stop") {
            const abandoned = announcer.stop(now);
            for (const taskId of abandoned)
              open.splice(
                open.findIndex((each) => each.taskId === taskId),
                1,
              );
          } else if (what === "complete") announcer.complete(now);
          else if (what === "peers") announcer.requestPeers(now);
          else if (what === "reannounce") announcer.reannounce(now);
          else if (what === "wait") now = Math.max(now, Math.min(announcer.nextWakeAt(), now + 1e7));
          else if (task !== undefined) {
            open.splice(open.indexOf(task), 1);
            if (what === "ok") announcer.succeeded(task.taskId, answer(), now);
            else announcer.failed(task.taskId, what === "down" ? down : silent, now);
            if (task.event === "stopped") known.delete(task.url);
            else if (what === "ok") known.add(task.url);
          }
          for (const due of drain(announcer, now)) {
            expect(open.some(({ url }) => url === due.url)).toBe(false);
            if (due.event === "completed" || due.event === undefined) expect(known.has(due.url)).toBe(true);
            open.push(due);
          }
          const lanes = [1, 2, 3][mode]!;
          expect(open.filter(({ event }) => event !== "stopped").length).toBeLessThanOrEqual(lanes);
        };
        for (const { what, which } of steps) act(what, which);
        act("stop", 0);
        for (let i = 0; open.length > 0 && i < 20; i++) act("ok", 0);
        expect(announcer.isStopped).toBe(true);
        expect([...known]).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});
