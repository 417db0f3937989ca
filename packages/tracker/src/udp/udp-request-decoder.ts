import type { AnnounceEvent } from "../announce-query.ts";
import {
  MAX_UDP_SCRAPE_HASHES,
  UDP_ACTION,
  UDP_ANNOUNCE_REQUEST_LENGTH,
  UDP_CONNECT_REQUEST_LENGTH,
  UDP_CONNECTION_ID_LENGTH,
  UDP_EVENTS,
  UDP_PROTOCOL_ID_HIGH,
  UDP_PROTOCOL_ID_LOW,
  UDP_SCRAPE_REQUEST_HEAD_LENGTH,
} from "./udp-constants.ts";
import { decodeUrlData } from "./udp-options.ts";

const HASH_LENGTH = 20;

export interface UdpConnectRequest {
  readonly action: "connect";
  /** 32 bits, to be sent back. */
  readonly transactionId: number;
}

export interface UdpAnnounceRequest {
  readonly action: "announce";
  readonly transactionId: number;
  /** 8 bytes, a view of the packet; not checked yet. */
  readonly connectionId: Uint8Array;
  /** 20 bytes each, views of the packet. */
  readonly infoHash: Uint8Array;
  readonly peerId: Uint8Array;
  /** Bytes; what is above 2⁵³ − 1 counts as that. */
  readonly downloaded: number;
  readonly left: number;
  readonly uploaded: number;
  /** `undefined` also for a number that means nothing. */
  readonly event: AnnounceEvent | undefined;
  /** The address that the client claims to have, 32 bits, 0 = none. Not to be believed. */
  readonly claimedIPv4: number;
  readonly key: number;
  /** `undefined` = the tracker's choice. */
  readonly numWant: number | undefined;
  /** 0 to 65,535. */
  readonly port: number;
  /** Path and query of the tracker's URL (BEP 41), a character for each byte; `undefined` without that option. */
  readonly urlData: string | undefined;
}

export interface UdpScrapeRequest {
  readonly action: "scrape";
  readonly transactionId: number;
  readonly connectionId: Uint8Array;
  /** At most 74 views of the packet; hashes beyond are left out. */
  readonly infoHashes: readonly Uint8Array[];
}

export type UdpRequest = UdpConnectRequest | UdpAnnounceRequest | UdpScrapeRequest;

/**
 * What a datagram asks a tracker (BEP 15, BEP 41), or `undefined` for all that is no request and is to be dropped
 * without an answer: no error is made for it, because whoever floods a tracker should cost it little. Longer packets than
 * expected are taken.
 */
export function decodeUdpRequest(packet: Uint8Array): UdpRequest | undefined {
  if (packet.length < UDP_CONNECT_REQUEST_LENGTH) return undefined;
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
  const action = view.getUint32(8);
  const transactionId = view.getUint32(12);
  if (action === UDP_ACTION.connect) {
    const isProtocol =
      view.getUint32(0) === UDP_PROTOCOL_ID_HIGH && view.getUint32(4) === UDP_PROTOCOL_ID_LOW;
    return isProtocol ? { action: "connect", transactionId } : undefined;
  }
  const connectionId = packet.subarray(0, UDP_CONNECTION_ID_LENGTH);
  if (action === UDP_ACTION.scrape) {
    return { action: "scrape", transactionId, connectionId, infoHashes: readHashes(packet) };
  }
  if (action !== UDP_ACTION.announce || packet.length < UDP_ANNOUNCE_REQUEST_LENGTH) return undefined;
  const numWant = view.getInt32(92);
  return {
    action: "announce",
    transactionId,
    connectionId,
    infoHash: packet.subarray(16, 36),
    peerId: packet.subarray(36, 56),
    downloaded: getUint64(view, 56),
    left: getUint64(view, 64),
    uploaded: getUint64(view, 72),
    event: UDP_EVENTS[view.getUint32(80)],
    claimedIPv4: view.getUint32(84),
    key: view.getUint32(88),
    numWant: numWant < 0 ? undefined : numWant,
    port: view.getUint16(96),
    urlData: decodeUrlData(packet, UDP_ANNOUNCE_REQUEST_LENGTH),
  };
}

function readHashes(packet: Uint8Array): Uint8Array[] {
  const hashes: Uint8Array[] = [];
  for (
    let at = UDP_SCRAPE_REQUEST_HEAD_LENGTH;
    at + HASH_LENGTH <= packet.length && hashes.length < MAX_UDP_SCRAPE_HASHES;
    at += HASH_LENGTH
  ) {
    hashes.push(packet.subarray(at, at + HASH_LENGTH));
  }
  return hashes;
}

function getUint64(view: DataView, at: number): number {
  return Math.min(view.getUint32(at) * 0x1_0000_0000 + view.getUint32(at + 4), Number.MAX_SAFE_INTEGER);
}
