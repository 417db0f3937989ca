import { MERKLE_HASH_LENGTH, merklePadRoot, merkleRoot } from "@bt/metainfo";
import { BLOCK_LENGTH, bytesEqual } from "@bt/primitives";
import { StorageError } from "../errors.ts";
import type { StorageMetainfo } from "../storage-metainfo.ts";
import { eachOf } from "./each-of.ts";
import { NODE_DISK, type DiskStat } from "./disk.ts";
import { FilePool } from "./file-pool.ts";
import { HashWorkers } from "./hash-workers.ts";
import { payloadHashSource } from "./payload-hash-source.ts";
import { INSPECT_DEPTH, PayloadFiles } from "./payload-files.ts";
import { PieceVerifier } from "./piece-verifier.ts";

export interface VerifyOptions {
  readonly metainfo: StorageMetainfo;
  /** The folder that holds the torrent's file or folder. */
  readonly root: string;
  /** Called for each piece, in no particular order. */
  readonly onPiece?: ((piece: number, isGood: boolean) => void) | undefined;
  /** Pieces checked so far, pieces in all. */
  readonly onProgress?: ((checkedCount: number, totalCount: number) => void) | undefined;
  /** Default: its own, one per core, at most 4. */
  readonly workers?: HashWorkers | undefined;
  /** See `HashPiecesOptions`. */
  readonly onThisThread?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface FileReport {
  readonly fileIndex: number;
  readonly path: readonly string[];
  /** There is no regular file of that name; links are not followed. */
  readonly missing: boolean;
  /** It is there, but shorter or longer than it should be. */
  readonly wrongLength: boolean;
  /** Bytes it has; 0 when it is missing. */
  readonly actualLength: number;
  /** Pieces of the file whose bytes are there and wrong. */
  readonly badPieces: readonly number[];
  /** Pieces of the file that cannot be checked, because bytes of them are missing in this file or in a neighbour. */
  readonly incompletePieces: readonly number[];
}

export interface VerifyReport {
  /** Every piece matches and every file is there with its length. */
  readonly isGood: boolean;
  readonly pieceCount: number;
  readonly goodPieceCount: number;
  readonly badPieces: readonly number[];
  readonly incompletePieces: readonly number[];
  /** All files but pad files and links, good ones too. */
  readonly files: readonly FileReport[];
}

/** Compares all data in `root` with the torrent's hashes. Changes nothing and ignores the journal. */
export async function verifyData(options: VerifyOptions): Promise<VerifyReport> {
  const { metainfo, root, onPiece, onProgress, signal } = options;
  const payload = new PayloadFiles(metainfo, root, new FilePool(), NODE_DISK);
  const verifier = new PieceVerifier(metainfo);
  const { pieceCount } = metainfo.layout.pieces;
  const badPieces: number[] = [];
  const incompletePieces: number[] = [];
  let checkedCount = 0;
  // Of a v2 torrent without piece layers what the pieces hash to, until there is all of a file's layer.
  const unknown = new Map<number, Uint8Array>();
  const workers = options.workers ?? new HashWorkers();
  if (options.onThisThread === true) workers.warmUp(metainfo.layout.pieces.totalLength);
  const stats = await inspectAll(payload);
  try {
    // What is reached by a link only is missing, and so are its pieces.
    await workers.hashPieces(
      payloadHashSource(payload, (index) => stats[index] !== undefined),
      {
        runs: pieceCount === 0 ? [] : [[0, pieceCount]],
        signal,
        onThisThread: options.onThisThread,
        onDigest: (piece, digest) => {
          if (digest !== undefined && !verifier.isKnown(piece)) unknown.set(piece, digest.slice());
          const isGood = digest !== undefined && verifier.isMatch(piece, digest);
          if (!isGood) (digest === undefined ? incompletePieces : badPieces).push(piece);
          onPiece?.(piece, isGood);
          onProgress?.(++checkedCount, pieceCount);
        },
      },
    );
  } finally {
    if (options.workers === undefined) await workers.close();
  }
  judgeByRoots(metainfo, unknown, badPieces, incompletePieces);
  badPieces.sort((a, b) => a - b);
  incompletePieces.sort((a, b) => a - b);
  const files: FileReport[] = [];
  for (const [fileIndex, { path, length }] of metainfo.files.entries()) {
    if (!payload.isOnDisk(fileIndex)) continue;
    const stat = stats[fileIndex];
    const { first, end } = metainfo.layout.piecesOfFile(fileIndex);
    files.push({
      fileIndex,
      path,
      missing: stat === undefined,
      wrongLength: stat !== undefined && stat.size !== length,
      actualLength: stat?.size ?? 0,
      badPieces: within(badPieces, first, end),
      incompletePieces: within(incompletePieces, first, end),
    });
  }
  const goodPieceCount = pieceCount - badPieces.length - incompletePieces.length;
  const isGood =
    goodPieceCount === pieceCount && files.every(({ missing, wrongLength }) => !missing && !wrongLength);
  return { isGood, pieceCount, goodPieceCount, badPieces, incompletePieces, files };
}

/**
 * BEP 52: a file whose piece layer is not there can still be compared as a whole, with its root. Its pieces, bad as long
 * as nobody knows better, are good together; where some are incomplete, the others cannot be checked.
 */
function judgeByRoots(
  { files, layout }: StorageMetainfo,
  digests: ReadonlyMap<number, Uint8Array>,
  badPieces: number[],
  incompletePieces: number[],
): void {
  if (digests.size === 0) return;
  const settled = new Set<number>();
  const pad = merklePadRoot(layout.pieces.pieceLength / BLOCK_LENGTH);
  for (const [fileIndex, { piecesRoot }] of files.entries()) {
    const { first, end } = layout.piecesOfFile(fileIndex);
    const pieces = Array.from({ length: end - first }, (_, i) => first + i).filter((piece) =>
      digests.has(piece),
    );
    if (piecesRoot === undefined || pieces.length === 0) continue;
    const isWhole = pieces.length === end - first;
    const layer = new Uint8Array(pieces.length * MERKLE_HASH_LENGTH);
    for (const [i, piece] of pieces.entries()) layer.set(digests.get(piece)!, i * MERKLE_HASH_LENGTH);
    if (isWhole && !bytesEqual(merkleRoot(layer, { pad }), piecesRoot)) continue;
    for (const piece of pieces) {
      settled.add(piece);
      if (!isWhole) incompletePieces.push(piece);
    }
  }
  const bad = badPieces.filter((piece) => !settled.has(piece));
  badPieces.splice(0, badPieces.length, ...bad);
}

/** By file index. A link or a folder in the place of a file is a missing file here, not an error. */
async function inspectAll(payload: PayloadFiles): Promise<(DiskStat | undefined)[]> {
  const folders = new Map<string, Promise<boolean>>();
  const stats: (DiskStat | undefined)[] = payload.metainfo.files.map(() => undefined);
  await eachOf(stats.keys(), INSPECT_DEPTH, async (fileIndex) => {
    if (payload.isOnDisk(fileIndex)) stats[fileIndex] = await inspectTolerantly(payload, fileIndex, folders);
  });
  return stats;
}

async function inspectTolerantly(
  payload: PayloadFiles,
  fileIndex: number,
  folders: Map<string, Promise<boolean>>,
): Promise<DiskStat | undefined> {
  try {
    return await payload.inspectFile(fileIndex, folders);
  } catch (error) {
    if (error instanceof StorageError && (error.code === "OUTSIDE_ROOT" || error.code === "NOT_A_FILE"))
      return undefined;
    throw error;
  }
}

/** The entries of a sorted list in [first, end). */
function within(sorted: readonly number[], first: number, end: number): number[] {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < first) low = middle + 1;
    else high = middle;
  }
  const found: number[] = [];
  for (let i = low; i < sorted.length && sorted[i]! < end; i++) found.push(sorted[i]!);
  return found;
}
