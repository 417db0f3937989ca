import type { AnnounceEvent } from "../announce-query.ts";
import { TrackerError } from "../errors.ts";

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
}

const EVENTS: ReadonlySet<string> = new Set(["started", "completed", "stopped", "paused"]);

/**
 * Reads the query of an announce, without `?`. Unknown keys (`supportcrypto`, `corrupt`, `ip`, …) are passed over and
 * the first of several values counts.
 * @throws TrackerError `TRACKER_FAILURE` whose reason is meant for the client.
 */
export function parseAnnounceRequest(query: string): AnnounceRequest {
  const values = new Map<string, Uint8Array>();
  for (const [key, value] of queryPairs(query)) if (!values.has(key)) values.set(key, value);
  const text = (key: string): string => String.fromCharCode(...(values.get(key)?.subarray(0, 32) ?? []));
  const port = parseCount(text("port"));
  if (port === undefined || port < 1 || port > 65_535) throw refusal("port must be 1 to 65535");
  const event = text("event");
  return {
    infoHash: requireHash(values.get("info_hash"), "info_hash"),
    peerId: requireHash(values.get("peer_id"), "peer_id"),
    port,
    isSeed: parseCount(text("left")) === 0,
    event: EVENTS.has(event) ? (event as AnnounceEvent) : undefined,
    numWant: parseCount(text("numwant")),
    compact: text("compact") !== "0",
    noPeerId: text("no_peer_id") === "1",
  };
}

/**
 * The info-hashes of a scrape's query, at most `maxCount`.
 * @throws TrackerError `TRACKER_FAILURE` when there are none, too many, or one is no hash.
 */
export function parseScrapeRequest(query: string, maxCount: number): Uint8Array[] {
  const hashes: Uint8Array[] = [];
  for (const [key, value] of queryPairs(query)) {
    if (key !== "info_hash") continue;
    if (hashes.length === maxCount) throw refusal(`at most ${maxCount} info_hash in one scrape`);
    hashes.push(requireHash(value, "info_hash"));
  }
  if (hashes.length === 0) throw refusal("a scrape of everything is not offered: name each info_hash");
  return hashes;
}

/** A refusal that is answered to the client. */
export function refusal(failureReason: string): TrackerError {
  return new TrackerError("TRACKER_FAILURE", failureReason, { failureReason });
}

function requireHash(value: Uint8Array | undefined, name: string): Uint8Array {
  if (value?.length !== 20) throw refusal(`${name} must be 20 bytes`);
  return value;
}

function parseCount(text: string): number | undefined {
  return /^[0-9]{1,20}$/.test(text) ? Number(text) : undefined;
}

function* queryPairs(query: string): IterableIterator<[string, Uint8Array]> {
  for (const pair of query.split("&")) {
    const equalsAt = pair.indexOf("=");
    if (equalsAt > 0) yield [pair.slice(0, equalsAt), unescapeBytes(pair.slice(equalsAt + 1))];
  }
}

/**
 * The bytes of a query value, %XX in either case. A `+` is a plus and not a space: clients that leave bytes unescaped
 * follow RFC 3986 and not the rules of web forms. A stray `%` and characters of the upper half of Latin-1 are bytes.
 */
export function unescapeBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const escape = text[i] === "%" ? /^[0-9a-fA-F]{2}/.exec(text.slice(i + 1, i + 3)) : null;
    bytes[length++] = escape === null ? text.charCodeAt(i) : Number.parseInt(escape[0], 16);
    if (escape !== null) i += 2;
  }
  return bytes.subarray(0, length);
}
