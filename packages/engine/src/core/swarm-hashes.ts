import type { Metainfo } from "@bt/metainfo";

/**
 * The info-hashes by which peers and trackers know a torrent, 20 bytes each: the one of version 1, then the one of version 2,
 * cut (BEP 52). A hybrid torrent has both, and a swarm of each.
 */
export function swarmHashes({ infoHash, infoHashV2 }: Metainfo): readonly Uint8Array[] {
  const hashes: Uint8Array[] = [];
  if (infoHash !== undefined) hashes.push(infoHash);
  if (infoHashV2 !== undefined) hashes.push(infoHashV2.subarray(0, 20));
  return hashes;
}
