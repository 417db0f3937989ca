import type { Bitfield } from "@bt/primitives";
import type { JournalState } from "../journal-format.ts";
import type { DiskStat } from "./disk.ts";
import type { PayloadFiles } from "./payload-files.ts";
import type { PieceVerifier } from "./piece-verifier.ts";

/** Zeros hashed at a time. */
const CHUNK_LENGTH = 256 * 1024;

/**
 * Files that are there and that nothing proves to belong to the torrent: they are not written over. Proof is
 *
 * - what the journal says: which files were foreign when it was begun, and which it knows
 * - a verified piece of the file. One of zeros is none: another disk image or a hole has them as well
 * - the right length, when a piece of another file proves that the folder holds this torrent: a damaged file is repaired
 */
export function foreignFiles(
  payload: PayloadFiles,
  onDisk: ReadonlyMap<number, DiskStat>,
  journal: JournalState | undefined,
  have: Bitfield,
  verifier: PieceVerifier,
): Set<number> {
  const { parts } = payload;
  const { layout, files } = payload.metainfo;
  const isZeros = zeroTest(payload, verifier);
  let isTorrentHere: boolean | undefined;
  const foreign = new Set<number>();
  for (const [index, { size }] of onDisk) {
    if (index === payload.parts.fileIndex || size === 0) continue;
    const { first, end } = layout.piecesOfFile(index);
    const isParted = parts.parted.has(index);
    /** Whether the file's part of the piece is had and in the file. */
    const isIn = (piece: number): boolean =>
      have.has(piece) && !(isParted && parts.slotOf(piece) !== undefined);
    const isAny = (test: (piece: number) => boolean): boolean => {
      for (let piece = first; piece < end; piece++) if (test(piece)) return true;
      return false;
    };
    if (journal?.places.foreign.has(index) === true) {
      if (isAny((piece) => !isIn(piece))) foreign.add(index);
      continue;
    }
    if (journal?.stats.has(index) === true) continue;
    // Not clean: it was begun after the last flush.
    if (journal?.clean === false || isAny((piece) => isIn(piece) && !isZeros(piece))) continue;
    if (size === files[index]!.length) {
      isTorrentHere ??= [...have.indices()].some((piece) => !isZeros(piece));
      if (isTorrentHere) continue;
    }
    foreign.add(index);
  }
  return foreign;
}

/** Whether a piece is made of zeros, by its hash. */
function zeroTest({ metainfo }: PayloadFiles, verifier: PieceVerifier): (piece: number) => boolean {
  const { pieces } = metainfo.layout;
  const digests = new Map<string, Uint8Array>();
  return (piece) => {
    const length = pieces.pieceLengthAt(piece);
    const kind = `${length} ${verifier.treeWidthOf(piece)}`;
    let digest = digests.get(kind);
    if (digest === undefined) {
      const digester = verifier.createDigester(piece);
      const zeros = new Uint8Array(CHUNK_LENGTH);
      for (let at = 0; at < length; at += CHUNK_LENGTH)
        digester.update(zeros.subarray(0, Math.min(CHUNK_LENGTH, length - at)));
      digest = digester.digest();
      digests.set(kind, digest);
    }
    return verifier.isMatch(piece, digest);
  };
}
