/** What the choker knows of a peer when it decides. Rates in bytes per second, instants in monotonic ms. */
export interface ChokeCandidate {
  readonly interested: boolean;
  readonly unchoked: boolean;
  /** Holds an optimistic slot now. */
  readonly optimistic: boolean;
  /** It let requests of ours run into their timeout: it does not deserve a regular slot. */
  readonly snubbed: boolean;
  /** From the peer to us. */
  readonly downRate: number;
  /** From us to the peer. */
  readonly upRate: number;
  /** When it was unchoked last; -Infinity when it never was. */
  readonly unchokedAt: number;
  /** Bytes we sent it since then. */
  readonly sentSinceUnchoke: number;
}

export interface ChokeRules {
  /** Peers that are unchoked at once, optimistic ones included. */
  readonly slots: number;
  /** Of these, how many go to peers regardless of what they give. */
  readonly optimisticSlots: number;
  /** An optimistic unchoke lasts at least this long. */
  readonly optimisticMs: number;
  /** Seeding: a peer keeps its slot until it was served this long … */
  readonly seedTurnMs: number;
  /** … and this many bytes. */
  readonly seedTurnLength: number;
}

/** libtorrent's values (unchoke_slots_limit 8, a fifth of it optimistic, 30 s; seeding quota 20 pieces and 60 s). */
export const DEFAULT_CHOKE_RULES: ChokeRules = Object.freeze({
  slots: 8,
  optimisticSlots: 1,
  optimisticMs: 30_000,
  seedTurnMs: 60_000,
  seedTurnLength: 20 * 1024 * 1024,
});

/** Who is unchoked in the next round, and who of them optimistically. */
export interface ChokeDecision<C> {
  readonly regular: readonly C[];
  readonly optimistic: readonly C[];
}

export type ChokePolicy = <C extends ChokeCandidate>(
  candidates: readonly C[],
  seeding: boolean,
  now: number,
  rules: ChokeRules,
) => ChokeDecision<C>;

/**
 * Tit for tat (BEP 3 "choking", Cohen 2003): leeching, the peers that give us most get the slots; an optimistic slot
 * goes in turn to whoever waited longest, so that newcomers can show what they give (libtorrent's order). Seeding, the
 * slots go round robin in turns of time and bytes, so that the whole swarm gets the data and not just its fastest.
 */
export const titForTat: ChokePolicy = (candidates, seeding, now, rules) => {
  const waiting = candidates.filter((peer) => peer.interested);
  const regularSlots = Math.max(0, rules.slots - (waiting.length > rules.slots ? rules.optimisticSlots : 0));

  const served = (peer: ChokeCandidate): boolean =>
    peer.unchoked &&
    now - peer.unchokedAt >= rules.seedTurnMs &&
    peer.sentSinceUnchoke >= rules.seedTurnLength;
  const ranked = [...waiting].sort((a, b) => {
    if (seeding) {
      // In the middle of a turn, then not served for longest, then those whose turn is over.
      const turnA = a.unchoked ? (served(a) ? 2 : 0) : 1;
      const turnB = b.unchoked ? (served(b) ? 2 : 0) : 1;
      if (turnA !== turnB) return turnA - turnB;
      return turnA === 1 ? a.unchokedAt - b.unchokedAt : b.upRate - a.upRate;
    }
    if (a.snubbed !== b.snubbed) return a.snubbed ? 1 : -1;
    if (a.downRate !== b.downRate) return b.downRate - a.downRate;
    // Equal givers keep what they have: no flapping.
    if (a.unchoked !== b.unchoked) return a.unchoked ? -1 : 1;
    return a.unchokedAt - b.unchokedAt;
  });
  const regular = ranked.slice(0, regularSlots);
  const rest = ranked.slice(regularSlots);

  const staying = rest.filter((peer) => peer.optimistic && now - peer.unchokedAt < rules.optimisticMs);
  const optimistic = staying.slice(0, rules.slots - regular.length);
  const free = rules.slots - regular.length - optimistic.length;
  if (free > 0) {
    const fresh = rest
      .filter((peer) => !optimistic.includes(peer))
      .sort((a, b) => a.unchokedAt - b.unchokedAt);
    optimistic.push(...fresh.slice(0, free));
  }
  return { regular, optimistic };
};
