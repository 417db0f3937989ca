import { compareBytes } from "@bt/primitives";
import { encodeText } from "./text.ts";

/** A file of a torrent that is being made. */
export interface NewFile {
  /** Elements below the torrent's own folder; none for the only file of a single-file torrent, which has its name. */
  readonly path: readonly string[];
  readonly length: number;
  /** BEP 47: zeros that fill a piece; see `insertPadFiles`. */
  readonly pad?: boolean | undefined;
  readonly executable?: boolean | undefined;
  readonly hidden?: boolean | undefined;
  /** BEP 47: this is a link (length 0) to that path, also below the torrent's folder. */
  readonly symlink?: readonly string[] | undefined;
  /** v2 and hybrid: the merkle root, for each file that is not empty. */
  readonly piecesRoot?: Uint8Array | undefined;
  /** v2 and hybrid: for each file longer than a piece, 32 bytes for each of its pieces. */
  readonly pieceLayer?: Uint8Array | undefined;
  readonly sha1?: Uint8Array | undefined;
}

/**
 * The files with pad files between them, so that each file that is not empty begins a piece: what a hybrid needs
 * (BEP 52 "Upgrade Path"), and what makes equal files share pieces in v1. Pads follow BEP 47's naming.
 */
export function insertPadFiles(files: readonly NewFile[], pieceLength: number): NewFile[] {
  const padded: NewFile[] = [];
  let end = 0;
  for (const file of files) {
    const rest = end % pieceLength;
    if (rest > 0 && file.length > 0) {
      const length = pieceLength - rest;
      padded.push({ path: [".pad", `${length}`], length, pad: true });
      end += length;
    }
    padded.push(file);
    end += file.length;
  }
  return padded;
}

/** The order in which a file tree stores files, and so their order in piece space (BEP 52): by the bytes of names. */
export function compareFilePaths(a: readonly string[], b: readonly string[]): number {
  let depth = 0;
  while (depth < a.length && a[depth] === b[depth]) depth++;
  const ofA = a[depth];
  const ofB = b[depth];
  if (ofA === undefined || ofB === undefined) return a.length - b.length;
  // From the surrogates on the order of UTF-16 is not that of UTF-8. Encoding all names would take most of a sort's time.
  if (/[\ud800-\uffff]/.test(ofA + ofB)) return compareBytes(encodeText(ofA), encodeText(ofB));
  return ofA < ofB ? -1 : 1;
}
