import type { PeerRows, RowAge } from "./peer-rows.ts";
import { peersAt, type SwarmTotals } from "./swarm-counts.ts";
import { FAMILY, FREE, SWARM, type SwarmTable } from "./swarm-table.ts";

/** A peer's age is kept in ticks of which a lifetime has so many: 3.6 s by default. */
const TICKS_PER_LIFETIME = 1_024;
/** Each row is looked at so many times in a lifetime; at 1,000,000 peers that is 5,500 rows a second, 50 µs. */
const SCANS_PER_LIFETIME = 20;
/**
 * What one call may spend on removing silent peers, in rows looked at: half a millisecond, so that no call holds up the others.
 * What is left over is done by the calls that follow.
 */
const MAX_CALL_COST = 4_096;
/** A removal costs as much as looking at so many rows. */
const REMOVAL_COST = 8;
/** Rows that are looked at in one go. */
const STEP_ROWS = 512;
/** A swarm that is not larger is looked through as a whole when somebody asks for it and it is time. */
const SMALL_SWARM_PEERS = 1_024;

/** What the store's parts share. */
export interface SwarmMemory {
  readonly table: SwarmTable;
  readonly v4: PeerRows;
  readonly v6: PeerRows;
  readonly totals: SwarmTotals;
}

/**
 * Lets go of peers that were silent for a lifetime. There is no timer: each call of the store does its share, which is
 * bounded, and goes round all swarms at a pace that brings it past each row `SCANS_PER_LIFETIME` times in a lifetime.
 */
export class SilentPeers {
  readonly #memory: SwarmMemory;
  readonly #lifetimeMs: number;
  readonly #tickMs: number;
  /** What this call may still spend. */
  #budget = 0;
  /** The swarm whose turn it is, and behind which of its rows to go on. */
  #swarmAt = 0;
  #rowEnd = Infinity;
  /** Rows and swarms that are owed, a fraction included. */
  #debt = 0;
  #sweptAt: number | undefined;

  constructor(memory: SwarmMemory, lifetimeMs: number) {
    this.#memory = memory;
    this.#lifetimeMs = lifetimeMs;
    this.#tickMs = Math.max(1, lifetimeMs / TICKS_PER_LIFETIME);
  }

  /** Wraps after 2^32 ticks; ages are differences and do not mind. */
  tickOf(now: number): number {
    return Math.floor(now / this.#tickMs) >>> 0;
  }

  ageAt(now: number): RowAge {
    return { tick: this.tickOf(now), lifetime: Math.round(this.#lifetimeMs / this.#tickMs) };
  }

  /** To be told at the begin of each call. */
  sweep(now: number): void {
    this.#budget = MAX_CALL_COST;
    const elapsed = now - (this.#sweptAt ?? now);
    if (elapsed === 0 && this.#sweptAt !== undefined) return;
    this.#sweptAt = now;
    const { table, totals } = this.#memory;
    const total = table.recordCount + totals.peerCount;
    this.#debt = Math.min(this.#debt + (elapsed * SCANS_PER_LIFETIME * total) / this.#lifetimeMs, total);
    while (this.#debt >= 1 && this.#budget > 0) this.#debt -= this.#step(now);
  }

  /** Looks through a swarm that is asked for, when it is time; a large one is left to the sweep. */
  look(swarm: number, words: Uint32Array, base: number, now: number): void {
    if (this.#budget <= 0 || peersAt(words, base) > SMALL_SWARM_PEERS || !this.#isDue(words, base, now))
      return;
    this.#expire(SWARM.v4, words, base, swarm, 0, Infinity, now);
    this.#expire(SWARM.v6, words, base, swarm, 0, Infinity, now);
    this.#looked(words, base, now);
  }

  #isDue(words: Uint32Array, base: number, now: number): boolean {
    const age = (this.tickOf(now) - words[base + SWARM.scannedAt]!) >>> 0;
    return age * this.#tickMs * SCANS_PER_LIFETIME >= this.#lifetimeMs;
  }

  #looked(words: Uint32Array, base: number, now: number): void {
    words[base + SWARM.scannedAt] = this.tickOf(now);
    this.#memory.v4.compact(words, base + SWARM.v4);
    this.#memory.v6.compact(words, base + SWARM.v6);
  }

  /** The rows `from` to `to` of one family. */
  #expire(
    family: number,
    words: Uint32Array,
    base: number,
    swarm: number,
    from: number,
    to: number,
    now: number,
  ): void {
    const at = base + family;
    const before = words[at + FAMILY.peerCount]!;
    const end = Math.min(to, before);
    if (from >= end) return;
    const rows = family === SWARM.v4 ? this.#memory.v4 : this.#memory.v6;
    this.#memory.totals.over(words, base, () => rows.expire(words, at, swarm, this.ageAt(now), from, end));
    this.#budget -= end - from + REMOVAL_COST * (before - words[at + FAMILY.peerCount]!);
  }

  /** Some rows of the swarm whose turn it is, from its end; returns how many, and one for the swarm. */
  #step(now: number): number {
    const { table } = this.#memory;
    if (this.#swarmAt >= table.recordCount) this.#swarmAt = 0;
    const swarm = this.#swarmAt;
    const words = table.wordsOf(swarm);
    const base = table.baseOf(swarm);
    this.#budget--;
    if (words[base + SWARM.next] === FREE) return this.#next(0);
    let rowCount = 0;
    if (this.#rowEnd !== Infinity || this.#isDue(words, base, now)) {
      // The rows of both families are numbered through, IPv6 behind IPv4.
      const count4 = words[base + SWARM.v4 + FAMILY.peerCount]!;
      const end = Math.min(this.#rowEnd, peersAt(words, base));
      const begin = Math.max(0, end - STEP_ROWS);
      rowCount = end - begin;
      this.#expire(SWARM.v6, words, base, swarm, Math.max(0, begin - count4), end - count4, now);
      this.#expire(SWARM.v4, words, base, swarm, begin, Math.min(end, count4), now);
      this.#rowEnd = begin;
      if (begin > 0) return 1 + rowCount;
      this.#looked(words, base, now);
    }
    const silenceMs = ((this.tickOf(now) - words[base + SWARM.touchedAt]!) >>> 0) * this.#tickMs;
    // A swarm without peers stays for a lifetime, so that its count of downloads does.
    if (peersAt(words, base) === 0 && silenceMs > this.#lifetimeMs) table.remove(swarm);
    return this.#next(rowCount);
  }

  #next(rowCount: number): number {
    this.#swarmAt++;
    this.#rowEnd = Infinity;
    return 1 + rowCount;
  }
}
