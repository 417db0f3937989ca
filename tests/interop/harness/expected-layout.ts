import type { ReadFile, TorrentFacts } from "./libtorrent-formats.ts";
import type { TorrentKind } from "./our-torrents.ts";
import type { RandomTree, TreeFile } from "./random-tree.ts";

/** Who places the files in piece space: the torrent as it is written (and as our parser shows it), or libtorrent. */
export type Reader = "bt" | "libtorrent";

interface PadRule {
  /** Before the next file that has bytes, or behind the last one: where empty files lie in between, they differ. */
  readonly place: "before" | "behind" | "none";
  /** Whether the last file is filled up as well. */
  readonly atEnd: boolean;
  /** Whether the fill is listed as a file. */
  readonly isListed: boolean;
}

/**
 * A v2 torrent stores no pads: our parser leaves gaps between the files and counts no length for them, libtorrent 2.0.8
 * lists pads of its own making. In hybrids libtorrent goes by the file tree and makes its own pads as well, behind each
 * file, so an empty file can have another offset there; only at the end it does as the v1 half does. It
 * never pads a hybrid's only file.
 */
function padRule(kind: TorrentKind, reader: Reader, fileCount: number): PadRule {
  const several = fileCount > 1;
  if (kind === "v1") return { place: "none", atEnd: false, isListed: false };
  if (kind === "hybridTailPadded") return { place: "behind", atEnd: several, isListed: true };
  if (reader === "bt") return { place: "before", atEnd: false, isListed: kind === "hybrid" };
  return { place: "behind", atEnd: kind === "v2", isListed: true };
}

/** What a torrent of the tree has to say, worked out from the tree alone. Pads have the path "". */
export function expectedFacts(tree: RandomTree, kind: TorrentKind, reader: Reader): TorrentFacts {
  const { pieceLength, trackers } = tree;
  // A v2 torrent with one file and no folder in its tree is taken for that file alone and goes by the file's name, by
  // libtorrent and by us: BEP 52 calls the torrent's name advice. A v1 half tells a folder with one file from a file.
  const [first] = tree.files;
  const isUnfolded = kind === "v2" && tree.files.length === 1 && first?.path.length === 1;
  const name = isUnfolded ? first.path[0]! : tree.name;
  const sorted = [...tree.files].sort(compareByBytes);
  const { place, atEnd, isListed } = padRule(kind, reader, sorted.length);
  const files: ReadFile[] = [];
  let offset = 0;
  let pieceCount = 0;
  const fillPiece = (): void => {
    const length = Math.ceil(offset / pieceLength) * pieceLength - offset;
    if (length > 0 && isListed) files.push({ path: "", length, offset, pad: true, executable: false });
    offset += length;
  };
  for (const [index, { path, length, executable }] of sorted.entries()) {
    if (place === "before" && length > 0) fillPiece();
    files.push({
      path: (isUnfolded ? path : [name, ...path]).join("/"),
      length,
      offset,
      pad: false,
      executable,
    });
    offset += length;
    const isLast = sorted.slice(index + 1).every((later) => later.length === 0);
    if (place === "behind" && (!isLast || atEnd)) fillPiece();
    pieceCount += Math.ceil(length / pieceLength);
  }
  const totalLength = files.reduce((sum, { length }) => sum + length, 0);
  if (kind === "v1") pieceCount = Math.ceil(totalLength / pieceLength);
  return { name, pieceLength, pieceCount, totalLength, private: tree.private, trackers, files };
}

/** Element by element, by bytes: the order of the keys of nested dictionaries (BEP 52 "file tree"). */
function compareByBytes({ path: a }: TreeFile, { path: b }: TreeFile): number {
  for (const [index, element] of a.entries()) {
    const order = Buffer.compare(Buffer.from(element), Buffer.from(b[index] ?? ""));
    if (order !== 0) return order;
  }
  return a.length - b.length;
}
