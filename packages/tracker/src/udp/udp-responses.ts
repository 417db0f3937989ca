import { requireCount, requireLength } from "../argument-checks.ts";
import type { ScrapeEntry } from "../scrape-response.ts";
import {
  UDP_ACTION,
  UDP_ANNOUNCE_RESPONSE_HEAD_LENGTH,
  UDP_CONNECT_RESPONSE_LENGTH,
  UDP_CONNECTION_ID_LENGTH,
  UDP_RESPONSE_HEAD_LENGTH,
  UDP_SCRAPE_ROW_LENGTH,
} from "./udp-constants.ts";

const LARGEST_UINT32 = 0xffff_ffff;

/** What a tracker answers to an announce. */
export interface UdpAnnounceAnswer {
  readonly intervalSeconds: number;
  readonly leecherCount: number;
  readonly seederCount: number;
  /** Compact: 6 bytes each to a question over IPv4, 18 over IPv6 (BEP 15). */
  readonly compactPeers: Uint8Array;
}

/** @throws RangeError */
export function encodeUdpConnectResponse(transactionId: number, connectionId: Uint8Array): Uint8Array {
  requireLength("connectionId", connectionId, UDP_CONNECTION_ID_LENGTH);
  const packet = new Uint8Array(UDP_CONNECT_RESPONSE_LENGTH);
  writeHead(packet, UDP_ACTION.connect, transactionId);
  packet.set(connectionId, UDP_RESPONSE_HEAD_LENGTH);
  return packet;
}

/** Counts above 32 bits are cut to that. @throws RangeError */
export function encodeUdpAnnounceResponse(transactionId: number, answer: UdpAnnounceAnswer): Uint8Array {
  const packet = new Uint8Array(UDP_ANNOUNCE_RESPONSE_HEAD_LENGTH + answer.compactPeers.length);
  const view = writeHead(packet, UDP_ACTION.announce, transactionId);
  view.setUint32(8, requireCount("intervalSeconds", answer.intervalSeconds, 0x7fff_ffff));
  view.setUint32(12, count32("leecherCount", answer.leecherCount));
  view.setUint32(16, count32("seederCount", answer.seederCount));
  packet.set(answer.compactPeers, UDP_ANNOUNCE_RESPONSE_HEAD_LENGTH);
  return packet;
}

/** A row for each info-hash of the question, in its order. @throws RangeError */
export function encodeUdpScrapeResponse(transactionId: number, rows: readonly ScrapeEntry[]): Uint8Array {
  const packet = new Uint8Array(UDP_RESPONSE_HEAD_LENGTH + rows.length * UDP_SCRAPE_ROW_LENGTH);
  const view = writeHead(packet, UDP_ACTION.scrape, transactionId);
  let at = UDP_RESPONSE_HEAD_LENGTH;
  for (const { seederCount, completedCount, leecherCount } of rows) {
    view.setUint32(at, count32("seederCount", seederCount));
    view.setUint32(at + 4, count32("completedCount", completedCount));
    view.setUint32(at + 8, count32("leecherCount", leecherCount));
    at += UDP_SCRAPE_ROW_LENGTH;
  }
  return packet;
}

/** @throws RangeError */
export function encodeUdpErrorResponse(transactionId: number, message: string): Uint8Array {
  const text = new TextEncoder().encode(message);
  const packet = new Uint8Array(UDP_RESPONSE_HEAD_LENGTH + text.length);
  writeHead(packet, UDP_ACTION.error, transactionId);
  packet.set(text, UDP_RESPONSE_HEAD_LENGTH);
  return packet;
}

function writeHead(packet: Uint8Array, action: number, transactionId: number): DataView {
  const view = new DataView(packet.buffer);
  view.setUint32(0, action);
  view.setUint32(4, requireCount("transactionId", transactionId, LARGEST_UINT32));
  return view;
}

function count32(name: string, count: number): number {
  return Math.min(requireCount(name, count), LARGEST_UINT32);
}
