import { KeyedHash } from "./keyed-hash.ts";
import { PEER_CLASS, PeerRows } from "./peer-rows.ts";
import { EMPTY_SAMPLE, PeerSampler } from "./peer-sampler.ts";
import { refusal } from "./refusal.ts";
import type {
  PeerSample,
  StoreStats,
  SwarmAnnounce,
  SwarmAnswer,
  SwarmCounts,
  SwarmPage,
  SwarmStore,
} from "./swarm-store.ts";
import { FAMILY, FREE, SWARM, SwarmTable } from "./swarm-table.ts";

export interface MemorySwarmStoreOptions {
  /** A peer that has not announced for so long has left, and is forgotten at most a twentieth later. */
  readonly peerLifetimeMs?: number;
  /** A swarm with so many peers answers newcomers but does not take them in. */
  readonly maxPeersPerSwarm?: number;
  /** The same for all swarms together; 40 to 60 bytes of memory each (IPv6: 60 to 80). */
  readonly maxPeerCount?: number;
  /** A new swarm above this number is refused; 76 bytes of memory each. */
  readonly maxSwarmCount?: number;
  /** Peers of one address (IPv6: of one /64) in one swarm: one host must not fill a swarm with its own ports. */
  readonly maxPeersPerAddress?: number;
}

export const DEFAULT_STORE_OPTIONS: Readonly<Required<MemorySwarmStoreOptions>> = Object.freeze({
  peerLifetimeMs: 3_660_000,
  maxPeersPerSwarm: 50_000,
  maxPeerCount: 2_000_000,
  maxSwarmCount: 1_000_000,
  maxPeersPerAddress: 100,
});

/** A peer's age is kept in ticks of which a lifetime has so many: 3.6 s by default. */
const TICKS_PER_LIFETIME = 1_024;
/** Each swarm is looked through so many times in a lifetime; at 1,000,000 peers that is 5,500 rows a second, 50 µs. */
const SCANS_PER_LIFETIME = 20;
/** Rows and records that one call looks at while it goes round: less than 1 ms. */
const MAX_SWEEP_ROWS = 16_384;

type MutableAnswer = { -readonly [Key in keyof SwarmAnswer]: SwarmAnswer[Key] };

/**
 * Swarms in memory: a few large typed arrays, no object for a swarm or a peer. An announce costs the same whatever the
 * number of swarms. There is no timer: calls let go of silent peers, a bounded slice at a time.
 */
export class MemorySwarmStore implements SwarmStore {
  readonly #options: Required<MemorySwarmStoreOptions>;
  readonly #table: SwarmTable;
  readonly #v4: PeerRows;
  readonly #v6: PeerRows;
  readonly #sampler4: PeerSampler;
  readonly #sampler6: PeerSampler;
  readonly #infoHash = new Uint32Array(5);
  readonly #infoHashBytes = new Uint8Array(this.#infoHash.buffer);
  readonly #answer: MutableAnswer;
  readonly #tickMs: number;
  #peerCount = 0;
  #seederCount = 0;
  #sweepAt = 0;
  /** Records that the sweep owes, a fraction included. */
  #sweepDebt = 0;
  #sweptAt: number | undefined;

  /** `random` gives numbers in [0, 1), by which peers are chosen; `secretWord` 32-bit words for the tables' key. */
  constructor(
    random: () => number,
    options: MemorySwarmStoreOptions = {},
    secretWord: () => number = () => random() * 0x1_0000_0000,
  ) {
    this.#options = { ...DEFAULT_STORE_OPTIONS, ...options };
    const hash = new KeyedHash(secretWord(), secretWord());
    this.#table = new SwarmTable(hash);
    this.#v4 = new PeerRows(4, hash);
    this.#v6 = new PeerRows(6, hash);
    this.#sampler4 = new PeerSampler(this.#v4, random);
    this.#sampler6 = new PeerSampler(this.#v6, random);
    this.#tickMs = Math.max(1, this.#options.peerLifetimeMs / TICKS_PER_LIFETIME);
    this.#answer = { ...NO_COUNTS, peers: EMPTY_SAMPLE, peers6: EMPTY_SAMPLE };
  }

  announce(announce: SwarmAnnounce, now: number): SwarmAnswer {
    this.#sweep(now);
    const { event, entry, infoHash } = announce;
    for (let i = 0; i < 20; i++) this.#infoHashBytes[i] = infoHash[i]!;
    let swarm = this.#table.find(this.#infoHash);
    if (swarm < 0) {
      if (event === "stopped") return this.#give(NO_COUNTS, EMPTY_SAMPLE, EMPTY_SAMPLE);
      if (this.#table.size >= this.#options.maxSwarmCount)
        throw refusal("this tracker has no room for another torrent");
      swarm = this.#table.add(this.#infoHash);
      this.#stamp(swarm, SWARM.scannedAt, now);
    }
    const words = this.#table.wordsOf(swarm);
    const base = this.#table.baseOf(swarm);
    this.#expire(swarm, words, base, now);
    const isV4 = entry.length === 6;
    const rows = isV4 ? this.#v4 : this.#v6;
    const at = base + (isV4 ? SWARM.v4 : SWARM.v6);
    let row = rows.find(words, at, swarm, entry);
    if (event === "stopped") {
      if (row >= 0) this.#changing(words, base, () => rows.remove(words, at, swarm, row));
      return this.#give(countsAt(words, base), EMPTY_SAMPLE, EMPTY_SAMPLE);
    }
    this.#stamp(swarm, SWARM.touchedAt, now);
    const peerClass = announce.isSeed
      ? PEER_CLASS.seed
      : event === "paused"
        ? PEER_CLASS.paused
        : PEER_CLASS.downloader;
    let wasSeed = false;
    if (row >= 0) {
      const before = rows.classOf(words, at, row);
      wasSeed = before === PEER_CLASS.seed;
      if (before !== peerClass) {
        row = rows.move(words, at, swarm, row, before, peerClass);
        this.#seederCount += Number(peerClass === PEER_CLASS.seed) - Number(wasSeed);
      }
    } else if (this.#mayAdd(words, base, rows.hostCount)) {
      row = rows.add(words, at, swarm, entry, peerClass);
      this.#peerCount++;
      if (peerClass === PEER_CLASS.seed) this.#seederCount++;
    }
    if (row >= 0) {
      rows.touch(words, at, row, announce.peerId, this.#tickOf(now));
      if (event === "completed" && rows.markCompleted(words, at, row) && !wasSeed)
        words[base + SWARM.completed]!++;
    }
    const { numWant, withPeerIds = true, bothFamilies = true } = announce;
    const own = (isV4 ? this.#sampler4 : this.#sampler6).choose(
      words,
      at,
      numWant,
      row,
      peerClass,
      withPeerIds,
    );
    const other = bothFamilies
      ? (isV4 ? this.#sampler6 : this.#sampler4).choose(
          words,
          base + (isV4 ? SWARM.v6 : SWARM.v4),
          numWant - own.count,
          -1,
          peerClass,
          withPeerIds,
        )
      : EMPTY_SAMPLE;
    return this.#give(countsAt(words, base), isV4 ? own : other, isV4 ? other : own);
  }

  scrape(infoHashes: readonly Uint8Array[], now: number): readonly SwarmCounts[] {
    this.#sweep(now);
    return infoHashes.map((infoHash) => {
      this.#infoHashBytes.set(infoHash);
      const swarm = this.#table.find(this.#infoHash);
      if (swarm < 0) return NO_COUNTS;
      const words = this.#table.wordsOf(swarm);
      const base = this.#table.baseOf(swarm);
      this.#expire(swarm, words, base, now);
      return countsAt(words, base);
    });
  }

  stats(now: number): StoreStats {
    this.#sweep(now);
    return {
      swarmCount: this.#table.size,
      peerCount: this.#peerCount,
      seederCount: this.#seederCount,
      byteLength: this.#table.byteLength + this.#v4.byteLength + this.#v6.byteLength,
    };
  }

  page(cursor: string | undefined, limit: number, now: number): SwarmPage {
    this.#sweep(now);
    const rows: [Uint8Array, SwarmCounts][] = [];
    let index = cursor === undefined ? 0 : Number(cursor);
    for (; index < this.#table.recordCount && rows.length < limit; index++) {
      const words = this.#table.wordsOf(index);
      const base = this.#table.baseOf(index);
      if (words[base + SWARM.next] === FREE) continue;
      const infoHash = new Uint8Array(words.slice(base, base + 5).buffer);
      rows.push([infoHash, countsAt(words, base)]);
    }
    return { rows, cursor: index < this.#table.recordCount ? String(index) : undefined };
  }

  #mayAdd(words: Uint32Array, base: number, hostCount: number): boolean {
    const { maxPeersPerAddress, maxPeersPerSwarm, maxPeerCount } = this.#options;
    return (
      hostCount < maxPeersPerAddress &&
      this.#peerCount < maxPeerCount &&
      peersAt(words, base) < maxPeersPerSwarm
    );
  }

  /** Looks for silent peers of a swarm when it is time. */
  #expire(swarm: number, words: Uint32Array, base: number, now: number): void {
    const tick = this.#tickOf(now);
    const age = (tick - words[base + SWARM.scannedAt]!) >>> 0;
    if (age * this.#tickMs * SCANS_PER_LIFETIME < this.#options.peerLifetimeMs) return;
    words[base + SWARM.scannedAt] = tick;
    if (peersAt(words, base) === 0) return;
    const lifetime = Math.round(this.#options.peerLifetimeMs / this.#tickMs);
    this.#changing(words, base, () => {
      this.#v4.expire(words, base + SWARM.v4, swarm, tick, lifetime);
      this.#v6.expire(words, base + SWARM.v6, swarm, tick, lifetime);
    });
    this.#v4.compact(words, base + SWARM.v4);
    this.#v6.compact(words, base + SWARM.v6);
  }

  /** Goes on round the swarms, at a pace that brings it past each one `SCANS_PER_LIFETIME` times. */
  #sweep(now: number): void {
    const elapsed = now - (this.#sweptAt ?? now);
    if (elapsed === 0 && this.#sweptAt !== undefined) return;
    this.#sweptAt = now;
    const total = this.#table.recordCount;
    const share = (elapsed * SCANS_PER_LIFETIME * total) / this.#options.peerLifetimeMs;
    this.#sweepDebt = Math.min(this.#sweepDebt + share, total);
    let budget = MAX_SWEEP_ROWS;
    while (this.#sweepDebt >= 1 && budget > 0) {
      this.#sweepDebt--;
      if (this.#sweepAt >= total) this.#sweepAt = 0;
      budget -= 1 + this.#sweepOne(this.#sweepAt++, now);
    }
  }

  /** Returns how many rows were looked at. */
  #sweepOne(swarm: number, now: number): number {
    const words = this.#table.wordsOf(swarm);
    const base = this.#table.baseOf(swarm);
    if (words[base + SWARM.next] === FREE) return 0;
    const before = peersAt(words, base);
    this.#expire(swarm, words, base, now);
    const silence = (this.#tickOf(now) - words[base + SWARM.touchedAt]!) >>> 0;
    // A swarm without peers stays for a lifetime, so that its count of downloads does.
    if (peersAt(words, base) === 0 && silence * this.#tickMs > this.#options.peerLifetimeMs)
      this.#table.remove(swarm);
    return before;
  }

  /** Keeps the numbers of all peers right over a change of one swarm. */
  #changing(words: Uint32Array, base: number, change: () => void): void {
    const peersBefore = peersAt(words, base);
    const seedersBefore = seedersAt(words, base);
    change();
    this.#peerCount += peersAt(words, base) - peersBefore;
    this.#seederCount += seedersAt(words, base) - seedersBefore;
  }

  #stamp(swarm: number, word: number, now: number): void {
    this.#table.wordsOf(swarm)[this.#table.baseOf(swarm) + word] = this.#tickOf(now);
  }

  /** Wraps after 2^32 ticks; ages are differences and do not mind. */
  #tickOf(now: number): number {
    return Math.floor(now / this.#tickMs) >>> 0;
  }

  #give(counts: SwarmCounts, peers: PeerSample, peers6: PeerSample): SwarmAnswer {
    const answer = this.#answer;
    answer.seederCount = counts.seederCount;
    answer.leecherCount = counts.leecherCount;
    answer.pausedCount = counts.pausedCount;
    answer.completedCount = counts.completedCount;
    answer.peers = peers;
    answer.peers6 = peers6;
    return answer;
  }
}

const NO_COUNTS: SwarmCounts = Object.freeze({
  seederCount: 0,
  leecherCount: 0,
  pausedCount: 0,
  completedCount: 0,
});

function peersAt(words: Uint32Array, base: number): number {
  return words[base + SWARM.v4 + FAMILY.peerCount]! + words[base + SWARM.v6 + FAMILY.peerCount]!;
}

function seedersAt(words: Uint32Array, base: number): number {
  const pausedEnds = words[base + SWARM.v4 + FAMILY.pausedEnd]! + words[base + SWARM.v6 + FAMILY.pausedEnd]!;
  return peersAt(words, base) - pausedEnds;
}

function countsAt(words: Uint32Array, base: number): SwarmCounts {
  const v4 = base + SWARM.v4;
  const v6 = base + SWARM.v6;
  const leecherCount = words[v4 + FAMILY.pausedEnd]! + words[v6 + FAMILY.pausedEnd]!;
  return {
    seederCount: peersAt(words, base) - leecherCount,
    leecherCount,
    pausedCount: leecherCount - words[v4 + FAMILY.downloaderEnd]! - words[v6 + FAMILY.downloaderEnd]!,
    completedCount: words[base + SWARM.completed]!,
  };
}
