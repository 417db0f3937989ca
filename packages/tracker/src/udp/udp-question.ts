import type { AnnounceParameters } from "../announce-query.ts";
import type { AnnounceResponse } from "../announce-response.ts";
import type { ScrapeEntry } from "../scrape-response.ts";
import { encodeUdpAnnounceRequest, encodeUdpScrapeRequest } from "./udp-requests.ts";
import { UDP_CONNECTION_ID_LENGTH } from "./udp-constants.ts";

/** What a tracker is asked over UDP. */
export type UdpQuestion =
  | { readonly action: "announce"; readonly parameters: AnnounceParameters; readonly urlData: string }
  | { readonly action: "scrape"; readonly infoHashes: readonly Uint8Array[] };

export type UdpAnswer =
  | { readonly action: "announce"; readonly answer: AnnounceResponse }
  | { readonly action: "scrape"; readonly rows: readonly ScrapeEntry[] };

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
