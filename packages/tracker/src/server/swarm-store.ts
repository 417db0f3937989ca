import type { AnnounceEvent } from "../announce-query.ts";
import type { PeerSample } from "./peer-table.ts";

/** An announce as a store takes it. */
export interface SwarmAnnounce {
  readonly infoHash: Uint8Array;
  readonly peerId: Uint8Array;
  /** The peer's compact entry: 6 bytes (IPv4) or 18 (IPv6). */
  readonly entry: Uint8Array;
  readonly isSeed: boolean;
  readonly event: AnnounceEvent | undefined;
  /** How many peers to give, the server's cap applied. */
  readonly numWant: number;
}

/** Sizes of a swarm. */
export interface SwarmCounts {
  readonly seederCount: number;
  readonly leecherCount: number;
  readonly completedCount: number;
}

export interface SwarmAnswer extends SwarmCounts {
  readonly peers: PeerSample;
  readonly peers6: PeerSample;
}

export interface StoreStats {
  readonly swarmCount: number;
  readonly peerCount: number;
}

/**
 * Where a tracker keeps who is in which swarm. The one in memory is `MemorySwarmStore`; another may keep it outside the
 * process, for several trackers. `now` is monotonic ms.
 */
export interface SwarmStore {
  /** Takes the announce in and gives peers. Rejects with a `TRACKER_FAILURE` what it does not take. */
  announce(announce: SwarmAnnounce, now: number): SwarmAnswer | Promise<SwarmAnswer>;
  /** The counts of each swarm, in the order of `infoHashes`; zeros for a swarm that is not there. */
  scrape(
    infoHashes: readonly Uint8Array[],
    now: number,
  ): readonly SwarmCounts[] | Promise<readonly SwarmCounts[]>;
  stats(now: number): StoreStats | Promise<StoreStats>;
}
