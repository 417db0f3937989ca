import { decodeCompactEndpoints } from "@bt/primitives";
import {
  DEFAULT_INTERVAL_MS,
  DEFAULT_RESPONSE_OPTIONS,
  MAX_INTERVAL_MS,
  MAX_TEXT_LENGTH,
  type AnnounceResponse,
  type ResponseOptions,
} from "../announce-response.ts";
import { TrackerError } from "../errors.ts";
import type { ScrapeEntry } from "../scrape-response.ts";
import {
  MAX_UDP_SCRAPE_HASHES,
  UDP_ACTION,
  UDP_ANNOUNCE_RESPONSE_HEAD_LENGTH,
  UDP_CONNECT_RESPONSE_LENGTH,
  UDP_CONNECTION_ID_LENGTH,
  UDP_RESPONSE_HEAD_LENGTH,
  UDP_SCRAPE_ROW_LENGTH,
} from "./udp-constants.ts";

/** What a tracker's datagram says. */
export type UdpResponse =
  | { readonly action: "connect"; readonly transactionId: number; readonly connectionId: Uint8Array }
  | { readonly action: "announce"; readonly transactionId: number; readonly answer: AnnounceResponse }
  | { readonly action: "scrape"; readonly transactionId: number; readonly rows: readonly ScrapeEntry[] }
  | { readonly action: "error"; readonly transactionId: number; readonly error: TrackerError };

/** The transaction id of an answer, or `undefined` for a datagram that is too short to be one. */
export function udpTransactionIdOf(packet: Uint8Array): number | undefined {
  return packet.length < UDP_RESPONSE_HEAD_LENGTH ? undefined : viewOf(packet).getUint32(4);
}

/**
 * The answer in a datagram that came over `family`, which says how long an address is (BEP 15). A trailing part of a peer
 * or of a row is left out, as are peers above `maxPeerCount`.
 * @throws TrackerError `TRACKER_BAD_RESPONSE` for a packet that is too short or of no known kind.
 */
export function decodeUdpResponse(
  packet: Uint8Array,
  family: 4 | 6,
  options: ResponseOptions = {},
): UdpResponse {
  requireLeast(packet, UDP_RESPONSE_HEAD_LENGTH);
  const view = viewOf(packet);
  const transactionId = view.getUint32(4);
  switch (view.getUint32(0)) {
    case UDP_ACTION.connect:
      requireLeast(packet, UDP_CONNECT_RESPONSE_LENGTH);
      return {
        action: "connect",
        transactionId,
        connectionId: packet.slice(8, 8 + UDP_CONNECTION_ID_LENGTH),
      };
    case UDP_ACTION.announce:
      if (packet.length === UDP_RESPONSE_HEAD_LENGTH) {
        // opentracker's way of refusing a torrent that is not on its list.
        throw new TrackerError(
          "TRACKER_BAD_RESPONSE",
          "the tracker's answer is empty: it may not serve this torrent",
        );
      }
      requireLeast(packet, UDP_ANNOUNCE_RESPONSE_HEAD_LENGTH);
      return { action: "announce", transactionId, answer: readAnnounce(packet, view, family, options) };
    case UDP_ACTION.scrape:
      return { action: "scrape", transactionId, rows: readRows(packet, view) };
    case UDP_ACTION.error:
      return { action: "error", transactionId, error: readError(packet) };
    default:
      throw new TrackerError("TRACKER_BAD_RESPONSE", "the tracker sent a packet of an unknown kind");
  }
}

function readAnnounce(
  packet: Uint8Array,
  view: DataView,
  family: 4 | 6,
  options: ResponseOptions,
): AnnounceResponse {
  const maxPeerCount = options.maxPeerCount ?? DEFAULT_RESPONSE_OPTIONS.maxPeerCount;
  const end = UDP_ANNOUNCE_RESPONSE_HEAD_LENGTH + maxPeerCount * (family === 4 ? 6 : 18);
  const intervalSeconds = view.getInt32(8);
  return {
    // A negative one is no interval, as over HTTP.
    intervalMs:
      intervalSeconds < 0 ? DEFAULT_INTERVAL_MS : Math.min(intervalSeconds * 1_000, MAX_INTERVAL_MS),
    leecherCount: view.getUint32(12),
    seederCount: view.getUint32(16),
    peers: decodeCompactEndpoints(packet.subarray(UDP_ANNOUNCE_RESPONSE_HEAD_LENGTH, end), family),
  };
}

function readRows(packet: Uint8Array, view: DataView): ScrapeEntry[] {
  const rows: ScrapeEntry[] = [];
  for (
    let at = UDP_RESPONSE_HEAD_LENGTH;
    at + UDP_SCRAPE_ROW_LENGTH <= packet.length && rows.length < MAX_UDP_SCRAPE_HASHES;
    at += UDP_SCRAPE_ROW_LENGTH
  ) {
    rows.push({
      seederCount: view.getUint32(at),
      completedCount: view.getUint32(at + 4),
      leecherCount: view.getUint32(at + 8),
    });
  }
  return rows;
}

function readError(packet: Uint8Array): TrackerError {
  // Four bytes are the most that a character of UTF-8 takes; some trackers end their text with a zero.
  const bytes = packet.subarray(UDP_RESPONSE_HEAD_LENGTH, UDP_RESPONSE_HEAD_LENGTH + 4 * MAX_TEXT_LENGTH);
  const text = new TextDecoder().decode(bytes).replace(/\0+$/, "").slice(0, MAX_TEXT_LENGTH);
  const failureReason = text === "" ? "no reason given" : text;
  return new TrackerError("TRACKER_FAILURE", `the tracker refused: ${failureReason}`, { failureReason });
}

function requireLeast(packet: Uint8Array, length: number): void {
  if (packet.length >= length) return;
  throw new TrackerError("TRACKER_BAD_RESPONSE", "the tracker sent a packet that is too short", {
    data: { packetLength: packet.length, leastLength: length },
  });
}

function viewOf(packet: Uint8Array): DataView {
  return new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
}
