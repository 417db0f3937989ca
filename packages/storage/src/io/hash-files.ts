import { BLOCK_LENGTH } from "@bt/primitives";
import { MERKLE_HASH_LENGTH, merklePadRoot, merkleRoot } from "@bt/metainfo";
import { createHashSource, type HashSource } from "./hash-source.ts";
import { HashWorkers } from "./hash-workers.ts";

const SHA1_LENGTH = 20;

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
  /** See `HashPiecesOptions`. */
  readonly onThisThread?: boolean | undefined;
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
  const totalLength = files.reduce((sum, { length }) => sum + length, 0);
  const source = createHashSource(inOneRow(files), {
    pieceLength,
    totalLength,
    strict: true,
    digest: "sha1",
  });
  const hashes = new Uint8Array(Math.ceil(totalLength / pieceLength) * SHA1_LENGTH);
  await hashAll(options, source, (piece, digest) => hashes.set(digest, piece * SHA1_LENGTH));
  return hashes;
}

function* inOneRow(
  files: readonly HashedFile[],
): Generator<{ path: string; length: number; offset: number }> {
  let offset = 0;
  for (const { absolutePath = "", length } of files) {
    yield { path: absolutePath, length, offset };
    offset += length;
  }
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
  return (await hashAligned(options, "merkle")).trees;
}

/** Both kinds of hashes. */
export interface HybridHashes {
  /** As `hashFileTrees` gives them. */
  readonly trees: FileTree[];
  /** The SHA-1 of each piece, one after the other, of the files with the pad files that `insertPadFiles` inserts. */
  readonly pieceHashes: Uint8Array;
}

/**
 * What a hybrid torrent needs, over one reading of the files, which are given without pad files.
 *
 * @throws StorageError as `hashFiles`.
 */
export function hashHybrid(options: HashFilesOptions): Promise<HybridHashes> {
  return hashAligned(options, "both");
}

/** Digests of pieces when each file that is not empty begins one. */
async function hashAligned(options: HashFilesOptions, digest: "merkle" | "both"): Promise<HybridHashes> {
  const { files, pieceLength } = options;
  if (pieceLength < BLOCK_LENGTH || !Number.isInteger(Math.log2(pieceLength))) {
    throw new RangeError(`piece length ${pieceLength} is no power of two from 16 KiB`);
  }
  let pieceCount = 0;
  let totalLength = 0;
  const placed = files.map(({ absolutePath, length: listed }) => {
    const length = absolutePath === undefined ? 0 : listed;
    const offset = pieceCount * pieceLength;
    pieceCount += Math.ceil(length / pieceLength);
    if (length > 0) totalLength = offset + length;
    return { path: absolutePath ?? "", length, offset };
  });
  const source = createHashSource(placed, { pieceLength, totalLength, strict: true, digest });
  const roots = new Uint8Array(pieceCount * MERKLE_HASH_LENGTH);
  const pieceHashes = new Uint8Array(digest === "both" ? pieceCount * SHA1_LENGTH : 0);
  await hashAll(options, source, (piece, digests) => {
    const rootStart = digest === "both" ? SHA1_LENGTH : 0;
    roots.set(digests.subarray(rootStart), piece * MERKLE_HASH_LENGTH);
    if (digest === "both") pieceHashes.set(digests.subarray(0, SHA1_LENGTH), piece * SHA1_LENGTH);
  });
  const pad = merklePadRoot(pieceLength / BLOCK_LENGTH);
  const trees = placed.map(({ length, offset }) => {
    if (length === 0) return {};
    const first = offset / pieceLength;
    const end = first + Math.ceil(length / pieceLength);
    const layer = roots.slice(first * MERKLE_HASH_LENGTH, end * MERKLE_HASH_LENGTH);
    return length <= pieceLength
      ? { piecesRoot: layer }
      : { piecesRoot: merkleRoot(layer, { pad }), pieceLayer: layer };
  });
  return { trees, pieceHashes };
}

async function hashAll(
  { workers, onThisThread, onProgress, signal }: HashFilesOptions,
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
      onThisThread,
      onDigest: (piece, digest) => {
        onDigest(piece, digest!); // a strict source has every byte or throws
        onProgress?.(++hashedCount, pieceCount);
      },
    });
  } finally {
    await own?.close();
  }
}
