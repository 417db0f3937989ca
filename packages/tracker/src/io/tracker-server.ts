import http from "node:http";
import type { AddressInfo } from "node:net";
import { encodeCompactEndpoints, formatHex } from "@bt/primitives";
import { TrackerError } from "../errors.ts";
import { parseAnnounceRequest, parseScrapeRequest, refusal } from "../server/announce-request.ts";
import { encodeAnnounceAnswer, encodeFailure, encodeScrapeAnswer } from "../server/encode-answer.ts";
import { MemorySwarmStore } from "../server/memory-swarm-store.ts";
import { DEFAULT_SERVER_OPTIONS, type TrackerServerOptions } from "../server/server-options.ts";
import type { StoreStats, SwarmStore } from "../server/swarm-store.ts";

/** A client that is slower than this with its request is cut off. */
const REQUEST_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_TIMEOUT_MS = 5_000;
/** No client's announce is above 2 KiB; a scrape of 74 hashes takes 5.4 KiB. */
const MAX_HEADER_LENGTH = 16_384;

export interface TrackerServerStats extends StoreStats {
  readonly announceCount: number;
  readonly scrapeCount: number;
  /** Requests answered with a failure reason. */
  readonly refusedCount: number;
}

export interface TrackerServer {
  /** The port that is listened on. */
  readonly port: number;
  /** `http://host:port/announce`, with 127.0.0.1 as host where all addresses are listened on. */
  readonly announceUrl: string;
  stats(): Promise<TrackerServerStats>;
  /** Ends all connections; resolves when the port is free again. */
  close(): Promise<void>;
}

/**
 * An HTTP tracker: `/announce` and `/scrape` (BEP 3, 7, 23, 24, 48). Peers are known by the address of their socket and
 * the port they name; `ip=` and proxy headers are not believed.
 * @throws TrackerError `TRACKER_LISTEN_FAILED`.
 */
export async function createTrackerServer(options: TrackerServerOptions = {}): Promise<TrackerServer> {
  const settings = { ...DEFAULT_SERVER_OPTIONS, ...options };
  const { intervalMs, maxNumWant, defaultNumWant, maxScrapeHashes } = settings;
  const minIntervalMs = Math.min(settings.minIntervalMs, intervalMs);
  // A client that misses one announce stays; the minute is for its jitter.
  const lifetime = { peerLifetimeMs: 2 * Math.max(intervalMs, 1_000) + 60_000, ...options };
  const store: SwarmStore = options.store ?? new MemorySwarmStore(Math.random, lifetime);
  const allowed = options.allowList && new Set([...options.allowList].map((hex) => hex.toLowerCase()));
  const isAllowed = (infoHash: Uint8Array): boolean =>
    allowed === undefined || allowed.has(formatHex(infoHash));
  const counts = { announceCount: 0, scrapeCount: 0, refusedCount: 0 };

  async function announce(query: string, remoteAddress: string): Promise<Uint8Array> {
    counts.announceCount++;
    const request = parseAnnounceRequest(query);
    if (!isAllowed(request.infoHash)) throw refusal("this tracker does not serve that torrent");
    const entry = compactEntry(remoteAddress, request.port);
    const numWant = Math.min(request.numWant ?? defaultNumWant, maxNumWant);
    const { infoHash, peerId, isSeed, event } = request;
    const answer = await store.announce(
      { infoHash, peerId, entry, isSeed, event, numWant },
      performance.now(),
    );
    return encodeAnnounceAnswer(answer, request, {
      intervalMs,
      minIntervalMs,
      clientAddress: entry.subarray(0, -2),
    });
  }

  async function scrape(query: string): Promise<Uint8Array> {
    counts.scrapeCount++;
    const infoHashes = parseScrapeRequest(query, maxScrapeHashes).filter(isAllowed);
    const unique = [...new Map(infoHashes.map((infoHash) => [formatHex(infoHash), infoHash])).values()];
    const rows = await store.scrape(unique, performance.now());
    return encodeScrapeAnswer(unique.map((infoHash, i) => [infoHash, rows[i]!]));
  }

  async function answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const target = request.url ?? "";
    const queryAt = target.indexOf("?");
    const path = queryAt < 0 ? target : target.slice(0, queryAt);
    const query = queryAt < 0 ? "" : target.slice(queryAt + 1);
    request.resume(); // a body is not looked at
    if (path !== "/announce" && path !== "/scrape")
      return send(response, 404, "no such page on this tracker\n");
    if (request.method !== "GET" && request.method !== "HEAD") return send(response, 405, "only GET\n");
    try {
      const body = path === "/announce" ? announce(query, request.socket.remoteAddress ?? "") : scrape(query);
      send(response, 200, await body);
    } catch (error) {
      counts.refusedCount++;
      const isRefusal = error instanceof TrackerError && error.code === "TRACKER_FAILURE";
      send(
        response,
        200,
        encodeFailure(isRefusal ? error : refusal("the tracker has trouble, try again later")),
      );
    }
  }

  const server = http.createServer(
    {
      maxHeaderSize: MAX_HEADER_LENGTH,
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      connectionsCheckingInterval: 1_000,
    },
    (request, response) => void answer(request, response),
  );
  server.maxConnections = settings.maxConnectionCount;
  await listen(server, settings.port, settings.host);
  const { port, address } = server.address() as AddressInfo;

  return {
    port,
    announceUrl: `http://${shownHost(address)}:${port}/announce`,
    stats: async () => ({ ...(await store.stats(performance.now())), ...counts }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: http.Server, port: number, host: string | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (cause: Error): void =>
      reject(
        new TrackerError("TRACKER_LISTEN_FAILED", `the tracker cannot listen on port ${port}`, {
          data: { port },
          cause,
        }),
      );
    server.once("error", onError);
    server.listen(port, host, () => {
      server.off("error", onError);
      // A connection that cannot be taken (no file descriptors left) must not end the program; others still can.
      server.on("error", () => undefined);
      resolve();
    });
  });
}

function send(response: http.ServerResponse, status: number, body: string | Uint8Array): void {
  response.writeHead(status, {
    "content-type": "text/plain; charset=utf-8",
    "content-length": Buffer.byteLength(body),
  });
  response.end(body);
}

/** The compact entry of a socket's address; an IPv4 address that comes over an IPv6 socket is IPv4. */
function compactEntry(remoteAddress: string, port: number): Uint8Array {
  const host = remoteAddress.replace(/^::ffff:(?=[0-9]+\.)/i, "").split("%", 1)[0]!;
  const entry = encodeCompactEndpoints([{ host, port }], host.includes(":") ? 6 : 4);
  if (entry.length === 0) throw refusal("the address of the connection is not known");
  return entry;
}

function shownHost(address: string): string {
  if (address === "::" || address === "0.0.0.0") return "127.0.0.1";
  return address.includes(":") ? `[${address}]` : address;
}
