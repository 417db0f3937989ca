import { UDP_OPTION } from "./udp-constants.ts";

const MAX_OPTION_LENGTH = 255;

/**
 * BEP 41: URLData options with `urlData`, the path and query of the tracker's URL as it was written (escaped, so ASCII),
 * in parts of at most 255 bytes; no bytes for an empty string.
 * @throws RangeError for a character that is not ASCII.
 */
export function encodeUrlData(urlData: string): Uint8Array {
  const partCount = Math.ceil(urlData.length / MAX_OPTION_LENGTH);
  const bytes = new Uint8Array(urlData.length + 2 * partCount);
  let at = 0;
  for (let from = 0; from < urlData.length; from += MAX_OPTION_LENGTH) {
    const part = urlData.slice(from, from + MAX_OPTION_LENGTH);
    bytes[at++] = UDP_OPTION.urlData;
    bytes[at++] = part.length;
    for (let i = 0; i < part.length; i++) {
      const code = part.charCodeAt(i);
      if (code > 0x7f) throw new RangeError("the path and query of a UDP tracker's URL must be escaped");
      bytes[at++] = code;
    }
  }
  return bytes;
}

/**
 * The URLData of the options that begin at `from`: all its parts together, a character for each byte. `undefined` when
 * there is no such option; empty when the client only says that it knows BEP 41. An option that runs over the end of
 * the packet ends the options.
 */
export function decodeUrlData(packet: Uint8Array, from: number): string | undefined {
  let urlData: string | undefined;
  for (let at = from; at < packet.length;) {
    const type = packet[at]!;
    if (type === UDP_OPTION.end) break;
    if (type === UDP_OPTION.nop) {
      at++;
      continue;
    }
    const end = at + 2 + (packet[at + 1] ?? Infinity);
    if (end > packet.length) break;
    if (type === UDP_OPTION.urlData) {
      urlData = (urlData ?? "") + String.fromCharCode(...packet.subarray(at + 2, end));
    }
    at = end;
  }
  return urlData;
}
