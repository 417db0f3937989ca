import { decodeCompactEndpoints } from "@bt/primitives";
import type { TrackerError } from "../errors.ts";
import { AnswerWriter } from "./answer-writer.ts";
import type { AnnounceRequest } from "./announce-request.ts";
import type { PeerSample, SwarmAnswer, SwarmCounts } from "./swarm-store.ts";

/** What an announce is answered with besides the swarm. */
export interface AnswerFacts {
  readonly intervalMs: number;
  readonly minIntervalMs: number;
  /** The client's compact entry; what precedes its port is its address (BEP 24). */
  readonly entry: Uint8Array;
}

/**
 * The body of an answer to an announce: compact (BEP 23, `peers6` of BEP 7) or in dictionaries (BEP 3). Written by hand, keys
 * in order: the encoder of values costs several times as much.
 */
export function writeAnnounceAnswer(
  writer: AnswerWriter,
  answer: SwarmAnswer,
  form: Pick<AnnounceRequest, "compact" | "noPeerId">,
  { intervalMs, minIntervalMs, entry }: AnswerFacts,
): void {
  writer.text("d8:complete").integer(answer.seederCount).text("10:downloaded").integer(answer.completedCount);
  writer.text("11:external ip").string(entry, entry.length - 2);
  writer.text("10:incomplete").integer(answer.leecherCount);
  writer.text("8:interval").integer(wholeSeconds(intervalMs));
  writer.text("12:min interval").integer(wholeSeconds(minIntervalMs)).text("5:peers");
  const { peers, peers6 } = answer;
  if (form.compact) {
    writer.string(peers.compact, 6 * peers.count);
    if (peers6.count > 0) writer.text("6:peers6").string(peers6.compact, 18 * peers6.count);
  } else {
    writer.text("l");
    writeDictionaries(writer, peers, 4, form.noPeerId);
    writeDictionaries(writer, peers6, 6, form.noPeerId);
    writer.text("e");
  }
  writer.text("e");
}

/** The beginning of the body of an answer to a scrape (BEP 48); then `writeScrapeRow` for each swarm, then the end. */
export const SCRAPE_BEGIN = "d5:filesd";
export const SCRAPE_END = "ee";

/** One swarm of a scrape (BEP 48, `downloaders` of BEP 21). Rows must come in the order of their info-hashes. */
export function writeScrapeRow(writer: AnswerWriter, infoHash: Uint8Array, counts: SwarmCounts): void {
  writer.string(infoHash).text("d8:complete").integer(counts.seederCount);
  writer.text("10:downloaded").integer(counts.completedCount);
  writer.text("11:downloaders").integer(counts.leecherCount - counts.pausedCount);
  writer.text("10:incomplete").integer(counts.leecherCount).text("e");
}

/** The body of a refusal, with BEP 31's `retry in` (minutes, or "never") when the error has it. */
export function writeFailure(writer: AnswerWriter, error: TrackerError): void {
  const reason = new TextEncoder().encode(error.failureReason ?? error.message);
  writer.text("d14:failure reason").string(reason);
  const { retryInMs } = error;
  if (retryInMs === Infinity) writer.text("8:retry in5:never");
  else if (retryInMs !== undefined)
    writer.text("8:retry in").integer(Math.max(1, Math.ceil(retryInMs / 60_000)));
  writer.text("e");
}

/** The whole body of an answer to an announce. */
export function encodeAnnounceAnswer(
  answer: SwarmAnswer,
  form: Pick<AnnounceRequest, "compact" | "noPeerId">,
  facts: AnswerFacts,
): Uint8Array {
  const writer = new AnswerWriter();
  writeAnnounceAnswer(writer, answer, form, facts);
  return writer.copy();
}

function writeDictionaries(writer: AnswerWriter, sample: PeerSample, family: 4 | 6, noPeerId: boolean): void {
  const entryLength = family === 4 ? 6 : 18;
  const endpoints = decodeCompactEndpoints(sample.compact.subarray(0, sample.count * entryLength), family);
  for (const [i, { host, port }] of endpoints.entries()) {
    writer.text(`d2:ip${host.length}:${host}`);
    if (!noPeerId) writer.text("7:peer id").string(sample.peerIds.subarray(i * 20, (i + 1) * 20));
    writer.text("4:port").integer(port).text("e");
  }
}

/** The protocol knows whole seconds; never 0, which clients read in different ways. */
export function wholeSeconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1_000));
}
