import { compareBytes, encodeText } from "./text.ts";

/** A file of a torrent that is being made. */
export interface NewFile {
  /** Elements below the torrent's own folder; none for the only file of a single-file torrent, which has its name. */
  readonly path: readonly string[];
  readonly length: number;
  /** BEP 47: zeros that fill a piece; see `insertPadFiles`. */
  readonly pad?: boolean;
  readonly executable?: boolean;
  readonly hidden?: boolean;
  /** BEP 47: this is a link (length 0) to that path, also below the torrent's folder. */
  readonly symlink?: readonly string[];
  /** v2 and hybrid: the merkle root, for each file that is not empty. */
  readonly piecesRoot?: Uint8Array;
  /** v2 and hybrid: for each file longer than a piece, 32 bytes for each of its pieces. */
  readonly pieceLayer?: Uint8Array;
  readonly sha1?: Uint8Array;
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
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) {
    if (a[i] !== b[i]) return compareBytes(encodeText(a[i]!), encodeText(b[i]!));
  }
  return a.length - b.length;
}
