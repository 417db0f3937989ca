import { BLOCK_LENGTH } from "@bt/primitives";
import { MERKLE_HASH_LENGTH, merklePadRoot, merkleRoot } from "@bt/metainfo";
import { createHashSource, type HashSource } from "./hash-source.ts";
import { HashWorkers } from "./hash-workers.ts";

export interface HashedFile {
  /** Absent for zeros, i.e. a pad file. Links are followed. */
  readonly absolutePath?: string | undefined;
  /** Bytes; a file that has another length is an error. */
  readonly length: number;
}

export interface HashFilesOptions {
  /** In the torrent's order. */
  readonly files: readonly HashedFile[];
  readonly pieceLength: number;
  /** Threads of the caller's, or how many of its own; default: one per core, at most 4. */
  readonly workers?: HashWorkers | number | undefined;
  /** Pieces hashed so far, pieces in all. */
  readonly onProgress?: ((hashedCount: number, totalCount: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The SHA-1 of each piece, one after the other: "pieces" of a new torrent (BEP 3).
 *
 * @throws StorageError NOT_FOUND, PERMISSION … for a file that cannot be read, FILE_CHANGED for one of another length.
 */
export async function hashFiles(options: HashFilesOptions): Promise<Uint8Array> {
  const { files, pieceLength } = options;
  let totalLength = 0;
  const placed = files.map(({ absolutePath = "", length }) => {
    totalLength += length;
    return { path: absolutePath, length, offset: totalLength - length };
  });
  const source = createHashSource(placed, { pieceLength, totalLength, strict: true, digest: "sha1" });
  const hashes = new Uint8Array(Math.ceil(totalLength / pieceLength) * 20);
  await hashAll(options, source, (piece, digest) => hashes.set(digest, piece * 20));
  return hashes;
}

/** What a v2 torrent says of a file (BEP 52). */
export interface FileTree {
  /** Absent for an empty file. */
  readonly piecesRoot?: Uint8Array;
  /** Only for files longer than a piece: 32 bytes for each piece. */
  readonly pieceLayer?: Uint8Array;
}

/**
 * The merkle trees of files, in their order; pad files have none. `pieceLength` is a power of two from 16 KiB.
 *
 * @throws StorageError as `hashFiles`.
 */
export async function hashFileTrees(options: HashFilesOptions): Promise<FileTree[]> {
  const { files, pieceLength } = options;
  if (pieceLength < BLOCK_LENGTH || !Number.isInteger(Math.log2(pieceLength))) {
    throw new RangeError(`piece length ${pieceLength} is no power of two from 16 KiB`);
  }
  let pieceCount = 0;
  const placed = files.map(({ absolutePath, length }) => {
    const firstPiece = pieceCount;
    if (absolutePath !== undefined) pieceCount += Math.ceil(length / pieceLength);
    return {
      path: absolutePath ?? "",
      length: absolutePath === undefined ? 0 : length,
      offset: firstPiece * pieceLength,
    };
  });
  const totalLength = pieceCount * pieceLength;
  const source = createHashSource(placed, { pieceLength, totalLength, strict: true, digest: "merkle" });
  const roots = new Uint8Array(pieceCount * MERKLE_HASH_LENGTH);
  await hashAll(options, source, (piece, digest) => roots.set(digest, piece * MERKLE_HASH_LENGTH));
  const pad = merklePadRoot(pieceLength / BLOCK_LENGTH);
  return placed.map(({ length, offset }) => {
    if (length === 0) return {};
    const first = offset / pieceLength;
    const end = first + Math.ceil(length / pieceLength);
    const layer = roots.slice(first * MERKLE_HASH_LENGTH, end * MERKLE_HASH_LENGTH);
    return length <= pieceLength
      ? { piecesRoot: layer }
      : { piecesRoot: merkleRoot(layer, { pad }), pieceLayer: layer };
  });
}

async function hashAll(
  { workers, onProgress, signal }: HashFilesOptions,
  source: HashSource,
  onDigest: (piece: number, digest: Uint8Array) => void,
): Promise<void> {
  if (!Number.isSafeInteger(source.pieceLength) || source.pieceLength < 1) {
    throw new RangeError(`piece length ${source.pieceLength}`);
  }
  const pieceCount = Math.ceil(source.totalLength / source.pieceLength);
  if (pieceCount === 0) return;
  const own =
    workers instanceof HashWorkers
      ? undefined
      : new HashWorkers(workers === undefined ? {} : { count: workers });
  let hashedCount = 0;
  try {
    await (own ?? (workers as HashWorkers)).hashPieces(source, {
      runs: [[0, pieceCount]],
      signal,
      onDigest: (piece, digest) => {
        onDigest(piece, digest!); // a strict source has every byte or throws
        onProgress?.(++hashedCount, pieceCount);
      },
    });
  } finally {
    await own?.close();
  }
}
