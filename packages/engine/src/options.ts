import type { AnnouncerOptions } from "@bt/tracker";
import { DEFAULT_CHOKE_RULES, titForTat, type ChokePolicy, type ChokeRules } from "./policy/choke.ts";
import { blame, type BlamePolicy } from "./policy/blame.ts";
import { numWant, type NumWantPolicy } from "./policy/num-want.ts";
import {
  DEFAULT_REQUEST_DEPTH_RULES,
  requestDepth,
  type RequestDepthPolicy,
  type RequestDepthRules,
} from "./policy/request-depth.ts";
import {
  DEFAULT_REQUEST_TIMEOUT_RULES,
  requestTimeout,
  type RequestTimeoutPolicy,
  type RequestTimeoutRules,
} from "./policy/request-timeout.ts";

/** The numbers that a torrent keeps to. All are caps or intervals; see docs/LIMITS.md. */
export interface TorrentLimits {
  /** Connections of one torrent (Transmission: 50). */
  readonly maximumPeers: number;
  /** Dials of one torrent that have not been answered yet. */
  readonly maximumDialling: number;
  /** Requests that a peer may have waiting with us (libtorrent max_allowed_in_request_queue 2,000); told to it as `reqq`. */
  readonly maximumWaitingRequests: number;
  /** Longest block that we serve, bytes; what is longer is refused (libtorrent, Transmission: 128 KiB ends the peer). */
  readonly maximumServedLength: number;
  /** Refused requests after which a peer is dropped (libtorrent: 300). */
  readonly maximumBadRequests: number;
  /** Bytes of blocks nobody asked for after which a peer is dropped. */
  readonly maximumUnrequestedLength: number;
  /** Bytes that may wait for a peer to read them; four full batches of blocks and a long list of `have` fit. */
  readonly maximumUnsentLength: number;
  /** Pause between two choke rounds, ms (BEP 3: ten seconds). */
  readonly chokeIntervalMs: number;
  /** Silence after which we say that we are alive, ms (Transmission 100 s). */
  readonly keepAliveMs: number;
  /** Silence of the peer after which it is dropped, ms. aria2 speaks every 120 s, so a little more than that. */
  readonly silenceMs: number;
  /** A peer that can fill a whole piece within this time gets pieces of its own, ms (libtorrent whole_pieces_threshold 20 s). */
  readonly wholePieceMs: number;
  readonly choke: ChokeRules;
  readonly requestDepth: RequestDepthRules;
  readonly requestTimeout: RequestTimeoutRules;
  readonly announcer: AnnouncerOptions;
}

export const DEFAULT_TORRENT_LIMITS: TorrentLimits = Object.freeze({
  maximumPeers: 50,
  maximumDialling: 30,
  maximumWaitingRequests: 2_000,
  maximumServedLength: 131_072,
  maximumBadRequests: 300,
  maximumUnrequestedLength: 4 * 1024 * 1024,
  maximumUnsentLength: 4 * 1024 * 1024,
  chokeIntervalMs: 10_000,
  keepAliveMs: 100_000,
  silenceMs: 150_000,
  wholePieceMs: 20_000,
  choke: DEFAULT_CHOKE_RULES,
  requestDepth: DEFAULT_REQUEST_DEPTH_RULES,
  requestTimeout: DEFAULT_REQUEST_TIMEOUT_RULES,
  announcer: Object.freeze({}),
});

/** The decisions a user may replace, each a pure function. */
export interface TorrentPolicies {
  readonly choke: ChokePolicy;
  readonly requestDepth: RequestDepthPolicy;
  readonly requestTimeout: RequestTimeoutPolicy;
  readonly blame: BlamePolicy;
  readonly numWant: NumWantPolicy;
}

export const DEFAULT_TORRENT_POLICIES: TorrentPolicies = Object.freeze({
  choke: titForTat,
  requestDepth,
  requestTimeout,
  blame,
  numWant,
});
