import type { AnnounceParameters } from "../announce-query.ts";
import type { AnnounceResponse } from "../announce-response.ts";
import type { TrackerError } from "../errors.ts";
import type { ScrapeEntry } from "../scrape-response.ts";
import { encodeUdpAnnounceRequest, encodeUdpScrapeRequest } from "./udp-requests.ts";
import { UDP_CONNECTION_ID_LENGTH } from "./udp-constants.ts";
import type { UdpTrackerLink } from "./udp-tracker-link.ts";

/** What a tracker is asked over UDP. */
export type UdpQuestion =
  | { readonly action: "announce"; readonly parameters: AnnounceParameters; readonly urlData: string }
  | { readonly action: "scrape"; readonly infoHashes: readonly Uint8Array[] };

export type UdpAnswer =
  | { readonly action: "announce"; readonly answer: AnnounceResponse }
  | { readonly action: "scrape"; readonly rows: readonly ScrapeEntry[] };

/** A datagram that is repeated until something answers it. */
export interface Transmission {
  /** What it is answered with; stays the same when it is repeated, so that a late answer to the first still counts. */
  readonly transactionId: number;
  sentCount: number;
  /** When it is sent again. */
  resendAt: number;
}

/** One question to one tracker, from `ask` to its answer. */
export interface UdpExchange {
  readonly exchangeId: number;
  readonly action: UdpQuestion["action"];
  readonly link: UdpTrackerLink;
  /** The request with zeros for connection id and transaction id. */
  readonly template: Uint8Array;
  readonly deadlineAt: number;
  readonly timeoutMs: number;
  /** Wait before the first repetition. */
  readonly retransmitMs: number;
  /** The request that is under way; absent while a connection id is waited for. */
  transmission: Transmission | undefined;
  /** The tracker did not know its connection id any more; a second time is an error. */
  hasReconnected: boolean;
  /** What came from the tracker itself and was no answer: tells more than "timeout" in the end. */
  badAnswer: TrackerError | undefined;
}

const NO_CONNECTION = new Uint8Array(UDP_CONNECTION_ID_LENGTH);

/** @throws RangeError for a question that no datagram can hold. */
export function encodeTemplate(question: UdpQuestion): Uint8Array {
  return question.action === "announce"
    ? encodeUdpAnnounceRequest(NO_CONNECTION, 0, question.parameters, question.urlData)
    : encodeUdpScrapeRequest(NO_CONNECTION, 0, question.infoHashes);
}

export function fillTemplate(
  template: Uint8Array,
  connectionId: Uint8Array,
  transactionId: number,
): Uint8Array {
  const packet = template.slice();
  packet.set(connectionId);
  new DataView(packet.buffer).setUint32(12, transactionId);
  return packet;
}
