import { KeyedHash } from "./keyed-hash.ts";
import { PEER_CLASS, PeerRows } from "./peer-rows.ts";
import { EMPTY_SAMPLE, PeerSampler } from "./peer-sampler.ts";
import { refusal } from "./refusal.ts";
import { SilentPeers, type SwarmMemory } from "./silent-peers.ts";
import { countsAt, NO_COUNTS, peersAt, SwarmTotals } from "./swarm-counts.ts";
import type {
  PeerSample,
  StoreStats,
  SwarmAnnounce,
  SwarmAnswer,
  SwarmCounts,
  SwarmPage,
  SwarmStore,
} from "./swarm-store.ts";
import { FREE, SWARM, SwarmTable } from "./swarm-table.ts";

export interface MemorySwarmStoreOptions {
  /** A peer that has not announced for so long has left, and is forgotten at most a twentieth later. */
  readonly peerLifetimeMs?: number;
  /** A swarm with so many peers answers newcomers but does not take them in. */
  readonly maxPeersPerSwarm?: number;
  /** The same for all swarms together; 40 to 60 bytes of memory each (IPv6: 60 to 80). See `maxSwarmCount`. */
  readonly maxPeerCount?: number;
  /**
   * 76 bytes of memory each. At this number, or at `maxPeerCount`, a newcomer takes the place of a swarm with one or two peers,
   * drawn at random: who floods a tracker with swarms drives out his own before those of others. Where no such swarm is found
   * he is not taken in.
   */
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

/** Swarms that are drawn to find one that makes room, and how many peers it may have. */
const EVICTION_TRIES = 16;
const EVICTABLE_PEERS = 2;

type MutableAnswer = { -readonly [Key in keyof SwarmAnswer]: SwarmAnswer[Key] };

/**
 * Swarms in memory: a few large typed arrays, no object for a swarm or a peer. An announce costs the same whatever the
 * number of swarms, and what a call does is bounded.
 */
export class MemorySwarmStore implements SwarmStore {
  readonly #options: Required<MemorySwarmStoreOptions>;
  readonly #random: () => number;
  readonly #table: SwarmTable;
  readonly #v4: PeerRows;
  readonly #v6: PeerRows;
  readonly #totals = new SwarmTotals();
  readonly #silent: SilentPeers;
  readonly #sampler4: PeerSampler;
  readonly #sampler6: PeerSampler;
  readonly #infoHash = new Uint32Array(5);
  readonly #infoHashBytes = new Uint8Array(this.#infoHash.buffer);
  readonly #answer: MutableAnswer;

  /** `random` gives numbers in [0, 1), by which peers are chosen; `secretWord` 32-bit words for the tables' key. */
  constructor(
    random: () => number,
    options: MemorySwarmStoreOptions = {},
    secretWord: () => number = () => random() * 0x1_0000_0000,
  ) {
    this.#options = { ...DEFAULT_STORE_OPTIONS, ...options };
    this.#random = random;
    const hash = new KeyedHash(secretWord(), secretWord());
    this.#table = new SwarmTable(hash);
    this.#v4 = new PeerRows(4, hash);
    this.#v6 = new PeerRows(6, hash);
    this.#sampler4 = new PeerSampler(this.#v4, random);
    this.#sampler6 = new PeerSampler(this.#v6, random);
    const memory: SwarmMemory = { table: this.#table, v4: this.#v4, v6: this.#v6, totals: this.#totals };
    this.#silent = new SilentPeers(memory, this.#options.peerLifetimeMs);
    this.#answer = { ...NO_COUNTS, peers: EMPTY_SAMPLE, peers6: EMPTY_SAMPLE };
  }

  announce(announce: SwarmAnnounce, now: number): SwarmAnswer {
    this.#silent.sweep(now);
    const { event, entry, infoHash } = announce;
    for (let i = 0; i < 20; i++) this.#infoHashBytes[i] = infoHash[i]!;
    let swarm = this.#table.find(this.#infoHash);
    if (swarm < 0) {
      if (event === "stopped") return this.#give(NO_COUNTS, EMPTY_SAMPLE, EMPTY_SAMPLE);
      if (this.#table.size >= this.#options.maxSwarmCount && !this.#evict(-1))
        throw refusal("this tracker has no room for another torrent");
      swarm = this.#table.add(this.#infoHash);
      this.#stamp(swarm, SWARM.scannedAt, now);
    }
    const words = this.#table.wordsOf(swarm);
    const base = this.#table.baseOf(swarm);
    this.#silent.look(swarm, words, base, now);
    const isV4 = entry.length === 6;
    const rows = isV4 ? this.#v4 : this.#v6;
    const at = base + (isV4 ? SWARM.v4 : SWARM.v6);
    let row = rows.find(words, at, swarm, entry);
    const age = this.#silent.ageAt(now);
    if (event === "stopped") {
      if (row >= 0) this.#totals.over(words, base, () => rows.remove(words, at, swarm, row));
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
        this.#totals.seederCount += Number(peerClass === PEER_CLASS.seed) - Number(wasSeed);
      }
    } else if (this.#mayAdd(swarm, words, base, rows.hostCount)) {
      row = rows.add(words, at, swarm, entry, peerClass);
      this.#totals.peerCount++;
      if (peerClass === PEER_CLASS.seed) this.#totals.seederCount++;
    }
    if (row >= 0) {
      rows.touch(words, at, row, announce.peerId, age.tick);
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
      age,
    );
    const other = bothFamilies
      ? (isV4 ? this.#sampler6 : this.#sampler4).choose(
          words,
          base + (isV4 ? SWARM.v6 : SWARM.v4),
          numWant - own.count,
          -1,
          peerClass,
          withPeerIds,
          age,
        )
      : EMPTY_SAMPLE;
    return this.#give(countsAt(words, base), isV4 ? own : other, isV4 ? other : own);
  }

  scrape(infoHashes: readonly Uint8Array[], now: number): readonly SwarmCounts[] {
    this.#silent.sweep(now);
    return infoHashes.map((infoHash) => {
      this.#infoHashBytes.set(infoHash);
      const swarm = this.#table.find(this.#infoHash);
      if (swarm < 0) return NO_COUNTS;
      const words = this.#table.wordsOf(swarm);
      const base = this.#table.baseOf(swarm);
      this.#silent.look(swarm, words, base, now);
      return countsAt(words, base);
    });
  }

  stats(now: number): StoreStats {
    this.#silent.sweep(now);
    return {
      swarmCount: this.#table.size,
      peerCount: this.#totals.peerCount,
      seederCount: this.#totals.seederCount,
      byteLength: this.#table.byteLength + this.#v4.byteLength + this.#v6.byteLength,
    };
  }

  page(cursor: string | undefined, limit: number, now: number): SwarmPage {
    this.#silent.sweep(now);
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

  #mayAdd(swarm: number, words: Uint32Array, base: number, hostCount: number): boolean {
    const { maxPeersPerAddress, maxPeersPerSwarm, maxPeerCount } = this.#options;
    return (
      hostCount < maxPeersPerAddress &&
      peersAt(words, base) < maxPeersPerSwarm &&
      (this.#totals.peerCount < maxPeerCount || this.#evict(swarm))
    );
  }

  /** Lets a swarm of few peers go, another than `spared`, so that there is room; whether one was found. */
  #evict(spared: number): boolean {
    const wantsPeer = spared >= 0;
    for (let tries = 0; tries < EVICTION_TRIES; tries++) {
      const swarm = Math.floor(this.#random() * this.#table.recordCount);
      const words = this.#table.wordsOf(swarm);
      const base = this.#table.baseOf(swarm);
      const count = peersAt(words, base);
      if (swarm === spared || words[base + SWARM.next] === FREE || count > EVICTABLE_PEERS) continue;
      if (wantsPeer && count === 0) continue;
      this.#totals.over(words, base, () => {
        this.#v4.clear(words, base + SWARM.v4, swarm);
        this.#v6.clear(words, base + SWARM.v6, swarm);
      });
      this.#table.remove(swarm);
      return true;
    }
    return false;
  }

  #stamp(swarm: number, word: number, now: number): void {
    this.#table.wordsOf(swarm)[this.#table.baseOf(swarm) + word] = this.#silent.tickOf(now);
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
