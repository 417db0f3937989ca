import { randomBytes } from "node:crypto";
import type { AccessLists } from "../server/access-rules.ts";
import { ConnectionIds } from "../server/connection-ids.ts";
import { MemorySwarmStore } from "../server/memory-swarm-store.ts";
import { DEFAULT_SERVER_OPTIONS, type TrackerServerOptions } from "../server/server-options.ts";
import type { StoreStats, SwarmStore } from "../server/swarm-store.ts";
import { TrackerService, type TrackerCounts } from "../server/tracker-service.ts";
import { closeAll, listenAll } from "./listen-all.ts";
import { systemServerClock } from "./system-clock.ts";

export interface TrackerServerStats extends StoreStats, Readonly<TrackerCounts> {
  /** HTTP and UDP together. */
  readonly announceCount: number;
  readonly scrapeCount: number;
  /** HTTP connections that are open. */
  readonly connectionCount: number;
  readonly uptimeMs: number;
}

export interface TrackerServer {
  /** The port of HTTP, or of UDP where there is no HTTP. */
  readonly port: number;
  readonly udpPort: number | undefined;
  /** `http://host:port/announce`, with 127.0.0.1 as host where all addresses are listened on. */
  readonly announceUrl: string;
  /** All of them, HTTP before UDP. */
  readonly announceUrls: readonly string[];
  stats(): Promise<TrackerServerStats>;
  /** Puts other lists in the place of those that the server began with; what is absent is no longer limited. */
  setAccess(lists: AccessLists): void;
  /** Ends all connections and the store; resolves when the ports are free again. */
  close(): Promise<void>;
}

/**
 * A tracker: `/announce` and `/scrape` over HTTP (BEP 3, 7, 21, 23, 24, 31, 48) and, with `udpPort`, over UDP (BEP 15, 41),
 * on IPv4 and IPv6. Peers are known by the address of their socket and the port they name.
 * @throws TrackerError `TRACKER_LISTEN_FAILED`.
 */
export async function createTrackerServer(options: TrackerServerOptions = {}): Promise<TrackerServer> {
  const intervalMs = options.intervalMs ?? DEFAULT_SERVER_OPTIONS.intervalMs;
  // A client that misses one announce stays; the minute is for its jitter.
  const lifetime = { peerLifetimeMs: 2 * Math.max(intervalMs, 1_000) + 60_000, ...options };
  const store: SwarmStore = options.store ?? new MemorySwarmStore(Math.random, lifetime, secretWord);
  const service = new TrackerService(options, store, Math.random, secretWord);
  const keyBytes = options.connectionIdKey ?? store.connectionIdKey ?? randomBytes(8);
  const key = new DataView(Uint8Array.from(keyBytes).buffer);
  const ids = new ConnectionIds(key.getUint32(0), key.getUint32(4));
  const clock = options.clock ?? systemServerClock;
  const startedAt = clock.now();
  const listeners = await listenAll(service, ids, options, clock);

  return {
    port: (listeners.httpPort ?? listeners.udpPort)!,
    udpPort: listeners.udpPort,
    announceUrl: listeners.urls[0]!,
    announceUrls: listeners.urls,
    async stats() {
      const { counts } = service;
      return {
        ...(await store.stats(clock.now())),
        ...counts,
        announceCount: counts.httpAnnounceCount + counts.udpAnnounceCount,
        scrapeCount: counts.httpScrapeCount + counts.udpScrapeCount,
        connectionCount: listeners.http.reduce((sum, { connectionCount }) => sum + connectionCount, 0),
        uptimeMs: clock.now() - startedAt,
      };
    },
    setAccess: (lists) => service.rules.replace(lists),
    async close() {
      await closeAll(listeners);
      await store.close?.();
    },
  };
}

/** A random 32-bit word: keys of tables and connection ids must not be guessed from what was answered. */
function secretWord(): number {
  return randomBytes(4).readUInt32LE();
}
