import type { JournalState } from "../journal-format.ts";
import type { HashWorkers } from "./hash-workers.ts";
import type { FileVerdict } from "./judge-file.ts";
import { payloadHashSource } from "./payload-hash-source.ts";
import type { PayloadFiles } from "./payload-files.ts";
import type { PieceVerifier } from "./piece-verifier.ts";

/** Pieces of a file that are hashed to see whether it is what the journal takes it for. */
export const SAMPLE_COUNT = 8;

/**
 * Which files of the verdict `moved` are not what the journal takes them for. A file with the length and time of the one
 * that was, but another inode, may be a copy, may lie on a file system that numbers its files anew each time, or may be
 * another file. To hash all of it would mean to hash everything at each start on such a file system, so a few pieces,
 * first and last among them, decide. One that does not match makes all of the file suspect.
 */
export async function findReplaced(
  payload: PayloadFiles,
  verdicts: ReadonlyMap<number, FileVerdict>,
  journal: JournalState | undefined,
  tools: {
    readonly verifier: PieceVerifier;
    readonly hashers: HashWorkers;
    readonly signal: AbortSignal | undefined;
  },
): Promise<Set<number>> {
  const replaced = new Set<number>();
  const samples = new Map<number, number[]>(); // files by piece
  for (const [index, verdict] of verdicts) {
    if (verdict !== "moved") continue;
    const pieces = journal === undefined ? [] : samplesOf(payload, index, journal);
    if (pieces.length === 0) replaced.add(index);
    for (const piece of pieces) samples.set(piece, [...(samples.get(piece) ?? []), index]);
  }
  if (samples.size === 0) return replaced;
  await tools.hashers.hashPieces(payloadHashSource(payload), {
    runs: Array.from(samples.keys(), (piece) => [piece, 1] as const),
    signal: tools.signal,
    onDigest: (piece, digest) => {
      if (digest !== undefined && tools.verifier.isMatch(piece, digest)) return;
      for (const index of samples.get(piece)!) replaced.add(index);
    },
  });
  return replaced;
}

/** Pieces of the file that the journal has, spread over it; none of one whose neighbours lie in the part file. */
function samplesOf({ metainfo, parts }: PayloadFiles, index: number, { have }: JournalState): number[] {
  if (index === parts.fileIndex) return [];
  const { layout } = metainfo;
  const { first, end } = layout.piecesOfFile(index);
  const had: number[] = [];
  for (let piece = first; piece < end; piece++) {
    const isParted = parts.parted.size > 0 && parts.slotOf(piece) !== undefined;
    if (have.has(piece) && !isParted) had.push(piece);
  }
  if (had.length <= SAMPLE_COUNT) return had;
  const step = (had.length - 1) / (SAMPLE_COUNT - 1);
  return Array.from({ length: SAMPLE_COUNT }, (_, i) => had[Math.round(i * step)]!);
}
