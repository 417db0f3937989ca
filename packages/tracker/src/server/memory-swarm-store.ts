import { refusal } from "./announce-request.ts";
import { EMPTY_SAMPLE, PeerTable } from "./peer-table.ts";
import type { StoreStats, SwarmAnnounce, SwarmAnswer, SwarmCounts, SwarmStore } from "./swarm-store.ts";

export interface MemorySwarmStoreOptions {
  /** A peer that has not announced for so long has left. */
  readonly peerLifetimeMs?: number;
  /** A swarm with so many peers answers newcomers but does not take them in; about 200 bytes of memory each. */
  readonly maxPeersPerSwarm?: number;
  /** The same for all swarms together. */
  readonly maxPeerCount?: number;
  /** A new swarm above this number is refused; about 1 KiB of memory each. */
  readonly maxSwarmCount?: number;
  /** Peers of one address in one swarm: one host must not fill a swarm with its own ports. */
  readonly maxPeersPerAddress?: number;
}

export const DEFAULT_STORE_OPTIONS: Readonly<Required<MemorySwarmStoreOptions>> = Object.freeze({
  peerLifetimeMs: 3_660_000,
  maxPeersPerSwarm: 50_000,
  maxPeerCount: 1_000_000,
  maxSwarmCount: 200_000,
  maxPeersPerAddress: 100,
});

interface Swarm {
  /** Made for the first peer of its family: most swarms have one family only. */
  v4: PeerTable | undefined;
  v6: PeerTable | undefined;
  completedCount: number;
  touchedAt: number;
  /** When silent peers were last looked for. */
  expiredAt: number;
}

/**
 * Silent peers are looked for this many times in a lifetime, not at each announce: the map's order costs a walk over
 * the places that its members have left since it was last compacted (50 µs with 50,000 peers, measured).
 */
const EXPIRIES_PER_LIFETIME = 100;

/**
 * Swarms in memory. No timer: announces let go of the peers of their swarm and of the swarms that have been silent too
 * long; the order of the maps makes that O(removed), but for the note at EXPIRIES_PER_LIFETIME.
 */
export class MemorySwarmStore implements SwarmStore {
  readonly #options: Required<MemorySwarmStoreOptions>;
  readonly #random: () => number;
  /** By info-hash, read as Latin-1; the order is the order of the last announces. */
  readonly #swarms = new Map<string, Swarm>();
  #peerCount = 0;
  #expiredAt = -Infinity;

  /** `random` gives numbers in [0, 1); peers are chosen by it. */
  constructor(random: () => number, options: MemorySwarmStoreOptions = {}) {
    this.#options = { ...DEFAULT_STORE_OPTIONS, ...options };
    this.#random = random;
  }

  announce(announce: SwarmAnnounce, now: number): SwarmAnswer {
    this.#expireSwarms(now);
    const key = keyOf(announce.infoHash);
    const { event, entry } = announce;
    let swarm = this.#swarms.get(key);
    if (event === "stopped") {
      if (swarm === undefined) return { ...countsOf(undefined), peers: EMPTY_SAMPLE, peers6: EMPTY_SAMPLE };
      this.#changing(swarm, (known) => tableOf(known, entry).remove(entry));
      return { ...countsOf(swarm), peers: EMPTY_SAMPLE, peers6: EMPTY_SAMPLE };
    }
    if (swarm === undefined) {
      if (this.#swarms.size >= this.#options.maxSwarmCount)
        throw refusal("this tracker has no room for another torrent");
      swarm = { v4: undefined, v6: undefined, completedCount: 0, touchedAt: now, expiredAt: now };
    }
    swarm.touchedAt = now;
    this.#swarms.delete(key);
    this.#swarms.set(key, swarm);
    this.#changing(swarm, (known) => {
      this.#expirePeers(known, now);
      const table = tableOf(known, entry);
      if (!table.has(entry) && !this.#mayAdd(known, table, entry)) return;
      const wasSeed = table.announce(entry, announce, now);
      if (event === "completed" && wasSeed !== true) known.completedCount++;
    });
    const own = tableOf(swarm, entry).sample(announce.numWant, this.#random, announce);
    const otherTable = entry.length === 6 ? swarm.v6 : swarm.v4;
    const other = otherTable?.sample(announce.numWant - own.count, this.#random, announce) ?? EMPTY_SAMPLE;
    const [peers, peers6] = entry.length === 6 ? [own, other] : [other, own];
    return { ...countsOf(swarm), peers, peers6 };
  }

  scrape(infoHashes: readonly Uint8Array[], now: number): readonly SwarmCounts[] {
    return infoHashes.map((infoHash) => {
      const swarm = this.#swarms.get(keyOf(infoHash));
      if (swarm !== undefined) this.#changing(swarm, (known) => this.#expirePeers(known, now));
      return countsOf(swarm);
    });
  }

  stats(now: number): StoreStats {
    this.#expireSwarms(now);
    return { swarmCount: this.#swarms.size, peerCount: this.#peerCount };
  }

  #mayAdd(swarm: Swarm, table: PeerTable, entry: Uint8Array): boolean {
    const { maxPeersPerAddress, maxPeersPerSwarm, maxPeerCount } = this.#options;
    const isRoom = sizeOf(swarm) < maxPeersPerSwarm && this.#peerCount < maxPeerCount;
    return isRoom && !table.isAddressFull(entry, maxPeersPerAddress);
  }

  /** Keeps the number of all peers right over a change of one swarm. */
  #changing(swarm: Swarm, change: (swarm: Swarm) => void): void {
    const before = sizeOf(swarm);
    change(swarm);
    this.#peerCount += sizeOf(swarm) - before;
  }

  #expirePeers(swarm: Swarm, now: number): void {
    if (!this.#isTime(swarm.expiredAt, now)) return;
    swarm.expiredAt = now;
    swarm.v4?.expire(now - this.#options.peerLifetimeMs);
    swarm.v6?.expire(now - this.#options.peerLifetimeMs);
  }

  #isTime(expiredAt: number, now: number): boolean {
    return now - expiredAt >= this.#options.peerLifetimeMs / EXPIRIES_PER_LIFETIME;
  }

  #expireSwarms(now: number): void {
    if (!this.#isTime(this.#expiredAt, now)) return;
    this.#expiredAt = now;
    for (const [key, swarm] of this.#swarms) {
      if (swarm.touchedAt >= now - this.#options.peerLifetimeMs) return;
      this.#swarms.delete(key);
      this.#peerCount -= sizeOf(swarm);
    }
  }
}

function tableOf(swarm: Swarm, entry: Uint8Array): PeerTable {
  return entry.length === 6 ? (swarm.v4 ??= new PeerTable(4)) : (swarm.v6 ??= new PeerTable(6));
}

function sizeOf({ v4, v6 }: Swarm): number {
  return (v4?.size ?? 0) + (v6?.size ?? 0);
}

function countsOf(swarm: Swarm | undefined): SwarmCounts {
  if (swarm === undefined) return { seederCount: 0, leecherCount: 0, completedCount: 0 };
  const seederCount = (swarm.v4?.seedCount ?? 0) + (swarm.v6?.seedCount ?? 0);
  const leecherCount = sizeOf(swarm) - seederCount;
  return { seederCount, leecherCount, completedCount: swarm.completedCount };
}

function keyOf(infoHash: Uint8Array): string {
  return String.fromCharCode(...infoHash);
}
