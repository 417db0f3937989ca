import { type PieceLayout } from "@bt/primitives";

/** A run of bytes within one file. */
export interface FileSpan {
  readonly fileIndex: number;
  readonly fileOffset: number;
  readonly length: number;
}

/** What a layout asks of its files: rising offsets, no overlap. */
export interface LayoutFile {
  readonly offset: number;
  readonly length: number;
}

/** Where the bytes of a torrent lie in its files, and which files lie in a piece. */
export class FileLayout<File extends LayoutFile = LayoutFile> {
  readonly pieces: PieceLayout;
  readonly files: readonly File[];

  /** `files` in the order of their offsets. Between files there may be gaps, as in v2 before each piece boundary. */
  constructor(pieces: PieceLayout, files: readonly File[]) {
    let end = 0;
    for (const { offset, length } of files) {
      if (offset < end) throw new RangeError(`a file at ${offset} overlaps the one before it`);
      end = offset + length;
    }
    if (end > pieces.totalLength) throw new RangeError(`files end at ${end} of ${pieces.totalLength}`);
    this.pieces = pieces;
    this.files = files;
  }

  /**
   * The files' runs that hold `length` bytes from torrent offset `offset` on, in order. Pad files are among them; their
   * bytes are zeros and are on no disk. Bytes in no file (a gap, the torrent's end) and empty files yield no span.
   */
  spansOf(offset: number, length: number): FileSpan[] {
    const spans: FileSpan[] = [];
    const end = offset + length;
    for (let index = Math.max(this.#lastAtOrBefore(offset), 0); index < this.files.length; index++) {
      const file = this.files[index]!;
      if (file.offset >= end) break;
      const from = Math.max(offset, file.offset);
      const spanLength = Math.min(end, file.offset + file.length) - from;
      if (spanLength > 0)
        spans.push({ fileIndex: index, fileOffset: from - file.offset, length: spanLength });
    }
    return spans;
  }

  /** Indices of the files with bytes in `piece`, in order. */
  filesOfPiece(piece: number): number[] {
    return this.spansOf(this.pieces.offsetOf(piece), this.pieces.pieceLengthAt(piece)).map(
      (span) => span.fileIndex,
    );
  }

  /** The pieces with bytes of a file, `end` exclusive; none (`first === end`) for an empty file. */
  piecesOfFile(fileIndex: number): { first: number; end: number } {
    const file = this.files[fileIndex];
    if (file === undefined) throw new RangeError(`file ${fileIndex} of ${this.files.length}`);
    const { pieceLength } = this.pieces;
    const first = Math.floor(file.offset / pieceLength);
    return { first, end: file.length === 0 ? first : Math.ceil((file.offset + file.length) / pieceLength) };
  }

  /** Index of the last file that begins at or before `offset`, or -1: found by halving. */
  #lastAtOrBefore(offset: number): number {
    let low = 0;
    let high = this.files.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.files[middle]!.offset <= offset) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
