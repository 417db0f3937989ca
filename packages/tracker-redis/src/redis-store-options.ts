export interface RedisStoreOptions {
  /** A peer that has not announced for so long has left: a little more than twice the tracker's interval. */
  readonly peerLifetimeMs?: number;
  /** A swarm with so many peers answers newcomers but does not take them in. */
  readonly maxPeersPerSwarm?: number;
  /** Peers of one address (IPv6: of one /64) in one swarm. */
  readonly maxPeersPerAddress?: number;
  /** What all keys begin with: several trackers can share one server. */
  readonly keyPrefix?: string;
  /** Requests that wait for Redis; more are refused with a wish to try again. */
  readonly maxPendingCount?: number;
  /** A request that Redis has not answered by then is refused. */
  readonly commandTimeoutMs?: number;
  /** The pause between attempts to connect again grows up to this. */
  readonly maxReconnectMs?: number;
}

export const DEFAULT_REDIS_STORE_OPTIONS: Readonly<Required<RedisStoreOptions>> = Object.freeze({
  peerLifetimeMs: 3_660_000,
  maxPeersPerSwarm: 50_000,
  maxPeersPerAddress: 100,
  keyPrefix: "bt:",
  maxPendingCount: 10_000,
  commandTimeoutMs: 3_000,
  maxReconnectMs: 2_000,
});
