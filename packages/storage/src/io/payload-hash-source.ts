import { createHashSource, type HashSource } from "./hash-source.ts";
import type { PayloadFiles } from "./payload-files.ts";

/** The files of a torrent on the disk, for the hash workers; those that are not there for them are given a path to nowhere. */
export function payloadHashSource(
  payload: PayloadFiles,
  isThere: (fileIndex: number) => boolean = () => true,
): HashSource {
  const pathOf = (index: number): string =>
    isThere(index) ? payload.pathOf(index) : `${payload.pathOf(index)}/.`;

  const { files, layout, version } = payload.metainfo;
  const { pieceLength, totalLength } = layout.pieces;
  return createHashSource(
    files.map((file, index) => ({ ...file, path: payload.isOnDisk(index) ? pathOf(index) : "" })),
    { pieceLength, totalLength, strict: false, digest: version === "v2" ? "merkle" : "sha1" },
  );
}
