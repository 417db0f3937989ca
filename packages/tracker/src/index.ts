/**
 * Trackers, the client's side: what to say to them and when (pure), and a client for HTTP, HTTPS and UDP that says it.
 * BEP 3, 7, 12, 15, 21, 23, 24, 27, 31, 34, 41, 48. The tracker itself is `@bt/tracker/server`. It does not know torrents, it keeps no timers and
 * it does not connect to the peers that it finds.
 *
 * ```ts
 * import { createTrackerClient } from "@bt/tracker";
 *
 * const client = createTrackerClient();
 * const infoHash = new Uint8Array(20).fill(1);
 * const peerId = new TextEncoder().encode("-BT0000-abcdefghijkl");
 * const answer = await client.announce("http://tracker.example/announce", {
 *   infoHash, peerId, port: 6881, uploaded: 0, downloaded: 0, left: 1000, event: "started",
 * });
 * answer.peers; // [{ host: "192.0.2.7", port: 6881 }, …]
 * ```
 *
 * @packageDocumentation
 */
// Asking a tracker.
export {
  createTrackerClient,
  type AnnounceOptions,
  type RequestOptions,
  type TrackerClient,
} from "./io/tracker-client.ts";
export { DEFAULT_CLIENT_OPTIONS, type TrackerClientOptions } from "./client-options.ts";

// When to ask which.
export { Announcer, type AnnounceOutcome, type AnnouncerInit, type AnnounceTask } from "./announcer.ts";
export { DEFAULT_ANNOUNCER_OPTIONS, type AnnouncerOptions } from "./announcer-options.ts";
export type { TrackerSnapshot, TrackerState } from "./tracker-entry.ts";
export { MAX_BACKOFF_MS, trackerBackoffMs } from "./backoff.ts";

// The codec.
export {
  buildAnnounceUrl,
  buildScrapeUrl,
  encodeAnnounceQuery,
  escapeBytes,
  type AnnounceEvent,
  type AnnounceParameters,
} from "./announce-query.ts";
export {
  decodeAnnounceResponse,
  DEFAULT_INTERVAL_MS,
  DEFAULT_RESPONSE_OPTIONS,
  MAX_INTERVAL_MS,
  type AnnounceResponse,
  type ResponseOptions,
  type TrackerPeer,
} from "./announce-response.ts";
export { decodeScrapeResponse, type ScrapeEntry, type ScrapeResponse } from "./scrape-response.ts";

// The codec of UDP (BEP 15, BEP 41), both directions; a tracker needs the other halves.
export {
  encodeUdpAnnounceRequest,
  encodeUdpConnectRequest,
  encodeUdpScrapeRequest,
} from "./udp/udp-requests.ts";
export {
  decodeUdpRequest,
  type UdpAnnounceRequest,
  type UdpConnectRequest,
  type UdpRequest,
  type UdpScrapeRequest,
} from "./udp/udp-request-decoder.ts";
export {
  encodeUdpAnnounceResponse,
  encodeUdpConnectResponse,
  encodeUdpErrorResponse,
  encodeUdpScrapeResponse,
  type UdpAnnounceAnswer,
} from "./udp/udp-responses.ts";
export { decodeUdpResponse, udpTransactionIdOf, type UdpResponse } from "./udp/udp-response-decoder.ts";
export {
  MAX_UDP_SCRAPE_HASHES,
  UDP_CONNECTION_ID_CLIENT_MS,
  UDP_CONNECTION_ID_LENGTH,
  UDP_CONNECTION_ID_SERVER_MS,
} from "./udp/udp-constants.ts";

// Conversations over UDP, without a socket.
export { UdpExchanges, type UdpStep } from "./udp/udp-exchanges.ts";
export type { UdpAnswer, UdpQuestion } from "./udp/udp-question.ts";
export { DEFAULT_UDP_EXCHANGE_OPTIONS, type UdpExchangeOptions } from "./udp/udp-exchange-options.ts";

// Their addresses.
export {
  MAX_TRACKER_URL_LENGTH,
  formatTrackerUrl,
  parseTrackerUrl,
  type TrackerScheme,
  type TrackerUrl,
} from "./tracker-url.ts";
export { parseProxyUrl, type ProxyUrl } from "./proxy-url.ts";
export { ProxyHandshake, type ProxyCommand, type ProxyTarget } from "./proxy-handshake.ts";
export { isSameOrigin, resolveRedirect } from "./redirect.ts";
export { parseTrackerRecord, preferredUrls, type TrackerRecord } from "./dns-preferences.ts";
export { addressScope, type AddressScope } from "./address-scope.ts";
export { refuseAddress, type AddressRefusal, type GuardedRequest } from "./address-guard.ts";

export { TrackerError, type TrackerErrorCode, type TrackerErrorDetails } from "./errors.ts";
