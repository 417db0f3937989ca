import { encodeCompactEndpoints } from "@bt/primitives";
import { readUint32 } from "./uint32.ts";

/** Pieces that BEP 6 offers to a choked peer ("We currently set k to 10"). */
export const DEFAULT_ALLOWED_FAST_COUNT = 10;

/**
 * The pieces that a peer may request while it is choked, in the order of BEP 6 "Allowed Fast Set Generation": from
 * its address without the last byte, so that a second address in the same network gives nothing more.
 *
 * `ipv4` is the peer's dotted address; there is no such set for IPv6. `count` is BEP 6's k; when the torrent has no
 * more pieces than that, the answer is all of them, as in libtorrent. `sha1` is the caller's, for this package hashes
 * nothing itself: 20 bytes of any input. RangeError for another address, info-hash or count.
 */
export function allowedFastSet(
  ipv4: string,
  infoHash: Uint8Array,
  pieceCount: number,
  count: number,
  sha1: (bytes: Uint8Array) => Uint8Array,
): number[] {
  const address = encodeCompactEndpoints([{ host: ipv4, port: 1 }], 4);
  if (address.length === 0) throw new RangeError(`not an IPv4 address: ${ipv4}`);
  if (infoHash.length !== 20) throw new RangeError(`info-hash of ${infoHash.length} bytes`);
  if (!Number.isSafeInteger(pieceCount) || pieceCount < 0) throw new RangeError(`piece count ${pieceCount}`);
  if (!Number.isSafeInteger(count) || count < 0) throw new RangeError(`count ${count}`);
  // Also what makes the loop below end.
  if (count >= pieceCount) return Array.from({ length: pieceCount }, (_, piece) => piece);

  let digest: Uint8Array = new Uint8Array(24);
  digest.set(address.subarray(0, 3));
  digest.set(infoHash, 4);
  const pieces = new Set<number>();
  while (pieces.size < count) {
    digest = sha1(digest);
    if (digest.length !== 20) throw new RangeError(`sha1 gave ${digest.length} bytes`);
    for (let at = 0; at < 20 && pieces.size < count; at += 4) pieces.add(readUint32(digest, at) % pieceCount);
  }
  return [...pieces];
}
