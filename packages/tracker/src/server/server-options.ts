import type { MemorySwarmStoreOptions } from "./memory-swarm-store.ts";
import type { SwarmStore } from "./swarm-store.ts";

export interface TrackerServerOptions extends MemorySwarmStoreOptions {
  /** Numeric address or name to listen on; all addresses of the machine when absent. */
  readonly host?: string;
  /** 0 for a free one. */
  readonly port?: number;
  /** When clients shall come again. */
  readonly intervalMs?: number;
  /** How soon they may; at most `intervalMs`. */
  readonly minIntervalMs?: number;
  /** Peers in one answer at most. */
  readonly maxNumWant?: number;
  /** Peers for a client that names no number. */
  readonly defaultNumWant?: number;
  /** Info-hashes (40 hexadecimal digits) that are served; all when absent. */
  readonly allowList?: Iterable<string>;
  readonly maxScrapeHashes?: number;
  readonly maxConnectionCount?: number;
  /** Swarms kept elsewhere than in this process's memory; the caps on peers are then that store's own. */
  readonly store?: SwarmStore;
}

export const DEFAULT_SERVER_OPTIONS: Readonly<
  Required<Omit<TrackerServerOptions, keyof MemorySwarmStoreOptions | "host" | "allowList" | "store">>
> = Object.freeze({
  port: 0,
  intervalMs: 1_800_000,
  minIntervalMs: 60_000,
  maxNumWant: 200,
  defaultNumWant: 50, // BEP 3 names no number; trackers and clients agree on 50
  maxScrapeHashes: 74, // what one UDP scrape holds (BEP 15)
  maxConnectionCount: 4_096,
});
