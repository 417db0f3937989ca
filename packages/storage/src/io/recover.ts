import { Bitfield } from "@bt/primitives";
import { StorageError } from "../errors.ts";
import type { FileStat, JournalState } from "../journal-format.ts";
import type { OpenOptions, RecheckMode } from "../torrent-storage.ts";
import type { DiskStat } from "./disk.ts";
import type { Gate } from "./gate.ts";
import type { HashWorkers } from "./hash-workers.ts";
import { foreignFiles } from "./foreign-files.ts";
import { judgeFile, type FileVerdict } from "./judge-file.ts";
import { payloadHashSource } from "./payload-hash-source.ts";
import { isGoodInParts } from "./part-file.ts";
import type { PayloadFiles } from "./payload-files.ts";
import { isSafePath } from "./payload-root.ts";
import type { PieceVerifier } from "./piece-verifier.ts";
import { findReplaced } from "./sample-files.ts";

/** What was found in the download folder. */
export interface Recovery {
  readonly have: Bitfield;
  /** State of each file that was looked at, from before it was hashed. */
  readonly stats: Map<number, FileStat>;
  /** Whether the journal says exactly this, and cleanly. */
  readonly isExact: boolean;
  /** Files that are there, by index. */
  readonly onDisk: ReadonlyMap<number, DiskStat>;
  /** Files of which the journal will say something that it did not: by index. */
  readonly news: Set<number>;
  /** Files that are there but that nothing proves to belong to the torrent. */
  readonly foreign: Set<number>;
}

/** Bytes of the piece are missing on the disk, or nobody wants to look. */
const BLOCKED = 1;
/** The piece has to be hashed. */
const SUSPECT = 2;
/** The piece lies in pad files only. */
const ONLY_PADS = 4;
/** Bytes of the piece are in the part file, which the hash threads do not know. */
const IN_PARTS = 8;

const MARK_OF = { trusted: 0, suspect: SUSPECT, unknown: BLOCKED, moved: 0 } as const;

/** Compares the journal with the files and hashes what it leaves open. The rules are in JOURNAL.md, "Opening". */
export async function recover(
  payload: PayloadFiles,
  journal: JournalState | undefined,
  verifier: PieceVerifier,
  hashers: HashWorkers,
  gate: Gate,
  { signal, onProgress, recheck = "auto", expectData = false }: OpenOptions,
): Promise<Recovery> {
  const { files, layout } = payload.metainfo;
  if (journal !== undefined && !takeRenames(payload, journal.places.renames)) {
    journal = undefined;
    payload.renames.clear();
  }
  const { isThere, onDisk } = await gate.pass(
    async () => ({ isThere: await payload.root.find(), onDisk: await payload.inspect(signal) }),
    signal,
  );
  if (!isThere && journal !== undefined && !journal.have.isEmpty)
    throw isGone(
      payload.root.path,
      "the folder with the downloaded data is gone; put it back or delete the resume file",
    );
  if (expectData && journal === undefined && onDisk.size === 0)
    throw isGone(
      payload.root.path,
      "the downloaded data is gone; put it back (mount its disk) or add the torrent anew",
    );

  takePlaces(payload, journal, onDisk);
  const verdicts = new Map(
    Array.from(onDisk, ([index, stat]) => [index, judgeFile(stat, index, journal, recheck)] as const),
  );
  for (const index of await findReplaced(payload, verdicts, journal, { verifier, hashers, signal }))
    verdicts.set(index, "suspect");
  const marks = new Uint8Array(layout.pieces.pieceCount).fill(ONLY_PADS);
  const partIndex = payload.parts.fileIndex;
  for (const [index, file] of files.entries()) {
    if (file.length === 0 || !payload.isOnDisk(index)) continue;
    const { first, end } = layout.piecesOfFile(index);
    const stat = onDisk.get(index);
    // The first piece of the file whose bytes are not all there.
    const coveredEnd =
      stat === undefined
        ? first
        : stat.size >= file.length
          ? end
          : Math.max(first, Math.floor((file.offset + stat.size) / layout.pieces.pieceLength));
    const mark = MARK_OF[verdicts.get(index) ?? "unknown"];
    const shared = payload.parts.parted.has(index) ? payload.parts.sharedPiecesOf(index) : [];
    for (let piece = first; piece < end; piece++) {
      marks[piece]! &= ~ONLY_PADS;
      if (!shared.includes(piece)) marks[piece]! |= piece < coveredEnd ? mark : BLOCKED;
    }
    for (const piece of shared) marks[piece]! |= IN_PARTS | markInParts(piece, index);
  }
  function markInParts(piece: number, index: number): number {
    const stat = onDisk.get(partIndex);
    if (stat === undefined) return BLOCKED;
    const { pieces } = layout;
    const from = Math.max(pieces.offsetOf(piece), files[index]!.offset);
    const end = Math.min(
      pieces.offsetOf(piece) + pieces.pieceLengthAt(piece),
      files[index]!.offset + files[index]!.length,
    );
    const covered = payload
      .spansOf(from, end - from)
      .every((span) => span.fileOffset + span.length <= stat.size);
    return covered ? MARK_OF[verdicts.get(partIndex) ?? "unknown"] : BLOCKED;
  }

  const { sample, others } = choosePadPiece(payload, marks);
  if (sample !== undefined) marks[sample] = SUSPECT;
  const have = new Bitfield(marks.length);
  let toHashCount = 0;
  for (let piece = 0; piece < marks.length; piece++) {
    if ((marks[piece]! & ~IN_PARTS) === 0 && recheck !== "all" && journal?.have.has(piece) === true)
      have.set(piece);
    else if ((marks[piece]! & ~IN_PARTS) === SUSPECT) toHashCount++;
  }
  if (toHashCount > 0) {
    let checkedCount = 0;
    for (let piece = 0; piece < marks.length; piece++) {
      if (marks[piece] !== (SUSPECT | IN_PARTS)) continue;
      if (await isGoodInParts(payload, piece, verifier, signal)) have.set(piece);
      onProgress?.(++checkedCount, toHashCount);
    }
    await hashers.hashPieces(payloadHashSource(payload), {
      runs: runsOf(marks, SUSPECT),
      signal,
      onDigest: (piece, digest) => {
        if (digest !== undefined && verifier.isMatch(piece, digest)) have.set(piece);
        if (digest !== undefined && piece === sample) {
          for (const other of others) if (verifier.isMatch(other, digest)) have.set(other);
        }
        onProgress?.(++checkedCount, toHashCount);
      },
    });
  }
  const foreign = foreignFiles(payload, onDisk, journal, have, verifier);
  const stats = statsToRemember(payload, onDisk, recheck, verdicts);
  const news = new Set(
    [...stats.keys()].filter((index) =>
      isNews(stats.get(index)!, verdicts.get(index), journal?.stats.get(index)),
    ),
  );
  return { have, stats, onDisk, isExact: isSame(journal, have, stats, foreign), news, foreign };
}

function isGone(path: string, why: string): StorageError {
  return new StorageError("NOT_FOUND", `Cannot open ${path}: ${why}.`, { path });
}

/**
 * Pieces of zeros alone are had from the start. One of them is hashed for all, since a torrent may claim any number of
 * them at no cost; a short last one is hashed like any piece.
 */
function choosePadPiece(
  payload: PayloadFiles,
  marks: Uint8Array,
): { sample: number | undefined; others: number[] } {
  const { pieces } = payload.metainfo.layout;
  const padPieces: number[] = [];
  for (let piece = 0; piece < marks.length; piece++) {
    if (marks[piece] !== ONLY_PADS) continue;
    if (pieces.pieceLengthAt(piece) === pieces.pieceLength) padPieces.push(piece);
    else marks[piece] = SUSPECT;
  }
  return { sample: padPieces[0], others: padPieces.slice(1) };
}

/** Whether the file was hashed, or is not as the journal knows it. */
function isNews(found: FileStat, verdict: FileVerdict | undefined, known: FileStat | undefined): boolean {
  return (
    verdict === "suspect" ||
    verdict === "moved" ||
    found.length !== known?.length ||
    found.modifiedMs !== known.modifiedMs
  );
}

/**
 * Of all files that were looked at, so that the next start looks no further: also of those of which nothing is had, as of files
 * that were begun just before a kill, which are mostly holes.
 */
function statsToRemember(
  payload: PayloadFiles,
  onDisk: ReadonlyMap<number, DiskStat>,
  recheck: RecheckMode,
  verdicts: ReadonlyMap<number, FileVerdict>,
): Map<number, FileStat> {
  const stats = new Map<number, FileStat>();
  for (const [index, { size, mtimeMs, ino }] of onDisk) {
    if (recheck === "none" && verdicts.get(index) === "unknown") continue;
    if (index === payload.parts.fileIndex && payload.parts.parted.size === 0) continue;
    stats.set(index, { length: size, modifiedMs: mtimeMs, inode: ino });
  }
  return stats;
}

function isSame(
  journal: JournalState | undefined,
  have: Bitfield,
  stats: ReadonlyMap<number, FileStat>,
  foreign: ReadonlySet<number>,
): boolean {
  if (journal?.clean !== true || journal.have.count !== have.count || journal.stats.size !== stats.size)
    return false;
  for (const piece of have.indices()) if (!journal.have.has(piece)) return false;
  for (const [index, { length, modifiedMs, inode }] of stats) {
    const known = journal.stats.get(index);
    if (known?.length !== length || known.modifiedMs !== modifiedMs || known.inode !== inode) return false;
  }
  const before = journal.places.foreign;
  return before.size === foreign.size && [...foreign].every((index) => before.has(index));
}

/** A journal lies where others can write: paths that are unsafe, or that two files would share, are none. */
function takeRenames(payload: PayloadFiles, renames: ReadonlyMap<number, readonly string[]>): boolean {
  payload.renames.clear();
  if (renames.size === 0) return true;
  for (const [index, path] of renames) {
    if (!isSafePath(path)) return false;
    payload.renames.set(index, path);
  }
  const paths = new Set([payload.elementsOf(payload.parts.fileIndex).join("/")]);
  for (const [index, file] of payload.metainfo.files.entries()) {
    if (file.pad) continue;
    const path = payload.elementsOf(index).join("/");
    if (paths.has(path)) return false;
    paths.add(path);
  }
  return true;
}

/**
 * What the journal says of where files lie. Without a journal, a part file that is there may hold bytes of every file that
 * is not: hashing tells.
 */
function takePlaces(
  payload: PayloadFiles,
  journal: JournalState | undefined,
  onDisk: ReadonlyMap<number, DiskStat>,
): void {
  const { parted } = payload.parts;
  parted.clear();
  if (journal !== undefined) {
    for (const index of journal.places.parted) if (payload.isOnDisk(index)) parted.add(index);
  } else if (onDisk.has(payload.parts.fileIndex)) {
    for (const [index, { length }] of payload.metainfo.files.entries())
      if (length > 0 && payload.isOnDisk(index) && !onDisk.has(index) && payload.parts.isNeighbour(index))
        parted.add(index);
  }
}

/** Runs of pieces whose mark is exactly `mark`. */
function* runsOf(marks: Uint8Array, mark: number): Generator<[first: number, count: number]> {
  for (let first = 0; first < marks.length; first++) {
    if (marks[first] !== mark) continue;
    let end = first + 1;
    while (end < marks.length && marks[end] === mark) end++;
    yield [first, end - first];
    first = end;
  }
}
