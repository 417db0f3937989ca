import type { FileSpan } from "@bt/metainfo";
import type { StorageMetainfo } from "./storage-metainfo.ts";

/** A run of bytes where it lies. */
export interface PlacedSpan extends FileSpan {
  /** Torrent offset of its first byte; only of a run in the part file, where it does not follow from the file's. */
  readonly offset?: number;
}

/**
 * Which bytes are in the part file. A piece that several files share is fetched whole when one of them is wanted; what it
 * holds of the unwanted ones goes into one hidden file, so that these are not made for the sake of a few bytes.
 *
 * The part file has a slot of a piece's length for every piece that several files share, in the order of the pieces. The
 * place of a byte follows from the torrent alone, so there is no index that could be lost or be wrong.
 */
export class PartPlaces {
  /** Files whose shared pieces are in the part file. */
  readonly parted: Set<number> = new Set();
  /** The part file's own index: the one after the last file. */
  readonly fileIndex: number;
  readonly #metainfo: StorageMetainfo;
  /** Pieces that several files share, rising; made when first asked for. */
  #shared: Float64Array | undefined;

  constructor(metainfo: StorageMetainfo) {
    this.#metainfo = metainfo;
    this.fileIndex = metainfo.files.length;
  }

  /** Where the slot of `piece` begins when it is one that several files share. */
  slotOf(piece: number): number | undefined {
    const shared = (this.#shared ??= findSharedPieces(this.#metainfo));
    let low = 0;
    let high = shared.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (shared[middle]! < piece) low = middle + 1;
      else high = middle;
    }
    return shared[low] === piece ? low * this.#metainfo.layout.pieces.pieceLength : undefined;
  }

  /** Whether a piece of the file is shared with another. */
  isNeighbour(fileIndex: number): boolean {
    const { first, end } = this.#metainfo.layout.piecesOfFile(fileIndex);
    return first < end && (this.slotOf(first) !== undefined || this.slotOf(end - 1) !== undefined);
  }

  /** The pieces of `fileIndex` that have a slot; none in between has one. */
  sharedPiecesOf(fileIndex: number): number[] {
    const { first, end } = this.#metainfo.layout.piecesOfFile(fileIndex);
    const ends = end - first > 1 ? [first, end - 1] : end > first ? [first] : [];
    return ends.filter((piece) => this.slotOf(piece) !== undefined);
  }

  /** The same bytes as `spans`, with those that are in the part file where they are there. */
  place(spans: readonly FileSpan[]): readonly PlacedSpan[] {
    if (this.parted.size === 0) return spans;
    const placed: PlacedSpan[] = [];
    for (const span of spans) {
      if (this.parted.has(span.fileIndex)) this.#placeSpan(span, placed);
      else placed.push(span);
    }
    return placed;
  }

  #placeSpan({ fileIndex, fileOffset, length }: FileSpan, placed: PlacedSpan[]): void {
    const { pieceLength } = this.#metainfo.layout.pieces;
    const offset = this.#metainfo.files[fileIndex]!.offset;
    for (let at = fileOffset; at < fileOffset + length;) {
      const inPiece = (offset + at) % pieceLength;
      const partLength = Math.min(fileOffset + length - at, pieceLength - inPiece);
      const slot = this.slotOf(Math.floor((offset + at) / pieceLength));
      placed.push(
        slot === undefined
          ? { fileIndex, fileOffset: at, length: partLength }
          : {
              fileIndex: this.fileIndex,
              fileOffset: slot + inPiece,
              length: partLength,
              offset: offset + at,
            },
      );
      at += partLength;
    }
  }
}

function findSharedPieces({ files, layout }: StorageMetainfo): Float64Array {
  const shared: number[] = [];
  let lastPiece = -1;
  for (const [index, { length, pad, symlink }] of files.entries()) {
    if (length === 0 || pad || symlink !== undefined) continue;
    const { first, end } = layout.piecesOfFile(index);
    if (first === lastPiece && shared.at(-1) !== first) shared.push(first);
    lastPiece = end - 1;
  }
  return Float64Array.from(shared);
}
