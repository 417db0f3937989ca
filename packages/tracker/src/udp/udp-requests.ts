import type { AnnounceParameters } from "../announce-query.ts";
import { requireCount, requireLength } from "../argument-checks.ts";
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
import { encodeUrlData } from "./udp-options.ts";

const HASH_LENGTH = 20;
const UINT32 = 0x1_0000_0000;

/** "I would like a connection id" (BEP 15). @throws RangeError */
export function encodeUdpConnectRequest(transactionId: number): Uint8Array {
  const packet = new Uint8Array(UDP_CONNECT_REQUEST_LENGTH);
  const view = new DataView(packet.buffer);
  view.setUint32(0, UDP_PROTOCOL_ID_HIGH);
  view.setUint32(4, UDP_PROTOCOL_ID_LOW);
  view.setUint32(8, UDP_ACTION.connect);
  view.setUint32(12, requireCount("transactionId", transactionId, UINT32 - 1));
  return packet;
}

/**
 * An announce (BEP 15), the same over IPv4 and IPv6: the tracker takes our address from the socket. `trackerId` and
 * `supportsEncryption` have no place in it. `urlData` is the path and query of the tracker's URL (BEP 41); when empty
 * there is no option.
 * @throws RangeError for a value outside its range.
 */
export function encodeUdpAnnounceRequest(
  connectionId: Uint8Array,
  transactionId: number,
  parameters: AnnounceParameters,
  urlData = "",
): Uint8Array {
  const { infoHash, peerId, event, numWant } = parameters;
  requireLength("infoHash", infoHash, HASH_LENGTH);
  requireLength("peerId", peerId, HASH_LENGTH);
  const options = encodeUrlData(urlData);
  const packet = new Uint8Array(UDP_ANNOUNCE_REQUEST_LENGTH + options.length);
  const view = writeHead(packet, connectionId, UDP_ACTION.announce, transactionId);
  packet.set(infoHash, 16);
  packet.set(peerId, 36);
  setUint64(view, 56, requireCount("downloaded", parameters.downloaded));
  setUint64(view, 64, requireCount("left", parameters.left));
  setUint64(view, 72, requireCount("uploaded", parameters.uploaded));
  view.setUint32(80, UDP_EVENTS.indexOf(event));
  // 84: "IP address", 0 = the one this comes from
  view.setUint32(88, requireCount("key", parameters.key ?? 0, UINT32 - 1));
  view.setInt32(92, numWant === undefined ? -1 : requireCount("numWant", numWant, 0x7fff_ffff));
  view.setUint16(96, requireCount("port", parameters.port, 65_535));
  packet.set(options, UDP_ANNOUNCE_REQUEST_LENGTH);
  return packet;
}

/** The counts of 1 to 74 swarms (BEP 15). @throws RangeError */
export function encodeUdpScrapeRequest(
  connectionId: Uint8Array,
  transactionId: number,
  infoHashes: readonly Uint8Array[],
): Uint8Array {
  if (infoHashes.length === 0 || infoHashes.length > MAX_UDP_SCRAPE_HASHES) {
    throw new RangeError(`a UDP scrape of ${infoHashes.length} info-hashes, must be 1 to 74`);
  }
  const packet = new Uint8Array(UDP_SCRAPE_REQUEST_HEAD_LENGTH + infoHashes.length * HASH_LENGTH);
  writeHead(packet, connectionId, UDP_ACTION.scrape, transactionId);
  for (const [index, infoHash] of infoHashes.entries()) {
    requireLength("infoHash", infoHash, HASH_LENGTH);
    packet.set(infoHash, UDP_SCRAPE_REQUEST_HEAD_LENGTH + index * HASH_LENGTH);
  }
  return packet;
}

function writeHead(
  packet: Uint8Array,
  connectionId: Uint8Array,
  action: number,
  transactionId: number,
): DataView {
  requireLength("connectionId", connectionId, UDP_CONNECTION_ID_LENGTH);
  packet.set(connectionId);
  const view = new DataView(packet.buffer);
  view.setUint32(8, action);
  view.setUint32(12, requireCount("transactionId", transactionId, UINT32 - 1));
  return view;
}

function setUint64(view: DataView, at: number, value: number): void {
  view.setUint32(at, Math.floor(value / UINT32));
  view.setUint32(at + 4, value % UINT32);
}
