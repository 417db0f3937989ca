import { loadMetainfo, loadStorage, type HashWorkers, type NewFile } from "./built-packages.ts";
import type { RandomTree } from "./random-tree.ts";

/**
 * `hybridTailPadded` is a hybrid whose pad files stand as libtorrent puts them by default: right behind each file that
 * does not end a piece, the last one included (but not when it is the only one). In `hybrid`, as `bt create` makes it, a pad stands right before the next
 * file that has bytes, and there is none at the end. BEP 52 allows both: it wants each file to begin a piece. They
 * differ in pad files only, but those are part of the v1 half, and so the info-hashes differ.
 */
export const TORRENT_KINDS = ["v1", "v2", "hybrid", "hybridTailPadded"] as const;
export type TorrentKind = (typeof TORRENT_KINDS)[number];

/** Makes the torrent of a tree with the packages, in the way of `bt create`. */
export async function makeOurTorrent(
  tree: RandomTree,
  kind: TorrentKind,
  workers: HashWorkers,
): Promise<Uint8Array> {
  const { createTorrent, insertPadFiles } = await loadMetainfo();
  const { hashFiles, hashFileTrees, scanPayload } = await loadStorage();
  const { pieceLength, trackers } = tree;
  const payload = await scanPayload(tree.absolutePath);
  const trees = kind === "v1" ? [] : await hashFileTrees({ files: payload.files, pieceLength, workers });
  const scanned: (NewFile & { absolutePath?: string })[] = payload.files.map((file, index) => ({
    path: file.path,
    absolutePath: file.absolutePath,
    length: file.length,
    ...(file.executable ? { executable: true } : {}),
    ...trees[index],
  }));
  const files: typeof scanned =
    kind === "hybrid"
      ? insertPadFiles(scanned, pieceLength)
      : kind === "hybridTailPadded" && scanned.length > 1
        ? scanned.flatMap((file) => [file, ...padBehind(file.length, pieceLength)])
        : scanned;
  const pieceHashes = kind === "v2" ? undefined : await hashFiles({ files, pieceLength, workers });
  return createTorrent({
    name: payload.name,
    files,
    pieceLength,
    trackers,
    private: tree.private,
    ...(pieceHashes === undefined ? {} : { pieceHashes }),
  });
}

function padBehind(fileLength: number, pieceLength: number): NewFile[] {
  const rest = fileLength % pieceLength;
  if (rest === 0) return [];
  return [{ path: [".pad", String(pieceLength - rest)], length: pieceLength - rest, pad: true }];
}
