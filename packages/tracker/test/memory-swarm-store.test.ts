import { MemorySwarmStore, type SwarmAnnounce } from "@bt/tracker/server";
import { encodeCompactEndpoints } from "@bt/primitives";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const HASH = new Uint8Array(20).fill(1);

function entryOf(host: string, port: number): Uint8Array {
  return encodeCompactEndpoints([{ host, port }], host.includes(":") ? 6 : 4);
}

function announceOf(n: number, change: Partial<SwarmAnnounce> = {}): SwarmAnnounce {
  return {
    infoHash: HASH,
    peerId: new Uint8Array(20).fill(n),
    entry: entryOf(`10.0.${n >> 8}.${n & 255}`, 1_000 + n),
    isSeed: false,
    event: undefined,
    numWant: 50,
    ...change,
  };
}

/** Numbers that look random and are the same in each run. */
function seededRandom(): () => number {
  let state = 1;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

const split = (compact: Uint8Array, length: number): string[] =>
  Array.from({ length: compact.length / length }, (_, i) =>
    compact.slice(i * length, (i + 1) * length).join(),
  );

describe("a swarm in memory", () => {
  it.each([10, 60])("gives each peer equally often, %i at a time, and nobody himself", (numWant) => {
    const store = new MemorySwarmStore(seededRandom());
    for (let n = 1; n <= 100; n++) store.announce(announceOf(n), 0);
    const seen = new Map<string, number>();
    const rounds = 10_000 / numWant;
    for (let i = 0; i < rounds; i++) {
      const { peers } = store.announce(announceOf(1, { numWant }), 0);
      const keys = split(peers.compact, 6);
      expect(new Set(keys).size).toBe(numWant);
      for (const key of keys) seen.set(key, (seen.get(key) ?? 0) + 1);
    }
    expect(seen.size).toBe(99);
    expect(seen.has(announceOf(1).entry.join())).toBe(false);
    // 10,000 draws over 99 peers: 101 each, standard deviation below 10.
    expect(Math.min(...seen.values())).toBeGreaterThan(50);
    expect(Math.max(...seen.values())).toBeLessThan(150);
  });

  it("gives the peers' ids in the order of their entries", () => {
    const store = new MemorySwarmStore(seededRandom());
    for (let n = 1; n <= 9; n++) store.announce(announceOf(n), 0);
    const { peers } = store.announce(announceOf(10), 0);
    expect(peers.count).toBe(9);
    for (let i = 0; i < 9; i++) expect(peers.compact[i * 6 + 3]).toBe(peers.peerIds[i * 20]);
  });

  it("gives a seed leechers only", () => {
    const store = new MemorySwarmStore(seededRandom());
    for (let n = 1; n <= 20; n++) store.announce(announceOf(n, { isSeed: n > 3 }), 0);
    const { peers } = store.announce(announceOf(30, { isSeed: true }), 0);
    expect(split(peers.compact, 6).toSorted()).toEqual([1, 2, 3].map((n) => announceOf(n).entry.join()));
  });

  it("gives both families, one's own first, and no more than wanted", () => {
    const store = new MemorySwarmStore(seededRandom());
    for (let n = 1; n <= 5; n++) {
      store.announce(announceOf(n), 0);
      store.announce(announceOf(n, { entry: entryOf(`2001:db8::${n}`, 1) }), 0);
    }
    const sizes = (announce: SwarmAnnounce): number[] => {
      const { peers, peers6 } = store.announce(announce, 0);
      return [peers.compact.length / 6, peers6.compact.length / 18];
    };
    expect(sizes(announceOf(1, { numWant: 6 }))).toEqual([4, 2]);
    expect(sizes(announceOf(1, { numWant: 6, entry: entryOf("2001:db8::1", 1) }))).toEqual([2, 4]);
    expect(sizes(announceOf(1, { numWant: 0 }))).toEqual([0, 0]);
  });

  it("counts a completed download once, and not of one who was a seed before", () => {
    const store = new MemorySwarmStore(seededRandom());
    const completedCount = (announce: SwarmAnnounce): number => store.announce(announce, 0).completedCount;
    expect(completedCount(announceOf(1, { event: "started" }))).toBe(0);
    expect(completedCount(announceOf(1, { event: "completed", isSeed: true }))).toBe(1);
    expect(completedCount(announceOf(1, { event: "completed", isSeed: true }))).toBe(1);
    expect(completedCount(announceOf(2, { event: "started", isSeed: true }))).toBe(1);
    expect(completedCount(announceOf(2, { event: "completed", isSeed: true }))).toBe(1);
  });

  it("forgets who leaves, and makes no swarm for one who leaves what is not there", () => {
    const store = new MemorySwarmStore(seededRandom());
    store.announce(announceOf(1, { event: "stopped" }), 0);
    expect(store.stats(0)).toEqual({ swarmCount: 0, peerCount: 0 });
    store.announce(announceOf(1), 0);
    store.announce(announceOf(2), 0);
    const answer = store.announce(announceOf(1, { event: "stopped" }), 0);
    expect(answer).toMatchObject({ leecherCount: 1, peers: { count: 0 } });
    expect(store.stats(0)).toEqual({ swarmCount: 1, peerCount: 1 });
  });

  it("forgets who has been silent for a lifetime, peer by peer and swarm by swarm", () => {
    const store = new MemorySwarmStore(seededRandom(), { peerLifetimeMs: 100 });
    store.announce(announceOf(1), 0);
    store.announce(announceOf(2), 0);
    store.announce(announceOf(1), 60);
    expect(store.announce(announceOf(3), 101).leecherCount).toBe(2);
    expect(store.scrape([HASH], 170)).toMatchObject([{ leecherCount: 1 }]);
    expect(store.stats(300)).toEqual({ swarmCount: 0, peerCount: 0 });
  });

  it("takes in no more than its caps, and still answers", () => {
    const store = new MemorySwarmStore(seededRandom(), {
      maxPeersPerSwarm: 3,
      maxPeerCount: 4,
      maxSwarmCount: 2,
    });
    for (let n = 1; n <= 9; n++) store.announce(announceOf(n), 0);
    expect(store.announce(announceOf(20), 0)).toMatchObject({
      leecherCount: 3,
      peers: { count: 3 },
    });
    const other = { infoHash: new Uint8Array(20).fill(2) };
    for (let n = 1; n <= 9; n++) store.announce(announceOf(n, other), 0);
    expect(store.stats(0)).toEqual({ swarmCount: 2, peerCount: 4 });
    expect(() => store.announce(announceOf(1, { infoHash: new Uint8Array(20).fill(3) }), 0)).toThrowError(
      expect.objectContaining({ code: "TRACKER_FAILURE" }),
    );
    expect(store.announce(announceOf(1, { isSeed: true }), 0).seederCount).toBe(1);
  });

  it("takes in only so many ports of one address", () => {
    const store = new MemorySwarmStore(seededRandom(), { maxPeersPerAddress: 2 });
    for (let port = 1; port <= 9; port++)
      store.announce(announceOf(1, { entry: entryOf("9.9.9.9", port) }), 0);
    expect(store.stats(0).peerCount).toBe(2);
    store.announce(announceOf(1, { entry: entryOf("9.9.9.9", 1), event: "stopped" }), 0);
    store.announce(announceOf(1, { entry: entryOf("9.9.9.9", 100) }), 0);
    expect(store.stats(0).peerCount).toBe(2);
  });

  it("agrees with a plain list after any sequence of announces", () => {
    const step = fc.record({
      n: fc.integer({ min: 1, max: 12 }),
      isSeed: fc.boolean(),
      event: fc.constantFrom("started", "stopped", "completed", undefined),
      waitMs: fc.nat(40),
    } as const);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const store = new MemorySwarmStore(seededRandom(), { peerLifetimeMs: 100 });
        const model = new Map<number, { isSeed: boolean; seenAt: number }>();
        let now = 0;
        for (const { n, isSeed, event, waitMs } of steps) {
          now += waitMs;
          const answer = store.announce(announceOf(n, { isSeed, event, numWant: 100 }), now);
          if (event === "stopped") {
            model.delete(n);
            continue; // a farewell does not look for others that are gone
          }
          model.set(n, { isSeed, seenAt: now });
          for (const [key, peer] of model) if (peer.seenAt < now - 100) model.delete(key);
          const seeds = [...model.values()].filter((peer) => peer.isSeed).length;
          expect(answer).toMatchObject({ seederCount: seeds, leecherCount: model.size - seeds });
          const others = [...model].filter(([key, peer]) => key !== n && !(isSeed && peer.isSeed));
          expect(split(answer.peers.compact, 6).toSorted()).toEqual(
            others.map(([key]) => announceOf(key).entry.join()).toSorted(),
          );
        }
      }),
    );
  });
});
