import { createHash } from "node:crypto";

/** The v1 hashes of the pieces of `payload`, one behind the other, as `createTorrent` takes them. */
export function pieceHashes(payload: Uint8Array, pieceLength: number): Uint8Array {
  const hashes: Uint8Array[] = [];
  for (let at = 0; at < payload.length; at += pieceLength)
    hashes.push(
      createHash("sha1")
        .update(payload.subarray(at, at + pieceLength))
        .digest(),
    );
  return Buffer.concat(hashes);
}
