import { describe, expect, it } from "vitest";
import {
  blame,
  DEFAULT_TORRENT_LIMITS,
  dialOrder,
  reconnectBackoff,
  requestDepth,
  requestTimeout,
  titForTat,
  type ChokeCandidate,
} from "@bt/engine";

const rules = DEFAULT_TORRENT_LIMITS;

function candidate(over: Partial<ChokeCandidate> & { name: string }): ChokeCandidate & { name: string } {
  return {
    interested: true,
    unchoked: false,
    optimistic: false,
    snubbed: false,
    downRate: 0,
    upRate: 0,
    unchokedAt: -Infinity,
    sentSinceUnchoke: 0,
    ...over,
  };
}

describe("titForTat", () => {
  it("gives everybody a slot while there are enough", () => {
    const peers = ["a", "b", "c"].map((name) => candidate({ name }));
    expect(titForTat(peers, false, 0, rules.choke).regular).toHaveLength(3);
  });

  it("never serves who is not interested", () => {
    const peers = [candidate({ name: "a", interested: false, downRate: 1e9 }), candidate({ name: "b" })];
    const { regular, optimistic } = titForTat(peers, false, 0, rules.choke);
    expect([...regular, ...optimistic].map((p) => p.name)).toEqual(["b"]);
  });

  it("leeching, serves those who give most, and one that waited longest", () => {
    const peers = Array.from({ length: 12 }, (_, i) =>
      candidate({ name: String(i), downRate: i * 100, unchokedAt: -1_000 - i }),
    );
    const { regular, optimistic } = titForTat(peers, false, 0, rules.choke);
    expect(regular.map((p) => p.name)).toEqual(["11", "10", "9", "8", "7", "6", "5"]);
    expect(optimistic.map((p) => p.name)).toEqual(["4"]);
  });

  it("gives no regular slot to a snubber", () => {
    const peers = Array.from({ length: 10 }, (_, i) =>
      candidate({ name: String(i), downRate: 1_000, snubbed: i === 0 }),
    );
    expect(titForTat(peers, false, 0, rules.choke).regular.some((p) => p.name === "0")).toBe(false);
  });

  it("keeps an optimistic peer for its whole turn and then moves on", () => {
    const peers = Array.from({ length: 10 }, (_, i) =>
      candidate({ name: String(i), downRate: i < 7 ? 1_000 : 0, unchokedAt: i < 7 ? 0 : -i }),
    );
    peers[9] = candidate({ name: "9", optimistic: true, unchoked: true, unchokedAt: 0 });
    expect(titForTat(peers, false, 29_000, rules.choke).optimistic.map((p) => p.name)).toEqual(["9"]);
    expect(titForTat(peers, false, 31_000, rules.choke).optimistic.map((p) => p.name)).toEqual(["8"]);
  });

  it("seeding, takes turns: who was served in full makes room for who waited longest", () => {
    const served = Array.from({ length: 8 }, (_, i) =>
      candidate({
        name: `served${i}`,
        unchoked: true,
        unchokedAt: 0,
        sentSinceUnchoke: 1e9,
        upRate: 1_000 - i,
      }),
    );
    const waiting = Array.from({ length: 3 }, (_, i) =>
      candidate({ name: `waiting${i}`, unchokedAt: -1_000 + i }),
    );
    const { regular } = titForTat([...served, ...waiting], true, 60_000, rules.choke);
    expect(regular.slice(0, 3).map((p) => p.name)).toEqual(["waiting0", "waiting1", "waiting2"]);
    // In the middle of a turn nobody is moved.
    expect(
      titForTat([...served, ...waiting], true, 59_000, rules.choke).regular.every((p) =>
        p.name.startsWith("served"),
      ),
    ).toBe(true);
  });
});

describe("requestDepth", () => {
  const state = { depth: 16, slowStart: true, rate: 0, previousRate: 0, snubbed: false, peerLimit: 500 };

  it("covers three seconds of the rate once slow start is over", () => {
    const { depth, slowStart } = requestDepth(
      { ...state, rate: 1_000_000, previousRate: 999_000 },
      rules.requestDepth,
    );
    expect(slowStart).toBe(false);
    expect(depth).toBe(Math.ceil(3_000_000 / 16_384));
  });

  it("goes on growing while the rate grows", () => {
    expect(
      requestDepth({ ...state, depth: 300, rate: 100_000, previousRate: 50_000 }, rules.requestDepth),
    ).toEqual({ depth: 300, slowStart: true });
  });

  it("asks a snubber for one block, a slow peer for two, and nobody for more than it holds", () => {
    expect(requestDepth({ ...state, rate: 10, previousRate: NaN }, rules.requestDepth).slowStart).toBe(true);
    expect(requestDepth({ ...state, snubbed: true }, rules.requestDepth).depth).toBe(1);
    expect(requestDepth({ ...state, slowStart: false, rate: 10 }, rules.requestDepth).depth).toBe(2);
    expect(requestDepth({ ...state, rate: 1e9, peerLimit: 50 }, rules.requestDepth).depth).toBe(50);
    expect(requestDepth({ ...state, rate: 1e9, peerLimit: 1 }, rules.requestDepth).depth).toBe(1);
    expect(requestDepth({ ...state, rate: 1e9 }, rules.requestDepth).depth).toBe(500);
  });
});

describe("the other policies", () => {
  it("wait for late blocks by mean and deviation, within bounds", () => {
    expect(requestTimeout({ meanMs: undefined, deviationMs: undefined }, rules.requestTimeout)).toBe(15_000);
    expect(requestTimeout({ meanMs: 10, deviationMs: 10 }, rules.requestTimeout)).toBe(5_000);
    expect(requestTimeout({ meanMs: 10_000, deviationMs: 2_000 }, rules.requestTimeout)).toBe(18_000);
    expect(requestTimeout({ meanMs: 100_000, deviationMs: 2_000 }, rules.requestTimeout)).toBe(60_000);
  });

  it("come back soon to a good peer, ever later to one that fails, and then not at all", () => {
    expect(reconnectBackoff({ failureCount: 0, hadWorked: true, hadJoined: true })).toBe(5_000);
    expect(
      [1, 2, 3, 4, 5].map((failureCount) =>
        reconnectBackoff({ failureCount, hadWorked: false, hadJoined: false }),
      ),
    ).toEqual([15_000, 30_000, 60_000, 120_000, Infinity]);
  });

  it("try again soon, once, after a connection that was closed right after the handshake", () => {
    expect(reconnectBackoff({ failureCount: 1, hadWorked: false, hadJoined: true })).toBe(2_000);
    expect(reconnectBackoff({ failureCount: 2, hadWorked: false, hadJoined: true })).toBe(30_000);
  });

  it("dial those first that failed least, waited longest, and come from a better source", () => {
    const base = { failureCount: 0, source: "tracker", dialledAt: -Infinity } as const;
    expect(dialOrder(base, { ...base, failureCount: 1 })).toBeLessThan(0);
    expect(dialOrder({ ...base, dialledAt: 5 }, { ...base, dialledAt: 9 })).toBeLessThan(0);
    expect(dialOrder({ ...base, source: "user", dialledAt: 1 }, { ...base, dialledAt: 1 })).toBeLessThan(0);
  });

  it("blame the only sender, and nobody where there were several", () => {
    expect(blame({ senderCount: 1 })).toEqual({ ban: true, parole: false });
    expect(blame({ senderCount: 2 })).toEqual({ ban: false, parole: true });
    expect(blame({ senderCount: 0 })).toEqual({ ban: false, parole: true });
  });
});
