import { encodeCompactEndpoints } from "@bt/primitives";
import { MemorySwarmStore, type PeerSample, type SwarmAnnounce } from "@bt/tracker/server";
import { SWARM_STORE_CASES } from "@bt/tracker/store-conformance";
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

function hashOf(n: number): Uint8Array {
  const hash = new Uint8Array(20);
  new DataView(hash.buffer).setUint32(0, n);
  return hash;
}

/** Numbers that look random and are the same in each run. */
function seededRandom(): () => number {
  let state = 1;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

function split({ compact, count }: PeerSample, length = 6): string[] {
  return Array.from({ length: count }, (_, i) => compact.slice(i * length, (i + 1) * length).join());
}

describe("a swarm in memory, as any store,", () => {
  it.each(SWARM_STORE_CASES)("$name", async ({ run }) => {
    let now = 5_000;
    await run((caps) => ({
      store: new MemorySwarmStore(seededRandom(), caps),
      now: () => now,
      wait: (ms) => void (now += ms),
    }));
  });
});

describe("a swarm in memory", () => {
  it.each([10, 60, 98])("gives each of 100 peers equally often, %i at a time", (numWant) => {
    const store = new MemorySwarmStore(seededRandom());
    for (let n = 1; n <= 100; n++) store.announce(announceOf(n), 0);
    const seen = new Map<string, number>();
    const rounds = Math.ceil(10_000 / numWant);
    for (let i = 0; i < rounds; i++) {
      const keys = split(store.announce(announceOf(1, { numWant }), 0).peers);
      expect(new Set(keys).size).toBe(numWant);
      for (const key of keys) seen.set(key, (seen.get(key) ?? 0) + 1);
    }
    expect(seen.size).toBe(99);
    expect(seen.has(announceOf(1).entry.join())).toBe(false);
    // 10,000 draws over 99 peers: 101 each, standard deviation below 10.
    expect(Math.min(...seen.values())).toBeGreaterThan(50);
    expect(Math.max(...seen.values())).toBeLessThan(150);
  });

  it("keeps to its caps over all swarms", () => {
    const store = new MemorySwarmStore(seededRandom(), { maxPeerCount: 4, maxSwarmCount: 2 });
    for (let n = 1; n <= 3; n++) store.announce(announceOf(n), 0);
    for (let n = 1; n <= 9; n++) store.announce(announceOf(n, { infoHash: hashOf(2) }), 0);
    expect(store.stats(0)).toMatchObject({ swarmCount: 2, peerCount: 4 });
  });

  it("refuses a new swarm where all others have many peers, and lets go of one with few where there are such", () => {
    const store = new MemorySwarmStore(seededRandom(), { maxSwarmCount: 2 });
    for (let n = 1; n <= 3; n++) store.announce(announceOf(n), 0);
    for (let n = 1; n <= 3; n++) store.announce(announceOf(n, { infoHash: hashOf(2) }), 0);
    expect(() => store.announce(announceOf(1, { infoHash: hashOf(3) }), 0)).toThrowError(
      expect.objectContaining({ code: "TRACKER_FAILURE" }),
    );
    store.announce(announceOf(1, { event: "stopped" }), 0);
    store.announce(announceOf(1, { infoHash: hashOf(3) }), 0);
    expect(store.stats(0)).toMatchObject({ swarmCount: 2, peerCount: 4 });
    expect(store.scrape([hashOf(2), hashOf(3)], 0).map(({ leecherCount }) => leecherCount)).toEqual([3, 1]);
  });

  it.each(["maxSwarmCount", "maxPeerCount"] as const)(
    "under a flood of swarms keeps to %s, takes newcomers in, and keeps the swarms that live",
    (cap) => {
      const store = new MemorySwarmStore(seededRandom(), { [cap]: 1_000 });
      const honest = Array.from({ length: 20 }, (_, i) => hashOf(i));
      let port = 0;
      const join = (infoHash: Uint8Array): number =>
        store.announce(announceOf(++port, { infoHash, entry: entryOf("10.9.9.9", port % 60_000) }), 0)
          .leecherCount;
      for (const infoHash of honest) for (let n = 0; n < 5; n++) join(infoHash);
      for (let i = 0; i < 5_000; i++) {
        join(hashOf(1_000 + i));
        const { swarmCount, peerCount, byteLength } = store.stats(0);
        expect(cap === "maxSwarmCount" ? swarmCount : peerCount).toBeLessThanOrEqual(1_000);
        expect(byteLength).toBeLessThan(2_000_000);
      }
      expect(store.scrape(honest, 0).every(({ leecherCount }) => leecherCount === 5)).toBe(true);
      expect(join(honest[3]!)).toBe(6);
      expect(join(hashOf(9_999))).toBe(1);
    },
  );

  it("lets go of the silent peers of a large swarm little by little, and gives none of them away meanwhile", () => {
    const store = new MemorySwarmStore(seededRandom(), {
      peerLifetimeMs: 1_024_000,
      maxPeersPerAddress: 1e6,
    });
    const entry = (n: number): Uint8Array => entryOf(`10.0.${n >> 8}.${n & 255}`, 5_000);
    for (let n = 0; n < 20_000; n++) store.announce(announceOf(n, { entry: entry(n), numWant: 0 }), 0);
    const now = 1_200_000;
    const answer = store.announce(announceOf(1, { entry: entry(30_000), numWant: 200 }), now);
    expect(answer.peers.count).toBe(0);
    const { peerCount } = store.stats(now);
    expect(peerCount).toBeGreaterThan(15_000);
    let calls = 0;
    for (; store.stats(now + 1_000 * calls).peerCount > 1; calls++) expect(calls).toBeLessThan(100);
    expect(calls).toBeGreaterThan(5);
    expect(store.scrape([announceOf(1).infoHash], now + 1_000 * calls)[0]).toMatchObject({ leecherCount: 1 });
  });

  it("agrees with a plain list after any sequence of announces, in small swarms and in large ones", () => {
    const step = fc.record({
      n: fc.integer({ min: 1, max: 150 }),
      isSeed: fc.boolean(),
      event: fc.constantFrom("started", "stopped", "stopped", "completed", "paused", undefined),
      waitMs: fc.nat(4),
    } as const);
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 1_000, size: "max" }),
        fc.constantFrom(8, 1),
        (steps, hosts) => {
          // Ticks of 1 ms; each swarm is looked through every 51 ms.
          const store = new MemorySwarmStore(seededRandom(), {
            peerLifetimeMs: 1_024,
            maxPeersPerAddress: 1_000,
          });
          const model = new Map<number, { kind: number; seenAt: number }>();
          const entryFor = (n: number): Uint8Array => entryOf(`10.0.0.${n % hosts}`, 1_000 + n);
          let now = 0;
          for (const { n, isSeed, event, waitMs } of steps) {
            now += waitMs;
            const entry = entryFor(n);
            const answer = store.announce(announceOf(n, { entry, isSeed, event, numWant: 1_000 }), now);
            const kind = isSeed ? 2 : event === "paused" ? 1 : 0;
            if (event === "stopped") model.delete(n);
            else model.set(n, { kind, seenAt: now });
            if (event === "stopped") continue;
            // Who has been silent for longer than a lifetime goes within a twentieth of one.
            const mayBeGiven = (limitMs: number): string[] =>
              [...model]
                .filter(
                  ([key, peer]) =>
                    key !== n && (kind === 0 || peer.kind === 0) && now - peer.seenAt <= limitMs,
                )
                .map(([key]) => entryFor(key).join());
            const shown = split(answer.peers);
            expect(shown).toEqual(expect.arrayContaining(mayBeGiven(1_024)));
            expect(mayBeGiven(1_080)).toEqual(expect.arrayContaining(shown));
            expect(new Set(shown).size).toBe(shown.length);
          }
        },
      ),
      { numRuns: 30, endOnFailure: true },
    );
  });

  it("keeps the numbers of all peers right over any sequence of announces in many swarms", () => {
    const step = fc.tuple(
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 12 }),
      fc.boolean(),
      fc.constantFrom("stopped", "started", undefined),
      fc.boolean(),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 500, size: "max" }), (steps) => {
        const store = new MemorySwarmStore(seededRandom());
        const model = new Map<string, boolean>();
        for (const [swarm, n, isSeed, event, v6] of steps) {
          const entry = v6 ? entryOf(`2001:db8::${n}`, n) : entryOf(`10.0.0.${n}`, n);
          store.announce(announceOf(n, { infoHash: hashOf(swarm), entry, isSeed, event }), 0);
          if (event === "stopped") model.delete(`${swarm} ${n} ${v6}`);
          else model.set(`${swarm} ${n} ${v6}`, isSeed);
        }
        const seeds = [...model.values()].filter(Boolean).length;
        expect(store.stats(0)).toMatchObject({ peerCount: model.size, seederCount: seeds });
        for (let swarm = 1; swarm <= 40; swarm++) {
          const mine = [...model].filter(([key]) => key.startsWith(`${swarm} `));
          const seederCount = mine.filter(([, isSeed]) => isSeed).length;
          expect(store.scrape([hashOf(swarm)], 0)).toMatchObject([
            { seederCount, leecherCount: mine.length - seederCount },
          ]);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("takes less than 100 bytes a peer, and gives memory back after a flood", () => {
    const store = new MemorySwarmStore(seededRandom(), {
      peerLifetimeMs: 1_000_000,
      maxPeersPerAddress: 1_000,
    });
    const fill = (now: number, swarms: number, peers: number): void => {
      for (let n = 0; n < peers; n++) {
        const entry = entryOf(`10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`, 1_000);
        store.announce(announceOf(n, { entry, infoHash: hashOf(n % swarms), numWant: 0 }), now);
      }
    };
    fill(0, 20_000, 200_000);
    const full = store.stats(0);
    expect(full.peerCount).toBe(200_000);
    expect(full.byteLength! / full.peerCount).toBeLessThan(60);
    // One peer in each 40th swarm stays: as spread as can be.
    fill(600_000, 500, 500);
    for (let now = 1_000_000; now < 1_200_000; now += 250) store.stats(now);
    const after = store.stats(1_200_000);
    expect(after.peerCount).toBe(500);
    expect(after.byteLength).toBeLessThan(full.byteLength! / 4);
  });
});
