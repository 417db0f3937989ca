import type { Bitfield } from "@bt/primitives";
import { toStorageError } from "../errors.ts";
import { truncated } from "./batch-reader.ts";
import type { FileStat } from "../journal-format.ts";
import { asPromise, asVoidPromise, readFully, type DiskStat } from "./disk.ts";
import type { PayloadFiles } from "./payload-files.ts";
import type { PieceVerifier } from "./piece-verifier.ts";
import type { PieceWriter } from "./piece-writer.ts";
import type { ResumeLog } from "./resume-log.ts";

/** Bytes read and hashed, or copied, at a time. */
const CHUNK_LENGTH = 512 * 1024;

/** Hashes a piece that is partly in the part file. Few are; the rest is for the hash threads. */
export async function isGoodInParts(
  payload: PayloadFiles,
  piece: number,
  verifier: PieceVerifier,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const { pieces } = payload.metainfo.layout;
  const digester = verifier.createDigester(piece);
  const start = pieces.offsetOf(piece);
  const end = start + pieces.pieceLengthAt(piece);
  for (let at = start; at < end;) {
    signal?.throwIfAborted();
    const bytes = new Uint8Array(Math.min(CHUNK_LENGTH, end - at));
    if (!(await readSpans(payload, at, bytes))) return false;
    digester.update(bytes);
    at += bytes.length;
  }
  return verifier.isMatch(piece, digester.digest());
}

/** Reads bytes from wherever they are; false when some are not there. */
async function readSpans(payload: PayloadFiles, offset: number, into: Uint8Array): Promise<boolean> {
  let at = 0;
  for (const { fileIndex, fileOffset, length } of payload.spansOf(offset, into.length)) {
    const part = into.subarray(at, at + length);
    at += length;
    if (!payload.isOnDisk(fileIndex)) continue; // BEP 47: pad files are zeros
    if ((await readFrom(payload, fileIndex, fileOffset, part)) < length) return false;
  }
  return true;
}

async function readFrom(
  payload: PayloadFiles,
  fileIndex: number,
  position: number,
  into: Uint8Array,
): Promise<number> {
  const open = await payload.borrow(fileIndex, false);
  try {
    return await readFully(payload.disk, open.fd, into, position);
  } catch (cause) {
    throw toStorageError(cause, "read", payload.pathOf(fileIndex));
  } finally {
    payload.giveBack(open);
  }
}

/** Reads bytes that must be there. */
export async function readSpan(
  payload: PayloadFiles,
  fileIndex: number,
  position: number,
  into: Uint8Array,
): Promise<void> {
  const count = await readFrom(payload, fileIndex, position, into);
  if (count < into.length) throw truncated(payload.pathOf(fileIndex), position + count);
}

/**
 * Brings the files into line with what is wanted. What became wanted is copied out of the part file into files of their own;
 * the journal says so before the part file goes. What became unwanted and is not there yet will not be made. To be called
 * while nothing is written. `onDisk`: the files that are there, when that is known.
 */
export async function choosePlaces(
  payload: PayloadFiles,
  unwanted: ReadonlySet<number>,
  tools: { readonly have: Bitfield; readonly writer: PieceWriter; readonly log: ResumeLog },
  onDisk?: ReadonlyMap<number, DiskStat>,
): Promise<void> {
  const { parts } = payload;
  const { log, have } = tools;
  /** Somebody else's file, in which nothing of ours is yet. */
  const isInTheWay = (fileIndex: number): boolean =>
    payload.foreign.has(fileIndex) && !parts.sharedPiecesOf(fileIndex).some((piece) => have.has(piece));
  await log.flush();
  const before = payload.unwanted;
  payload.unwanted = unwanted;
  const stats = new Map<number, FileStat>();
  const placed = [...parts.parted].filter((fileIndex) => !unwanted.has(fileIndex));
  if (placed.length > 0) await log.begin();
  for (const fileIndex of placed) {
    const stat = await copyOut(payload, fileIndex, tools);
    if (stat !== undefined) stats.set(fileIndex, stat);
  }
  for (const fileIndex of placed) parts.parted.delete(fileIndex);
  let isNew = placed.length > 0;
  for (const fileIndex of unwanted) {
    if (before.has(fileIndex) || parts.parted.has(fileIndex)) continue;
    if (payload.metainfo.files[fileIndex] === undefined) throw new RangeError(`no file ${fileIndex}`);
    if (!payload.isOnDisk(fileIndex) || !parts.isNeighbour(fileIndex)) continue;
    const stat = onDisk === undefined ? await payload.inspectFile(fileIndex) : onDisk.get(fileIndex);
    if (stat !== undefined && !isInTheWay(fileIndex)) continue;
    parts.parted.add(fileIndex);
    isNew = true;
  }
  if (placed.length > 0) await log.savePlaces(stats);
  else if (isNew) log.placesChanged();
  const mayBeThere = onDisk === undefined || onDisk.has(parts.fileIndex);
  // A journal that could not be written the last time still counts on it.
  const isNeeded = parts.parted.size > 0 || !log.arePlacesSaved;
  if (mayBeThere && !isNeeded) await payload.removePartFile();
}

/** Writes what the part file holds of a file into the file; `undefined` when it holds nothing. */
async function copyOut(
  payload: PayloadFiles,
  fileIndex: number,
  { have, writer }: { readonly have: Bitfield; readonly writer: PieceWriter },
): Promise<FileStat | undefined> {
  const { pieces } = payload.metainfo.layout;
  const file = payload.metainfo.files[fileIndex]!;
  let isTouched = false;
  for (const piece of payload.parts.sharedPiecesOf(fileIndex)) {
    if (!have.has(piece)) continue;
    const start = Math.max(pieces.offsetOf(piece), file.offset);
    const end = Math.min(pieces.offsetOf(piece) + pieces.pieceLengthAt(piece), file.offset + file.length);
    for (let at = start; at < end;) {
      const bytes = new Uint8Array(Math.min(CHUNK_LENGTH, end - at));
      const [span] = payload.spansOf(at, bytes.length);
      await readSpan(payload, span!.fileIndex, span!.fileOffset, bytes);
      await writer.spans.write(fileIndex, at - file.offset, [bytes]);
      at += bytes.length;
    }
    isTouched = true;
  }
  return isTouched ? syncAndStat(payload, fileIndex) : undefined;
}

/** What is in the file is safe from a power cut when this resolves. */
export async function syncAndStat(payload: PayloadFiles, fileIndex: number): Promise<FileStat> {
  const open = await payload.borrow(fileIndex, true);
  try {
    await asVoidPromise((done) => payload.disk.fsync(open.fd, done));
    const { size, mtimeMs, ino } = await asPromise<DiskStat>((done) => payload.disk.fstat(open.fd, done));
    await payload.syncNames([payload.elementsOf(fileIndex)]);
    return { length: size, modifiedMs: mtimeMs, inode: ino };
  } catch (cause) {
    throw toStorageError(cause, "save", payload.pathOf(fileIndex));
  } finally {
    payload.giveBack(open);
  }
}
