import type { AccessLists } from "./access-rules.ts";
import type { MemorySwarmStoreOptions } from "./memory-swarm-store.ts";
import type { RateLimiterOptions } from "./rate-limiter.ts";
import type { ServerClock } from "./server-clock.ts";
import type { SwarmStore } from "./swarm-store.ts";

export interface TrackerServerOptions
  extends MemorySwarmStoreOptions, AccessLists, Partial<RateLimiterOptions> {
  /** Numeric addresses or names to listen on; all addresses of the machine, IPv4 and IPv6, when absent. */
  readonly host?: string | readonly string[] | undefined;
  /** HTTP; 0 for a free one, `null` for no HTTP. */
  readonly port?: number | null | undefined;
  /** UDP; 0 for a free one (the same as HTTP's, if that is free), absent or `null` for no UDP. */
  readonly udpPort?: number | null | undefined;
  /** When clients shall come again. */
  readonly intervalMs?: number;
  /** How soon they may; at most `intervalMs`. */
  readonly minIntervalMs?: number;
  /** The interval is drawn from its last so much, so that clients which came together spread; 0 to 0.5. */
  readonly intervalJitter?: number;
  /** Peers in one answer at most. */
  readonly maxNumWant?: number;
  /** Peers for a client that names no number. */
  readonly defaultNumWant?: number;
  readonly maxScrapeHashes?: number;
  /** Answer a scrape that names no info-hash with all swarms, as long as there are at most `maxFullScrapeSwarms`. */
  readonly fullScrape?: boolean;
  readonly maxFullScrapeSwarms?: number;
  readonly maxConnectionCount?: number;
  /** Of one address; those of `trustedProxies` do not count. */
  readonly maxConnectionsPerAddress?: number;
  /** Believe `ip=`, and the address in a UDP announce. Only for trackers whose clients are all trusted. */
  readonly trustClaimedAddress?: boolean;
  /** Addresses or networks (`10.0.0.0/8`) of reverse proxies, whose `forwardedHeader` names the client. */
  readonly trustedProxies?: readonly string[];
  readonly forwardedHeader?: string;
  /**
   * Key of UDP connection ids, 8 bytes: the same for all trackers behind one address. When absent it is the store's, or random.
   */
  readonly connectionIdKey?: Uint8Array | undefined;
  /** Swarms kept elsewhere than in this process's memory; the caps on peers are then that store's own. */
  readonly store?: SwarmStore | undefined;
  /** Another clock than the machine's, for tests. */
  readonly clock?: ServerClock | undefined;
  /** Other pages: what a GET of `path` is answered with, `undefined` for 404. It must not throw. */
  readonly page?: ((path: string) => TrackerPage | undefined | Promise<TrackerPage | undefined>) | undefined;
}

export interface TrackerPage {
  readonly contentType: string;
  readonly body: string;
}

export const DEFAULT_SERVER_OPTIONS: Readonly<
  Required<
    Omit<
      TrackerServerOptions,
      | keyof MemorySwarmStoreOptions
      | keyof AccessLists
      | "host"
      | "udpPort"
      | "store"
      | "page"
      | "clock"
      | "connectionIdKey"
    >
  >
> = Object.freeze({
  port: 0,
  intervalMs: 1_800_000,
  minIntervalMs: 60_000,
  intervalJitter: 0.1,
  maxNumWant: 200,
  defaultNumWant: 50, // BEP 3 names no number; trackers and clients agree on 50
  maxScrapeHashes: 74, // what one UDP scrape holds (BEP 15)
  fullScrape: false,
  maxFullScrapeSwarms: 10_000,
  maxConnectionCount: 4_096,
  maxConnectionsPerAddress: 256,
  // A seed box with 5,000 torrents announces three times a second, and all at once when it starts.
  requestsPerSecond: 100,
  requestBurst: 10_000,
  trustClaimedAddress: false,
  trustedProxies: Object.freeze([]),
  forwardedHeader: "x-forwarded-for",
});
