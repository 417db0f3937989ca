import { encode, type Encodable } from "@bt/bencode";
import { decodeCompactEndpoints } from "@bt/primitives";
import type { TrackerError } from "../errors.ts";
import type { AnnounceRequest } from "./announce-request.ts";
import type { PeerSample } from "./peer-table.ts";
import type { SwarmAnswer, SwarmCounts } from "./swarm-store.ts";

/** What an announce is answered with besides the swarm. */
export interface AnswerFacts {
  readonly intervalMs: number;
  readonly minIntervalMs: number;
  /** The client's address: 4 or 16 bytes (BEP 24). */
  readonly clientAddress: Uint8Array;
}

/** The body of an answer to an announce: compact (BEP 23, `peers6` of BEP 7) or in dictionaries (BEP 3). */
export function encodeAnnounceAnswer(
  answer: SwarmAnswer,
  form: Pick<AnnounceRequest, "compact" | "noPeerId">,
  { intervalMs, minIntervalMs, clientAddress }: AnswerFacts,
): Uint8Array {
  return encode({
    complete: answer.seederCount,
    incomplete: answer.leecherCount,
    downloaded: answer.completedCount,
    interval: wholeSeconds(intervalMs),
    "min interval": wholeSeconds(minIntervalMs),
    "external ip": clientAddress,
    peers: form.compact
      ? answer.peers.compact
      : [...dictionaries(answer.peers, 4, form.noPeerId), ...dictionaries(answer.peers6, 6, form.noPeerId)],
    peers6: form.compact && answer.peers6.compact.length > 0 ? answer.peers6.compact : undefined,
  });
}

/** The body of an answer to a scrape (BEP 48). */
export function encodeScrapeAnswer(
  rows: readonly (readonly [infoHash: Uint8Array, counts: SwarmCounts])[],
): Uint8Array {
  const files = new Map<Uint8Array, Encodable>();
  for (const [infoHash, { seederCount, leecherCount, completedCount }] of rows) {
    files.set(infoHash, { complete: seederCount, incomplete: leecherCount, downloaded: completedCount });
  }
  return encode({ files });
}

/** The body of a refusal. */
export function encodeFailure(error: TrackerError): Uint8Array {
  return encode({ "failure reason": error.failureReason ?? error.message });
}

function dictionaries(sample: PeerSample, family: 4 | 6, noPeerId: boolean): Encodable[] {
  return decodeCompactEndpoints(sample.compact, family).map(({ host, port }, i) => ({
    ip: host,
    port,
    "peer id": noPeerId ? undefined : sample.peerIds.subarray(i * 20, (i + 1) * 20),
  }));
}

/** The protocol knows whole seconds; never 0, which clients read in different ways. */
function wholeSeconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1_000));
}
