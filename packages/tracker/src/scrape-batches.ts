import { MAX_UDP_SCRAPE_HASHES } from "./udp/udp-constants.ts";

/**
 * Info-hashes in the portions of one scrape each. 74 fit a datagram (BEP 15); as many over HTTP keep the URL below 5,300
 * characters, which servers take. An empty list stays one portion, so that asking for nothing is refused there.
 */
export function batchesOf(infoHashes: readonly Uint8Array[]): (readonly Uint8Array[])[] {
  const batches = [infoHashes.slice(0, MAX_UDP_SCRAPE_HASHES)];
  for (let from = MAX_UDP_SCRAPE_HASHES; from < infoHashes.length; from += MAX_UDP_SCRAPE_HASHES) {
    batches.push(infoHashes.slice(from, from + MAX_UDP_SCRAPE_HASHES));
  }
  return batches;
}
