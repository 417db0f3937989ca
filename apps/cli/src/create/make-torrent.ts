import { statSync } from "node:fs";
import {
  choosePieceLength,
  createTorrent,
  insertPadFiles,
  type NewFile,
  type NewTorrent,
} from "@bt/metainfo";
import type { HashWorkers, ScannedPayload } from "@bt/storage";
import { EXIT } from "../exit-codes.ts";
import { describeSystemError } from "../explain-error.ts";
import { Failure, usageFailure } from "../failure.ts";
import { readVersion } from "../version.ts";

export type TorrentFormat = "v1" | "v2" | "hybrid";

/** Smaller files are read in one call or two. */
const LONG_FILE_LENGTH = 1024 * 1024;

/** What the user decides about a new torrent. */
export interface TorrentWishes extends Partial<
  Pick<NewTorrent, "trackers" | "webSeeds" | "private" | "source" | "comment" | "similar" | "collections">
> {
  readonly format: TorrentFormat;
  /** Default: about 1,000 to 2,000 pieces. */
  readonly pieceLength: number | undefined;
  readonly withDate: boolean;
}

export interface MadeTorrent {
  readonly bytes: Uint8Array;
  readonly payload: ScannedPayload;
}

export interface MakingOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (hashedCount: number, totalCount: number) => void;
  /** What `startHashWorkers` started for the path, if that was done before; it is closed when the torrent is made. */
  readonly workers?: HashWorkers | undefined;
}

/** The torrent of a file or folder. `shown` is the path as the user wrote it. */
export async function makeTorrent(
  path: string,
  shown: string,
  wishes: TorrentWishes,
  options: MakingOptions,
): Promise<MadeTorrent> {
  const workers = options.workers ?? (await startHashWorkers(path, shown));
  try {
    return await scanAndHash(path, shown, wishes, { ...options, workers });
  } catch (error) {
    throw asInputFailure(error);
  } finally {
    // Nobody waits for the threads to come down: that takes as long as all that is left to do.
    void workers.close();
  }
}

/** What will hash a file or folder. Of a large file, the threads come up while the rest is prepared. */
export async function startHashWorkers(path: string, shown: string): Promise<HashWorkers> {
  const length = payloadLength(path, shown);
  const { HashWorkers } = await import("./hash-payload.ts");
  const workers = new HashWorkers();
  workers.warmUp(length);
  return workers;
}

/** Bytes of a file; of a folder, nothing is known yet. */
function payloadLength(path: string, shown: string): number {
  try {
    const state = statSync(path);
    return state.isFile() ? state.size : 0;
  } catch (cause) {
    throw new Failure(
      EXIT.unreadable,
      "UNREADABLE",
      `cannot read ${shown}: ${describeSystemError(cause)}; check the path`,
      { cause },
    );
  }
}

async function scanAndHash(
  path: string,
  shown: string,
  wishes: TorrentWishes,
  options: MakingOptions,
): Promise<MadeTorrent> {
  const { hashFiles, hashFileTrees, hashHybrid, scanPayload } = await import("./hash-payload.ts");
  const { format, withDate, ...stated } = wishes;
  const payload = await scanPayload(path, { signal: options.signal });
  const totalLength = payload.files.reduce((sum, { length }) => sum + length, 0);
  if (totalLength === 0) {
    throw new Failure(
      EXIT.unreadable,
      "EMPTY",
      `cannot make a torrent of ${shown}: there is not one byte in it`,
    );
  }
  const pieceLength = wishes.pieceLength ?? choosePieceLength(totalLength);
  const hashing = {
    files: payload.files,
    pieceLength,
    workers: options.workers,
    onThisThread: true,
    signal: options.signal,
    onProgress: options.onProgress,
  };
  let files: NewFile[] = payload.files.map(({ path: elements, length, executable, symlink }) => ({
    path: elements,
    length,
    ...(executable ? { executable } : {}),
    ...(symlink === undefined ? {} : { symlink }),
  }));
  let pieceHashes: Uint8Array | undefined;
  if (format === "v1") pieceHashes = await hashFiles(hashing);
  else {
    const hybrid = format === "hybrid" ? await hashHybrid(hashing) : undefined;
    const trees = hybrid?.trees ?? (await hashFileTrees(hashing));
    files = files.map((file, index) => ({ ...file, ...trees[index] }));
    if (hybrid !== undefined) {
      files = insertPadFiles(files, pieceLength);
      pieceHashes = hybrid.pieceHashes;
    }
  }
  requireUnchanged(payload);
  const bytes = createTorrent({
    ...stated,
    name: payload.name,
    files,
    pieceLength,
    ...(pieceHashes === undefined ? {} : { pieceHashes }),
    createdBy: `bt/${readVersion()}`,
    ...(withDate ? { creationDate: Math.floor(Date.now() / 1000) } : {}),
  });
  return { bytes, payload };
}

/** A file that takes long to read may be written to meanwhile: its hashes would be of what never was. */
function requireUnchanged({ files }: ScannedPayload): void {
  for (const { absolutePath, length, modifiedMs } of files) {
    if (length < LONG_FILE_LENGTH) continue;
    const state = statSync(absolutePath, { throwIfNoEntry: false });
    if (state?.size === length && state.mtimeMs === modifiedMs) continue;
    throw new Failure(
      EXIT.unreadable,
      "FILE_CHANGED",
      `cannot make a torrent: ${absolutePath} was written to meanwhile; wait until nothing writes to it and start again`,
    );
  }
}

/** What is wrong with the disk here is wrong with the input. */
function asInputFailure(error: unknown): unknown {
  if (!(error instanceof Error) || error.name !== "StorageError") return error;
  return new Failure(EXIT.unreadable, String((error as { code?: unknown }).code), error.message, {
    cause: error,
  });
}

/** Bytes of a piece: a power of two, as v2 demands and every client takes. */
export function checkPieceLength(length: number): number {
  if (length >= 16_384 && length <= 268_435_456 && Number.isInteger(Math.log2(length))) return length;
  throw usageFailure(`a piece of ${length} bytes is not possible; give a power of two from 16K to 256M`);
}

export function parseFormat(text: string): TorrentFormat {
  if (text === "v1" || text === "v2" || text === "hybrid") return text;
  throw usageFailure(`"${text}" is not a format; give v1, v2 or hybrid`);
}
