/** Where an endpoint was heard of; trackers are the most reliable (libtorrent's order of peer sources). */
export type PeerSource = "user" | "tracker" | "incoming";

export interface DialCandidate {
  readonly failureCount: number;
  readonly source: PeerSource;
  /** When it was dialled last; -Infinity when it never was. */
  readonly dialledAt: number;
}

export type DialOrder = (a: DialCandidate, b: DialCandidate) => number;

const SOURCE_RANK: Readonly<Record<PeerSource, number>> = { user: 0, tracker: 1, incoming: 2 };

/** Fewest failures first, then the longest not tried, then by source (libtorrent's candidate order). Negative: `a` first. */
export const dialOrder: DialOrder = (a, b) => {
  if (a.failureCount !== b.failureCount) return a.failureCount - b.failureCount;
  if (a.dialledAt !== b.dialledAt) return a.dialledAt - b.dialledAt;
  return SOURCE_RANK[a.source] - SOURCE_RANK[b.source];
};
