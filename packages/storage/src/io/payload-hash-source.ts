import { createHashSource, type HashSource } from "./hash-source.ts";
import type { PayloadFiles } from "./payload-files.ts";

/** The files of a torrent on the disk, for the hash workers. */
export function payloadHashSource(payload: PayloadFiles): HashSource {
  const { files, layout, version } = payload.metainfo;
  const { pieceLength, totalLength } = layout.pieces;
  return createHashSource(
    files.map((file, index) => ({ ...file, path: payload.isOnDisk(index) ? payload.pathOf(index) : "" })),
    { pieceLength, totalLength, strict: false, digest: version === "v2" ? "merkle" : "sha1" },
  );
}
