import { requireCount, requireLength } from "./argument-checks.ts";
import { TrackerError } from "./errors.ts";
import {
  formatTrackerUrl,
  holdsAnnounceArguments,
  requireTrackerUrl,
  scrapePathOf,
  type TrackerUrl,
} from "./tracker-url.ts";

/** BEP 3, BEP 21 (`paused`: a partial seed says so in each announce). */
export type AnnounceEvent = "started" | "completed" | "stopped" | "paused";

/** What we say of ourselves to a tracker. */
export interface AnnounceParameters {
  /** 20 bytes; of a v2 torrent the first 20 of its hash (BEP 52). */
  readonly infoHash: Uint8Array;
  /** 20 bytes. */
  readonly peerId: Uint8Array;
  /** Where we take connections, 0 to 65,535. */
  readonly port: number;
  /** Bytes of payload sent, received and missing; of this session. */
  readonly uploaded: number;
  readonly downloaded: number;
  readonly left: number;
  readonly event?: AnnounceEvent | undefined;
  /** How many peers we would like; the tracker's choice when absent. */
  readonly numWant?: number | undefined;
  /** 32 random bits that stay the same for the torrent while the program runs (BEP 7). */
  readonly key?: number | undefined;
  /** What the tracker gave us earlier as its "tracker id". */
  readonly trackerId?: Uint8Array | undefined;
  /** We can speak the encrypted peer protocol. */
  readonly supportsEncryption?: boolean | undefined;
}

/** `bytes` as part of a query: all but the unreserved characters of RFC 3986 as %XX. */
export function escapeBytes(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += ESCAPED[byte]!;
  return text;
}

const ESCAPED: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  if (/[A-Za-z0-9\-._~]/.test(character)) return character;
  return `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
});

/**
 * The query of an announce, without `?`: compact peers without ids are asked for (BEP 23).
 * @throws RangeError for a value outside its range.
 */
export function encodeAnnounceQuery(parameters: AnnounceParameters): string {
  const { infoHash, peerId, port, event, numWant, key, trackerId } = parameters;
  requireLength("infoHash", infoHash, 20);
  requireLength("peerId", peerId, 20);
  const parts = [
    `info_hash=${escapeBytes(infoHash)}`,
    `peer_id=${escapeBytes(peerId)}`,
    `port=${requireCount("port", port, 65_535)}`,
    `uploaded=${requireCount("uploaded", parameters.uploaded)}`,
    `downloaded=${requireCount("downloaded", parameters.downloaded)}`,
    `left=${requireCount("left", parameters.left)}`,
  ];
  if (event !== undefined) parts.push(`event=${event}`);
  if (numWant !== undefined) parts.push(`numwant=${requireCount("numWant", numWant)}`);
  if (key !== undefined) {
    // Eight hexadecimal digits, as libtorrent and Transmission write it; some trackers compare it as text.
    parts.push(`key=${requireCount("key", key, 0xffff_ffff).toString(16).toUpperCase().padStart(8, "0")}`);
  }
  parts.push("compact=1", "no_peer_id=1");
  if (parameters.supportsEncryption === true) parts.push("supportcrypto=1");
  if (trackerId !== undefined) parts.push(`trackerid=${escapeBytes(trackerId)}`);
  return parts.join("&");
}

/**
 * The announce URL: the tracker's own, its query kept, with ours behind it.
 * @throws TrackerError `TRACKER_BAD_URL`, `TRACKER_UNSUPPORTED_SCHEME`. @throws RangeError as {@link encodeAnnounceQuery}.
 */
export function buildAnnounceUrl(url: string, parameters: AnnounceParameters): string {
  const tracker = requireHttpUrl(url);
  return formatTrackerUrl(withQuery(tracker, encodeAnnounceQuery(parameters)));
}

/**
 * The scrape URL (BEP 48) that belongs to an announce URL. At least one hash: a scrape of everything is not asked for.
 * @throws TrackerError also `TRACKER_SCRAPE_UNSUPPORTED`.
 */
export function buildScrapeUrl(url: string, infoHashes: readonly Uint8Array[]): string {
  const tracker = requireHttpUrl(url);
  const path = scrapePathOf(tracker.path);
  if (path === undefined) {
    throw new TrackerError(
      "TRACKER_SCRAPE_UNSUPPORTED",
      "the tracker's URL does not end in announce, so it has no scrape",
    );
  }
  if (infoHashes.length === 0) throw new RangeError("a scrape needs at least one info-hash");
  const parts = infoHashes.map((infoHash) => {
    requireLength("infoHash", infoHash, 20);
    return `info_hash=${escapeBytes(infoHash)}`;
  });
  return formatTrackerUrl(withQuery({ ...tracker, path }, parts.join("&")));
}

function requireHttpUrl(text: string): TrackerUrl {
  const url = requireTrackerUrl(text);
  if (url.scheme === "udp")
    throw new TrackerError("TRACKER_UNSUPPORTED_SCHEME", "a UDP tracker has no announce URL");
  if (holdsAnnounceArguments(url.query)) {
    throw new TrackerError("TRACKER_BAD_URL", "the tracker's URL already holds announce arguments", {
      data: { host: url.host },
    });
  }
  return url;
}

function withQuery(url: TrackerUrl, query: string): TrackerUrl {
  return { ...url, query: url.query === "" ? query : `${url.query}&${query}` };
}
