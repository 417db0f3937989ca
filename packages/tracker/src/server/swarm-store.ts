import type { AnnounceEvent } from "../announce-query.ts";

/** An announce as a store takes it. A store that needs it after it has returned copies it: the server uses it again. */
export interface SwarmAnnounce {
  /** 20 bytes. */
  readonly infoHash: Uint8Array;
  /** 20 bytes. */
  readonly peerId: Uint8Array;
  /** The peer's compact entry: 6 bytes (IPv4, BEP 23) or 18 (IPv6, BEP 7). It is who the peer is. */
  readonly entry: Uint8Array;
  readonly isSeed: boolean;
  /** `paused` makes a partial seed of a peer that is no seed (BEP 21). */
  readonly event: AnnounceEvent | undefined;
  /** How many peers to give at most, the server's cap applied. */
  readonly numWant: number;
  /** Give the other address family too, after the peer's own; default true. */
  readonly bothFamilies?: boolean;
  /** Give the peers' ids; default true. */
  readonly withPeerIds?: boolean;
}

/** Sizes of a swarm. */
export interface SwarmCounts {
  readonly seederCount: number;
  /** All who are no seeds, partial seeds among them. */
  readonly leecherCount: number;
  /** Partial seeds (BEP 21): `leecherCount` minus these are downloaders. */
  readonly pausedCount: number;
  readonly completedCount: number;
}

/** Some peers of a swarm as they go into an answer. */
export interface PeerSample {
  readonly count: number;
  /** BEP 23 or BEP 7 entries, one after the other; there may be more bytes than `count` entries. */
  readonly compact: Uint8Array;
  /** The ids that belong to the entries, 20 bytes each, in the same order; undefined bytes when ids were not wanted. */
  readonly peerIds: Uint8Array;
}

/** What `announce` answers. One that does not come as a promise is good until the store is called again. */
export interface SwarmAnswer extends SwarmCounts {
  readonly peers: PeerSample;
  readonly peers6: PeerSample;
}

export interface StoreStats {
  readonly swarmCount: number;
  readonly peerCount: number;
  readonly seederCount: number;
  /** Memory that the store holds, when it knows. */
  readonly byteLength: number | undefined;
}

/** Some swarms, in no particular order, and where to go on; `cursor` is undefined after the last. */
export interface SwarmPage {
  readonly rows: readonly (readonly [infoHash: Uint8Array, counts: SwarmCounts])[];
  readonly cursor: string | undefined;
}

/**
 * Where a tracker keeps who is in which swarm. `MemorySwarmStore` keeps it in this process; another may keep it outside, for
 * several trackers. What is at hand is answered at once and not as a promise: a promise for each announce costs as much
 * as the announce. `now` is monotonic ms.
 */
export interface SwarmStore {
  /** Takes the announce in and gives peers. Throws or rejects with a `TRACKER_FAILURE` what it does not take. */
  announce(announce: SwarmAnnounce, now: number): SwarmAnswer | Promise<SwarmAnswer>;
  /** The counts of each swarm, in the order of `infoHashes`; zeros for a swarm that is not there. */
  scrape(
    infoHashes: readonly Uint8Array[],
    now: number,
  ): readonly SwarmCounts[] | Promise<readonly SwarmCounts[]>;
  stats(now: number): StoreStats | Promise<StoreStats>;
  /** About `limit` swarms from `cursor` on (undefined: from the beginning), for a scrape of everything. */
  page?(cursor: string | undefined, limit: number, now: number): SwarmPage | Promise<SwarmPage>;
  /**
   * A store of several trackers holds the key of their UDP connection ids, 8 bytes, so that each takes the ids that another gave:
   * two datagrams of a client need not come to the same one.
   */
  readonly connectionIdKey?: Uint8Array;
  close?(): void | Promise<void>;
}
