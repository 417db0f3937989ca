import { encodeCompactEndpoints } from "@bt/primitives";
import { equal, greater } from "./store-case-checks.ts";
import type { PeerSample, SwarmAnnounce, SwarmAnswer, SwarmStore } from "./swarm-store.ts";

/** A store to be examined, empty, whose peers live for `LIFETIME_MS`, with the caps that were asked for. */
export interface StoreBench {
  readonly store: SwarmStore;
  /** Monotonic ms. */
  now(): number;
  /** Lets time pass, really or not. */
  wait(ms: number): void | Promise<void>;
}

export interface StoreCaps {
  readonly peerLifetimeMs: number;
  readonly maxPeersPerSwarm: number;
  readonly maxPeersPerAddress: number;
}

export interface StoreCase {
  readonly name: string;
  /** Rejects with an error that says what was expected and what came. */
  run(open: (caps: StoreCaps) => StoreBench | Promise<StoreBench>): Promise<void>;
}

const LIFETIME_MS = 1_000;
const CAPS: StoreCaps = { peerLifetimeMs: LIFETIME_MS, maxPeersPerSwarm: 1_000, maxPeersPerAddress: 1_000 };
const HASH = new Uint8Array(20).fill(0xfe);

interface Seen {
  readonly seederCount: number;
  readonly leecherCount: number;
  readonly pausedCount: number;
  readonly completedCount: number;
  /** Sorted numbers of the peers that were given. */
  readonly given: readonly number[];
  readonly given6: readonly number[];
}

/** Announces by number: peer `n` is at an address and a port that follow from it. */
class Examination {
  readonly #bench: StoreBench;

  constructor(bench: StoreBench) {
    this.#bench = bench;
  }

  async announce(n: number, change: Partial<SwarmAnnounce> & { readonly v6?: boolean } = {}): Promise<Seen> {
    const { v6 = false, ...more } = change;
    const answer = await this.#bench.store.announce(announceOf(n, v6, more), this.#bench.now());
    return seenOf(answer, more.withPeerIds !== false);
  }

  async counts(infoHash: Uint8Array = HASH): Promise<Omit<Seen, "given" | "given6">> {
    const [row] = await this.#bench.store.scrape([infoHash], this.#bench.now());
    const { seederCount, leecherCount, pausedCount, completedCount } = row!;
    return { seederCount, leecherCount, pausedCount, completedCount };
  }
}

function addressOf(n: number, v6: boolean): string {
  return v6 ? `2001:db8:0:${n.toString(16)}::1` : `10.7.${n >> 8}.${n & 255}`;
}

function announceOf(n: number, v6: boolean, change: Partial<SwarmAnnounce>): SwarmAnnounce {
  return {
    infoHash: HASH,
    peerId: new Uint8Array(20).fill(n & 255),
    entry: encodeCompactEndpoints([{ host: addressOf(n, v6), port: 2_000 + n }], v6 ? 6 : 4),
    isSeed: false,
    event: undefined,
    numWant: 50,
    ...change,
  };
}

function seenOf(answer: SwarmAnswer, withPeerIds: boolean): Seen {
  const { seederCount, leecherCount, pausedCount, completedCount, peers, peers6 } = answer;
  const given = numbersOf(peers, 6, withPeerIds);
  const given6 = numbersOf(peers6, 18, withPeerIds);
  return { seederCount, leecherCount, pausedCount, completedCount, given, given6 };
}

/** The numbers of the peers of a sample; each is found once, and its id belongs to it. */
function numbersOf(sample: PeerSample, length: 6 | 18, withPeerIds: boolean): number[] {
  const numbers: number[] = [];
  for (let i = 0; i < sample.count; i++) {
    const at = (i + 1) * length - 2;
    const n = sample.compact[at]! * 256 + sample.compact[at + 1]! - 2_000;
    const entry = announceOf(n, length === 18, {}).entry;
    equal(sample.compact.slice(i * length, (i + 1) * length).join(), entry.join(), `entry of peer ${n}`);
    if (withPeerIds) equal(sample.peerIds[20 * i + 19], n & 255, `id of peer ${n}`);
    numbers.push(n);
  }
  equal(new Set(numbers).size, numbers.length, "different peers in one answer");
  return numbers.sort((one, other) => one - other);
}

function storeCase(
  name: string,
  examine: (examination: Examination, bench: StoreBench) => Promise<void>,
  caps: Partial<StoreCaps> = {},
): StoreCase {
  return {
    name,
    async run(open) {
      const bench = await open({ ...CAPS, ...caps });
      await examine(new Examination(bench), bench);
    },
  };
}

const NOBODY = { seederCount: 0, leecherCount: 0, pausedCount: 0, completedCount: 0 };

export const SWARM_STORE_CASES: readonly StoreCase[] = [
  storeCase("brings peers together and gives nobody himself", async (swarm) => {
    equal((await swarm.announce(1)).given, [], "the first peer is given");
    equal((await swarm.announce(2)).given, [1], "the second is given");
    equal((await swarm.announce(1)).given, [2], "the first is given later");
    equal((await swarm.announce(1)).leecherCount, 2, "leechers");
  }),
  storeCase("keeps swarms apart", async (swarm) => {
    await swarm.announce(1);
    const other = new Uint8Array(20).fill(0xfd);
    equal((await swarm.announce(2, { infoHash: other })).given, [], "given in another swarm");
    equal(await swarm.counts(new Uint8Array(20)), NOBODY, "counts of an unknown swarm");
    equal((await swarm.counts(other)).leecherCount, 1, "leechers of the other swarm");
  }),
  storeCase("gives as many as wanted, all different", async (swarm) => {
    for (let n = 1; n <= 120; n++) await swarm.announce(n, { numWant: 0 });
    for (const numWant of [0, 1, 7, 50, 119]) {
      equal((await swarm.announce(1, { numWant })).given.length, numWant, `given of ${numWant} wanted`);
    }
    equal((await swarm.announce(1, { numWant: 200 })).given.length, 119, "given of 200 wanted");
  }),
  storeCase("gives every peer a chance", async (swarm) => {
    for (let n = 1; n <= 40; n++) await swarm.announce(n, { numWant: 0 });
    const seen = new Set<number>();
    for (let i = 0; i < 60; i++)
      for (const n of (await swarm.announce(1, { numWant: 10 })).given) seen.add(n);
    // Each of 39 is missing with a chance of (29/39)^60: one in ten million for all together.
    greater(seen.size, 38, "peers given in 60 answers of 10");
  }),
  storeCase("gives seeds and partial seeds downloaders only", async (swarm) => {
    for (let n = 1; n <= 9; n++) {
      await swarm.announce(n, { isSeed: n > 6, event: n > 3 && n <= 6 ? "paused" : "started" });
    }
    equal((await swarm.announce(20, { isSeed: true })).given, [1, 2, 3], "given to a seed");
    equal((await swarm.announce(4, { event: "paused" })).given, [1, 2, 3], "given to a partial seed");
    equal((await swarm.announce(1)).given, [2, 3, 4, 5, 6, 7, 8, 9, 20], "given to a downloader");
    const { leecherCount, pausedCount, seederCount } = await swarm.counts();
    equal([leecherCount, pausedCount, seederCount], [6, 3, 4], "leechers, of them paused, seeds");
  }),
  storeCase("gives both families, the peer's own first, or one alone", async (swarm) => {
    for (let n = 1; n <= 5; n++) {
      await swarm.announce(n);
      await swarm.announce(n, { v6: true });
    }
    const sizes = async (n: number, change: Parameters<Examination["announce"]>[1]): Promise<number[]> => {
      const { given, given6 } = await swarm.announce(n, change);
      return [given.length, given6.length];
    };
    equal(await sizes(1, { numWant: 6 }), [4, 2], "of each family to IPv4");
    equal(await sizes(1, { numWant: 6, v6: true }), [2, 4], "of each family to IPv6");
    equal(await sizes(1, { bothFamilies: false }), [4, 0], "to IPv4 alone");
    equal((await swarm.counts()).leecherCount, 10, "leechers of both");
  }),
  storeCase("counts a completed download once, and none of who was a seed before", async (swarm) => {
    const completed = async (n: number, change: Partial<SwarmAnnounce>): Promise<number> =>
      (await swarm.announce(n, change)).completedCount;
    equal(await completed(1, { event: "started" }), 0, "after started");
    equal(await completed(1, { event: "completed", isSeed: true }), 1, "after completed");
    equal(await completed(1, { event: "completed", isSeed: true }), 1, "after completed again");
    equal(await completed(1, { event: "started" }), 1, "after a new start");
    equal(await completed(1, { event: "completed", isSeed: true }), 1, "after completed once more");
    equal(await completed(2, { event: "started", isSeed: true }), 1, "after a seed came");
    equal(await completed(2, { event: "completed", isSeed: true }), 1, "after a seed says completed");
    await swarm.announce(1, { event: "stopped" });
    equal((await swarm.counts()).completedCount, 1, "when the peer has left");
  }),
  storeCase(
    "forgets who leaves, and makes no swarm for one who leaves what is not there",
    async (swarm, bench) => {
      await swarm.announce(1, { event: "stopped" });
      equal((await bench.store.stats(bench.now())).swarmCount, 0, "swarms");
      for (const n of [1, 2, 3]) await swarm.announce(n, { isSeed: n === 3 });
      const answer = await swarm.announce(1, { event: "stopped" });
      equal(answer.given, [], "given to one who leaves");
      equal([answer.leecherCount, answer.seederCount], [1, 1], "who is left");
      await swarm.announce(3, { event: "stopped", isSeed: true });
      equal((await swarm.announce(2)).given, [], "given when all others have left");
      const { swarmCount, peerCount } = await bench.store.stats(bench.now());
      equal([swarmCount, peerCount], [1, 1], "swarms and peers");
    },
  ),
  storeCase("moves who becomes a seed, and back", async (swarm) => {
    for (const n of [1, 2]) await swarm.announce(n);
    for (const [isSeed, seeds] of [
      [true, 1],
      [true, 1],
      [false, 0],
    ] as const) {
      const answer = await swarm.announce(1, { isSeed });
      equal([answer.seederCount, answer.leecherCount], [seeds, 2 - seeds], "seeds and leechers");
    }
  }),
  storeCase("forgets who has been silent for a lifetime, and keeps who has not", async (swarm, bench) => {
    for (const n of [1, 2, 3]) await swarm.announce(n);
    await bench.wait(0.7 * LIFETIME_MS);
    await swarm.announce(1);
    await bench.wait(0.6 * LIFETIME_MS);
    equal((await swarm.announce(4)).given, [1], "given after the others' lifetime");
    equal((await swarm.counts()).leecherCount, 2, "leechers after the others' lifetime");
    await bench.wait(2.5 * LIFETIME_MS);
    equal((await swarm.counts()).leecherCount, 0, "leechers after everyone's lifetime");
    await bench.wait(2.5 * LIFETIME_MS);
    const { swarmCount, peerCount } = await bench.store.stats(bench.now());
    equal([swarmCount, peerCount], [0, 0], "swarms and peers in the end");
  }),
  storeCase(
    "takes in no more of a swarm than its cap, and still answers",
    async (swarm) => {
      for (let n = 1; n <= 9; n++) await swarm.announce(n);
      const answer = await swarm.announce(20);
      equal([answer.leecherCount, answer.given.length], [3, 3], "kept and given");
      equal(
        (await swarm.announce(1, { isSeed: true })).seederCount,
        1,
        "seeds, when one who is kept becomes one",
      );
    },
    { maxPeersPerSwarm: 3 },
  ),
  storeCase(
    "takes in only so many ports of one address, of IPv6 one /64",
    async (swarm, bench) => {
      const entryOf = (host: string, port: number): Uint8Array =>
        encodeCompactEndpoints([{ host, port }], host.includes(":") ? 6 : 4);
      const peerCount = async (): Promise<number> => (await bench.store.stats(bench.now())).peerCount;
      const come = async (entry: Uint8Array, change: Partial<SwarmAnnounce> = {}): Promise<void> => {
        await bench.store.announce(announceOf(1, false, { entry, numWant: 0, ...change }), bench.now());
      };
      for (let port = 1; port <= 9; port++) await come(entryOf("9.9.9.9", port));
      equal(await peerCount(), 2, "kept of one address");
      await come(entryOf("9.9.9.9", 1), { event: "stopped" });
      await come(entryOf("9.9.9.9", 100));
      equal(await peerCount(), 2, "kept when one has left and another has come");
      for (let i = 1; i <= 9; i++) await come(entryOf(`2001:db8::${i}`, i));
      equal(await peerCount(), 4, "kept with one /64");
      await come(entryOf("2001:db8:0:1::1", 1));
      equal(await peerCount(), 5, "kept with another /64");
    },
    { maxPeersPerAddress: 2 },
  ),
  storeCase("gives counts in the order of the question", async (swarm, bench) => {
    const hashes = [5, 6, 7].map((byte) => new Uint8Array(20).fill(byte));
    for (const n of [1, 2]) await swarm.announce(n, { infoHash: hashes[0]! });
    await swarm.announce(1, { infoHash: hashes[2]!, isSeed: true });
    const rows = await bench.store.scrape([...hashes].reverse(), bench.now());
    equal(
      rows.map(({ seederCount, leecherCount }) => [seederCount, leecherCount]),
      [
        [1, 0],
        [0, 0],
        [0, 2],
      ],
      "rows",
    );
    equal(await bench.store.scrape([], bench.now()), [], "rows of no question");
  }),
  storeCase("says in pages what swarms there are", async (swarm, bench) => {
    const page = bench.store.page?.bind(bench.store);
    if (page === undefined) return;
    for (let n = 1; n <= 25; n++) await swarm.announce(1, { infoHash: new Uint8Array(20).fill(n) });
    const found = new Set<number>();
    let cursor: string | undefined;
    do {
      const { rows, cursor: next } = await page(cursor, 10, bench.now());
      for (const [infoHash, { leecherCount }] of rows) {
        equal(leecherCount, 1, "leechers in a page");
        found.add(infoHash[0]!);
      }
      cursor = next;
    } while (cursor !== undefined);
    equal(found.size, 25, "swarms in all pages");
  }),
  storeCase("takes many announces at once", async (swarm) => {
    await Promise.all(Array.from({ length: 200 }, (_, n) => swarm.announce(n + 1, { isSeed: n % 4 === 0 })));
    const { seederCount, leecherCount } = await swarm.counts();
    equal([seederCount, leecherCount], [50, 150], "seeds and leechers");
    await Promise.all(Array.from({ length: 200 }, (_, n) => swarm.announce(n + 1, { event: "stopped" })));
    equal((await swarm.counts()).leecherCount, 0, "leechers when all have left");
    equal((await swarm.counts()).seederCount, 0, "seeds when all have left");
  }),
];
