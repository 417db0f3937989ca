/**
 * A tracker to embed: announce and scrape over HTTP and UDP, IPv4 and IPv6, swarms in memory or in a store of your own,
 * everything bounded. It keeps nothing on disk: clients come back by themselves.
 *
 * ```ts
 * import { createTrackerServer } from "@bt/tracker/server";
 *
 * const tracker = await createTrackerServer({ port: 6969, udpPort: 6969 });
 * console.log(tracker.announceUrls);
 * ```
 *
 * @packageDocumentation
 */
export { createTrackerServer, type TrackerServer, type TrackerServerStats } from "./io/tracker-server.ts";
export {
  DEFAULT_SERVER_OPTIONS,
  type TrackerPage,
  type TrackerServerOptions,
} from "./server/server-options.ts";
export type { ServerClock } from "./server/server-clock.ts";
export type { TrackerCounts } from "./server/tracker-service.ts";
export { parseListFile, type AccessLists } from "./server/access-rules.ts";
export type { RateLimiterOptions } from "./server/rate-limiter.ts";

// Swarms: the store in memory, and the port for another.
export {
  DEFAULT_STORE_OPTIONS,
  MemorySwarmStore,
  type MemorySwarmStoreOptions,
} from "./server/memory-swarm-store.ts";
export type {
  PeerSample,
  StoreStats,
  SwarmAnnounce,
  SwarmAnswer,
  SwarmCounts,
  SwarmPage,
  SwarmStore,
} from "./server/swarm-store.ts";
export { refusal } from "./server/refusal.ts";

// The codec of the server's side.
export { parseAnnounceRequest, parseScrapeRequest, type AnnounceRequest } from "./server/announce-request.ts";
export { encodeAnnounceAnswer, type AnswerFacts } from "./server/encode-answer.ts";
export { TrackerError, type TrackerErrorCode } from "./errors.ts";
