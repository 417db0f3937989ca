import { randomBytes } from "node:crypto";
import { isIPv6 } from "node:net";
import { TrackerError } from "../errors.ts";
import type { AccessLists } from "../server/access-rules.ts";
import { ConnectionIds } from "../server/connection-ids.ts";
import { MemorySwarmStore } from "../server/memory-swarm-store.ts";
import { DEFAULT_SERVER_OPTIONS, type TrackerServerOptions } from "../server/server-options.ts";
import type { StoreStats, SwarmStore } from "../server/swarm-store.ts";
import { TrackerService, type TrackerCounts } from "../server/tracker-service.ts";
import { HttpListener } from "./http-listener.ts";
import { UdpListener } from "./udp-listener.ts";

const ALL_ADDRESSES = ["0.0.0.0", "::"];
/** How often free ports are drawn until one is free everywhere. */
const PORT_TRIES = 20;

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
  const store: SwarmStore = options.store ?? new MemorySwarmStore(secureRandom, lifetime);
  const service = new TrackerService(options, store, Math.random);
  const key = new DataView(Uint8Array.from(options.connectionIdKey ?? randomBytes(8)).buffer);
  const ids = new ConnectionIds(key.getUint32(0), key.getUint32(4));
  const startedAt = performance.now();
  const listeners = await listenAll(service, ids, options);

  return {
    port: (listeners.httpPort ?? listeners.udpPort)!,
    udpPort: listeners.udpPort,
    announceUrl: listeners.urls[0]!,
    announceUrls: listeners.urls,
    async stats() {
      const { counts } = service;
      return {
        ...(await store.stats(performance.now())),
        ...counts,
        announceCount: counts.httpAnnounceCount + counts.udpAnnounceCount,
        scrapeCount: counts.httpScrapeCount + counts.udpScrapeCount,
        connectionCount: listeners.http.reduce((sum, { connectionCount }) => sum + connectionCount, 0),
        uptimeMs: performance.now() - startedAt,
      };
    },
    setAccess: (lists) => service.rules.replace(lists),
    async close() {
      await listeners.close();
      await store.close?.();
    },
  };
}

interface Listeners {
  readonly http: readonly HttpListener[];
  readonly httpPort: number | undefined;
  readonly udpPort: number | undefined;
  readonly urls: readonly string[];
  close(): Promise<void>;
}

async function listenAll(
  service: TrackerService,
  ids: ConnectionIds,
  { host, port = DEFAULT_SERVER_OPTIONS.port, udpPort }: TrackerServerOptions,
): Promise<Listeners> {
  if (port === null && (udpPort === undefined || udpPort === null))
    throw new TypeError("a tracker without HTTP and without UDP");
  const hosts = host === undefined ? ALL_ADDRESSES : typeof host === "string" ? [host] : host;
  const isDrawn = port === 0 || ((port === null || port === undefined) && udpPort === 0);
  for (let tries = 1; ; tries++) {
    const attempt = new ListenAttempt(service, ids, hosts, host === undefined);
    try {
      await attempt.http(port);
      await attempt.udp(udpPort === 0 ? (attempt.httpPort ?? 0) : udpPort, udpPort === 0);
      return attempt;
    } catch (error) {
      await attempt.close();
      const { cause } = error as TrackerError;
      const isTaken = (cause as NodeJS.ErrnoException | undefined)?.code === "EADDRINUSE";
      if (!isDrawn || !isTaken || tries === PORT_TRIES) throw error;
    }
  }
}

/** Listens on one address after the other; a port that is drawn for the first is asked of the others too. */
class ListenAttempt implements Listeners {
  readonly http_: HttpListener[] = [];
  readonly #udp: UdpListener[] = [];
  readonly urls: string[] = [];
  httpPort: number | undefined;
  udpPort: number | undefined;
  readonly #service: TrackerService;
  readonly #ids: ConnectionIds;
  readonly #hosts: readonly string[];
  readonly #isEvery: boolean;

  constructor(service: TrackerService, ids: ConnectionIds, hosts: readonly string[], isEvery: boolean) {
    this.#service = service;
    this.#ids = ids;
    this.#hosts = hosts;
    this.#isEvery = isEvery;
  }
}

/** Peers are chosen with this only once for each announce; the tables' keys must not be guessed. */
function secureRandom(): number {
  return randomBytes(4).readUInt32LE() / 0x1_0000_0000;
}
