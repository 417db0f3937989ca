import { createHash } from "node:crypto";
import { createTorrent, parseTorrent, type Metainfo } from "@bt/metainfo";
import { SeededRandom } from "@bt/swarm-sim";

/** A single-file torrent of pseudo-random bytes. */
export function makeTorrent(
  length: number,
  pieceLength: number,
  seed = 1,
): { metainfo: Metainfo; payload: Uint8Array } {
  const payload = new SeededRandom(seed).bytes(length);
  const hashes: Uint8Array[] = [];
  for (let at = 0; at < length; at += pieceLength)
    hashes.push(
      createHash("sha1")
        .update(payload.subarray(at, at + pieceLength))
        .digest(),
    );
  const bytes = createTorrent({
    name: "payload.bin",
    files: [{ path: [], length }],
    pieceLength,
    pieceHashes: new Uint8Array(Buffer.concat(hashes)),
  });
  return { metainfo: parseTorrent(bytes), payload };
}
