/**
 * BitTorrent sessions: torrents, peers, choking, rate limits. The one package where the protocol layers meet. It has
 * no socket, file, clock or chance of its own: all of that comes in through ports, so that whole swarms run in a test on
 * a virtual clock. `@bt/engine/node` brings the real ports:
 *
 * ```ts
 * import { readFile } from "node:fs/promises";
 * import { createNodeSession } from "@bt/engine/node";
 *
 * const session = await createNodeSession();
 * const torrent = session.add(await readFile("debian.torrent"), { root: "downloads" });
 * torrent.on("piece", () => console.log(torrent.snapshot().verifiedLength));
 * await torrent.done;
 * await session.close();
 * ```
 *
 * @packageDocumentation
 */

// Sessions and torrents
export { createSession, Session, type AddTorrentOptions, type SessionOptions } from "./session.ts";
export { Torrent, type TorrentEvents } from "./torrent.ts";
export type { TorrentFile } from "./torrent-file.ts";
export type { FilePriority } from "./core/file-priority.ts";
export type { TorrentStatus } from "./core/torrent-state.ts";
export type { PeerSnapshot, TorrentSnapshot } from "./snapshot.ts";
export type { Explanation } from "./explain.ts";
export { EngineError, type EngineErrorCode } from "./errors.ts";

// What it needs from outside
export type {
  Clock,
  DiskPort,
  EnginePorts,
  Listener,
  PieceSink,
  Random,
  ReadTarget,
  Stream,
  StreamHandler,
  TorrentDisk,
  TrackerPort,
  Transport,
} from "./ports.ts";

// Limits and policies
export {
  DEFAULT_TORRENT_LIMITS,
  DEFAULT_TORRENT_POLICIES,
  type TorrentLimits,
  type TorrentPolicies,
} from "./options.ts";
export {
  titForTat,
  type ChokeCandidate,
  type ChokeDecision,
  type ChokePolicy,
  type ChokeRules,
} from "./policy/choke.ts";
export {
  requestDepth,
  type RequestDepth,
  type RequestDepthPolicy,
  type RequestDepthRules,
  type RequestDepthState,
} from "./policy/request-depth.ts";
export {
  requestTimeout,
  type BlockGaps,
  type RequestTimeoutPolicy,
  type RequestTimeoutRules,
} from "./policy/request-timeout.ts";
export { reconnectBackoff, type ReconnectPolicy, type ReconnectState } from "./policy/reconnect-backoff.ts";
export { dialOrder, type DialCandidate, type DialOrder, type PeerSource } from "./policy/dial-order.ts";
export { createProxyTransport } from "./proxy-transport.ts";
export { numWant, type NumWantPolicy, type NumWantState } from "./policy/num-want.ts";
export { blame, type BlameDecision, type BlamePolicy, type BlameState } from "./policy/blame.ts";
export type { Fact } from "./core/facts.ts";
