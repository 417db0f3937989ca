import type { AnnounceEvent } from "../announce-query.ts";
import { refusal } from "./refusal.ts";

/** What a client asks of a tracker, as its query says it. The client's address is not among it: the socket tells. */
export interface AnnounceRequest {
  /** 20 bytes. */
  readonly infoHash: Uint8Array;
  /** 20 bytes. */
  readonly peerId: Uint8Array;
  /** 1 to 65,535. */
  readonly port: number;
  readonly isSeed: boolean;
  readonly event: AnnounceEvent | undefined;
  /** `undefined` when the client does not say, or says nonsense. */
  readonly numWant: number | undefined;
  /** BEP 23: compact unless the client says `compact=0`. */
  readonly compact: boolean;
  readonly noPeerId: boolean;
  /** `ip=`, at most 64 characters: what the client says its address is. */
  readonly claimedAddress: string | undefined;
}

const EVENTS: ReadonlySet<string> = new Set(["started", "completed", "stopped", "paused"]);
const HASH_LENGTH = 20;
const MAX_VALUE_LENGTH = 64;
const AMPERSAND = 0x26;
const EQUALS = 0x3d;
const PERCENT = 0x25;

type MutableRequest = { -readonly [Key in keyof AnnounceRequest]: AnnounceRequest[Key] };

/**
 * Reads the query of an announce, the bytes `from` to `to` without `?`. Unknown keys (`supportcrypto`, `corrupt`, …) are passed
 * over and the first of several values counts.
 * @throws TrackerError `TRACKER_FAILURE` whose reason is meant for the client.
 */
export function parseAnnounceRequest(
  query: Uint8Array,
  from = 0,
  to: number = query.length,
): AnnounceRequest {
  let infoHash: Uint8Array | undefined;
  let peerId: Uint8Array | undefined;
  let port: number | undefined;
  let left: number | undefined;
  const request: MutableRequest = {
    infoHash: query,
    peerId: query,
    port: 0,
    isSeed: false,
    event: undefined,
    numWant: undefined,
    compact: true,
    noPeerId: false,
    claimedAddress: undefined,
  };
  let seen = 0;
  for (let at = from; at < to;) {
    const keyAt = at;
    while (at < to && query[at] !== EQUALS && query[at] !== AMPERSAND) at++;
    const keyEnd = at;
    const valueAt = query[at] === EQUALS ? at + 1 : at;
    while (at < to && query[at] !== AMPERSAND) at++;
    const end = at++;
    const key = keyOf(query, keyAt, keyEnd);
    if (key < 0 || (seen & (1 << key)) !== 0) continue;
    seen |= 1 << key;
    switch (KEYS[key]) {
      case "info_hash":
        infoHash = unescapeHash(query, valueAt, end, "info_hash");
        break;
      case "peer_id":
        peerId = unescapeHash(query, valueAt, end, "peer_id");
        break;
      case "port":
        port = parseCount(query, valueAt, end);
        break;
      case "left":
        left = parseCount(query, valueAt, end);
        break;
      case "numwant":
        request.numWant = parseCount(query, valueAt, end);
        break;
      case "compact":
        request.compact = !(end === valueAt + 1 && query[valueAt] === 0x30);
        break;
      case "no_peer_id":
        request.noPeerId = end === valueAt + 1 && query[valueAt] === 0x31;
        break;
      case "event": {
        const event = asciiText(query, valueAt, end);
        request.event = EVENTS.has(event) ? (event as AnnounceEvent) : undefined;
        break;
      }
      default:
        request.claimedAddress = asciiText(query, valueAt, end);
    }
  }
  if (infoHash === undefined) throw refusal("info_hash must be 20 bytes");
  if (peerId === undefined) throw refusal("peer_id must be 20 bytes");
  if (port === undefined || port < 1 || port > 65_535) throw refusal("port must be 1 to 65535");
  request.infoHash = infoHash;
  request.peerId = peerId;
  request.port = port;
  request.isSeed = left === 0;
  return request;
}

/** In the order in which clients send them, more or less. */
const KEYS = [
  "info_hash",
  "peer_id",
  "port",
  "left",
  "event",
  "numwant",
  "compact",
  "no_peer_id",
  "ip",
] as const;

/**
 * The info-hashes of a scrape's query, each once, at most `maxCount`.
 * @throws TrackerError `TRACKER_FAILURE` when there are too many, or one is no hash.
 */
export function parseScrapeRequest(
  query: Uint8Array,
  maxCount: number,
  from = 0,
  to: number = query.length,
): Uint8Array[] {
  const hashes = new Map<string, Uint8Array>();
  let count = 0;
  for (let at = from; at < to;) {
    const keyAt = at;
    while (at < to && query[at] !== AMPERSAND) at++;
    const end = at++;
    const valueAt = keyAt + "info_hash=".length;
    if (valueAt > end || query[valueAt - 1] !== EQUALS) continue;
    if (!isKey(query, keyAt, valueAt - 1, "info_hash")) continue;
    if (count++ === maxCount) throw refusal(`at most ${maxCount} info_hash in one scrape`);
    const hash = unescapeHash(query, valueAt, end, "info_hash");
    hashes.set(String.fromCharCode(...hash), hash);
  }
  return [...hashes.values()];
}

/** Which of `KEYS`, or -1. */
function keyOf(query: Uint8Array, from: number, to: number): number {
  for (let key = 0; key < KEYS.length; key++) if (isKey(query, from, to, KEYS[key]!)) return key;
  return -1;
}

function isKey(query: Uint8Array, from: number, to: number, name: string): boolean {
  if (to - from !== name.length) return false;
  for (let i = 0; i < name.length; i++) if (query[from + i] !== name.charCodeAt(i)) return false;
  return true;
}

/**
 * The 20 bytes of a value, %XX in either case. A `+` is a plus and not a space: clients that leave bytes unescaped
 * follow RFC 3986 and not the rules of web forms. A stray `%` and bytes above 127 stand for themselves.
 */
function unescapeHash(query: Uint8Array, from: number, to: number, name: string): Uint8Array {
  const bytes = new Uint8Array(HASH_LENGTH);
  let length = 0;
  for (let at = from; at < to; at++) {
    if (length === HASH_LENGTH) throw refusal(`${name} must be 20 bytes`);
    let byte = query[at]!;
    if (byte === PERCENT && at + 2 < to) {
      const high = hexDigit(query[at + 1]!);
      const low = hexDigit(query[at + 2]!);
      if (high >= 0 && low >= 0) {
        byte = high * 16 + low;
        at += 2;
      }
    }
    bytes[length++] = byte;
  }
  if (length !== HASH_LENGTH) throw refusal(`${name} must be 20 bytes`);
  return bytes;
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/** Decimal digits, at most 20; `undefined` for all else. */
function parseCount(query: Uint8Array, from: number, to: number): number | undefined {
  if (to === from || to - from > 20) return undefined;
  let value = 0;
  for (let at = from; at < to; at++) {
    const digit = query[at]! - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value;
}

/** The text of a value, cut; an escaped `:` of an IPv6 address is one. */
function asciiText(query: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...query.subarray(from, Math.min(to, from + MAX_VALUE_LENGTH))).replace(
    /%3a/gi,
    ":",
  );
}
