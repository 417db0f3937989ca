import { BencodeDictionary, decode, type BencodeValue, type DecodeOptions } from "@bt/bencode";
import { concatBytes, decodeCompactEndpoints, parseEndpoint, type Endpoint } from "@bt/primitives";
import { TrackerError } from "./errors.ts";

/** A peer as a tracker names it; the id only in the old dictionary form. */
export interface TrackerPeer extends Endpoint {
  /** 20 bytes. */
  readonly peerId?: Uint8Array;
}

export interface AnnounceResponse {
  /** How long to wait before the next announce, at most a day; half an hour when the tracker does not say. */
  readonly intervalMs: number;
  /** Announce no more often than this. */
  readonly minIntervalMs?: number;
  /** IPv4 first, then IPv6; at most `maxPeerCount` of each list. */
  readonly peers: readonly TrackerPeer[];
  /** Peers, if any, that the tracker gives by a host name (BEP 3 allows it): `host` is no address here. */
  readonly namedPeers?: readonly TrackerPeer[];
  readonly seederCount?: number;
  readonly leecherCount?: number;
  /** How many downloads were completed so far; most trackers leave it out. */
  readonly completedCount?: number;
  /** To be sent back in the next announce. */
  readonly trackerId?: Uint8Array;
  /** Text of a stranger: escape it where it is shown. */
  readonly warning?: string;
  /** Our address as the tracker sees it (BEP 24). */
  readonly externalAddress?: string;
}

export interface ResponseOptions {
  /** Peers taken from each list of an answer. */
  readonly maxPeerCount?: number;
}

export const DEFAULT_RESPONSE_OPTIONS: Readonly<Required<ResponseOptions>> = Object.freeze({
  maxPeerCount: 200,
});

/** libtorrent's interval for trackers that name none. */
export const DEFAULT_INTERVAL_MS = 1_800_000;
/** Longer intervals and pauses are cut to this: a tracker must not put us to sleep for good, save by "never". */
export const MAX_INTERVAL_MS = 86_400_000;
/** Characters kept of a tracker's failure or warning. */
export const MAX_TEXT_LENGTH = 1_024;
/** A "tracker id" above this is not taken, because it would have to be sent back in a URL. */
const MAX_TRACKER_ID_LENGTH = 256;
/** RFC 1035 2.3.4. */
const MAX_HOST_NAME_LENGTH = 255;

/** Tolerant, because old trackers do not sort their keys and some send a line end behind the answer. */
const DECODE_OPTIONS: DecodeOptions = Object.freeze({
  tolerant: true,
  maxDepth: 20,
  maxValueCount: 100_000,
  maxDigitCount: 100,
});

/**
 * The answer to an announce: BEP 3, compact peers (BEP 23), IPv6 peers (BEP 7), our address (BEP 24). A list entry
 * that is no peer is left out; a field of the wrong type counts as absent.
 * @throws TrackerError `TRACKER_FAILURE` when the tracker says no, `TRACKER_BAD_RESPONSE` when it talks of other things.
 */
export function decodeAnnounceResponse(bytes: Uint8Array, options: ResponseOptions = {}): AnnounceResponse {
  const maxPeerCount = options.maxPeerCount ?? DEFAULT_RESPONSE_OPTIONS.maxPeerCount;
  const answer = decodeAnswer(bytes);
  const namedPeers: TrackerPeer[] = [];
  const peers = [
    ...readPeers(answer.get("peers"), 4, maxPeerCount, namedPeers),
    ...readPeers(answer.get("peers6"), 6, maxPeerCount, namedPeers),
  ];
  const minIntervalMs = readSeconds(answer, "min interval");
  const seederCount = readCount(answer, "complete");
  const leecherCount = readCount(answer, "incomplete");
  const completedCount = readCount(answer, "downloaded");
  const trackerId = answer.getBytes("tracker id");
  const warning = readText(answer, "warning message");
  const externalAddress = readAddress(answer.getBytes("external ip"));
  return {
    intervalMs: readSeconds(answer, "interval") ?? DEFAULT_INTERVAL_MS,
    ...(minIntervalMs !== undefined && { minIntervalMs }),
    peers,
    ...(namedPeers.length > 0 && { namedPeers }),
    ...(seederCount !== undefined && { seederCount }),
    ...(leecherCount !== undefined && { leecherCount }),
    ...(completedCount !== undefined && { completedCount }),
    // A copy, so that the whole answer is not kept for these few bytes.
    ...(trackerId !== undefined &&
      trackerId.length <= MAX_TRACKER_ID_LENGTH && { trackerId: trackerId.slice() }),
    ...(warning !== undefined && { warning }),
    ...(externalAddress !== undefined && { externalAddress }),
  };
}

/**
 * The dictionary of any answer of a tracker.
 * @throws TrackerError `TRACKER_FAILURE`, `TRACKER_BAD_RESPONSE`.
 */
export function decodeAnswer(bytes: Uint8Array): BencodeDictionary {
  let answer: BencodeValue;
  try {
    answer = decode(bytes, DECODE_OPTIONS);
  } catch (cause) {
    const isPage =
      bytes.length > 0 &&
      String.fromCharCode(...bytes.subarray(0, 64))
        .trimStart()
        .startsWith("<");
    const what = bytes.length === 0 ? "nothing" : isPage ? "an HTML page" : "something that is not bencode";
    throw new TrackerError("TRACKER_BAD_RESPONSE", `the tracker sent ${what}`, { cause });
  }
  if (!(answer instanceof BencodeDictionary)) {
    throw new TrackerError("TRACKER_BAD_RESPONSE", "the tracker sent bencode that is no dictionary");
  }
  const failureReason = readText(answer, "failure reason");
  if (failureReason === undefined) return answer;
  const retryInMs = readRetry(answer) ?? readSeconds(answer, "interval");
  throw new TrackerError("TRACKER_FAILURE", `the tracker refused: ${failureReason}`, {
    failureReason,
    ...(retryInMs !== undefined && { retryInMs }),
  });
}

/** An integer that is not negative, or `undefined`. */
export function readCount(dictionary: BencodeDictionary, key: string): number | undefined {
  const value = dictionary.getInteger(key);
  return value !== undefined && value >= 0 ? value : undefined;
}

function readSeconds(answer: BencodeDictionary, key: string): number | undefined {
  const value = answer.get(key);
  if ((typeof value !== "number" && typeof value !== "bigint") || value < 0) return undefined;
  return Math.min(Number(value) * 1_000, MAX_INTERVAL_MS);
}

/** BEP 31: minutes as an integer, in its examples as text, or the word "never". */
function readRetry(answer: BencodeDictionary): number | undefined {
  const text = answer.getText("retry in");
  if (text === "never") return Infinity;
  const minutes =
    text !== undefined && /^[0-9]{1,9}$/.test(text) ? Number(text) : readCount(answer, "retry in");
  return minutes !== undefined && minutes > 0 ? Math.min(minutes * 60_000, MAX_INTERVAL_MS) : undefined;
}

function readText(answer: BencodeDictionary, key: string): string | undefined {
  return answer.getText(key)?.slice(0, MAX_TEXT_LENGTH);
}

function readAddress(bytes: Uint8Array | undefined): string | undefined {
  if (bytes?.length !== 4 && bytes?.length !== 16) return undefined;
  return decodeCompactEndpoints(concatBytes(bytes, Uint8Array.of(0, 1)), bytes.length === 4 ? 4 : 6)[0]?.host;
}

function readPeers(
  list: BencodeValue | undefined,
  family: 4 | 6,
  maxCount: number,
  namedPeers: TrackerPeer[],
): TrackerPeer[] {
  if (list instanceof Uint8Array) {
    return decodeCompactEndpoints(list.subarray(0, maxCount * (family === 4 ? 6 : 18)), family);
  }
  const peers: TrackerPeer[] = [];
  if (!Array.isArray(list)) return peers;
  for (const entry of list as readonly BencodeValue[]) {
    if (peers.length >= maxCount) break;
    const peer = entry instanceof BencodeDictionary ? readPeer(entry) : undefined;
    if (peer === undefined) continue;
    const isName = !/^[0-9.]+$|:/.test(peer.host);
    if (!isName) peers.push(peer);
    else if (namedPeers.length < maxCount) namedPeers.push(peer);
  }
  return peers;
}

function readPeer(entry: BencodeDictionary): TrackerPeer | undefined {
  const host = entry.getText("ip");
  const port = entry.getInteger("port");
  if (host === undefined || port === undefined || port < 1 || port > 65_535) return undefined;
  const id = entry.getBytes("peer id");
  const peerId = id?.length === 20 ? { peerId: id.slice() } : {};
  const endpoint = parseEndpoint(host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`);
  if (endpoint !== undefined) return { ...endpoint, ...peerId };
  const isName =
    host.length <= MAX_HOST_NAME_LENGTH && /^[A-Za-z0-9_.-]*[A-Za-z_-][A-Za-z0-9_.-]*$/.test(host);
  return isName ? { host, port, ...peerId } : undefined;
}
