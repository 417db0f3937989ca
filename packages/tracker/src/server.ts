/**
 * A tracker to embed: HTTP announce and scrape, swarms in memory, everything bounded. It does not do UDP yet, and it
 * keeps nothing on disk: clients come back by themselves.
 *
 * ```ts
 * import { createTrackerServer } from "@bt/tracker/server";
 *
 * const tracker = await createTrackerServer({ port: 6969 });
 * console.log(tracker.announceUrl);
 * ```
 *
 * @packageDocumentation
 */
export { createTrackerServer, type TrackerServer, type TrackerServerStats } from "./io/tracker-server.ts";
export { DEFAULT_SERVER_OPTIONS, type TrackerServerOptions } from "./server/server-options.ts";

// Swarms: the store in memory, and the port for another.
export {
  DEFAULT_STORE_OPTIONS,
  MemorySwarmStore,
  type MemorySwarmStoreOptions,
} from "./server/memory-swarm-store.ts";
export type {
  StoreStats,
  SwarmAnnounce,
  SwarmAnswer,
  SwarmCounts,
  SwarmStore,
} from "./server/swarm-store.ts";
export type { PeerSample } from "./server/peer-table.ts";

// The codec of the server's side.
export { parseAnnounceRequest, parseScrapeRequest, type AnnounceRequest } from "./server/announce-request.ts";
export {
  encodeAnnounceAnswer,
  encodeFailure,
  encodeScrapeAnswer,
  type AnswerFacts,
} from "./server/encode-answer.ts";
export { TrackerError, type TrackerErrorCode } from "./errors.ts";
