/** Which piece of a torrent, from 0. */
export type PieceIndex = number;
/** Which block of a piece, from 0. */
export type BlockIndex = number;

/** Bytes that one `request` asks for; every client uses 16 KiB (BEP 3 "request"). */
export const BLOCK_LENGTH = 16_384;

export interface PieceLayoutOptions {
  /** Bytes of a whole piece, at least 1. */
  readonly pieceLength: number;
  /** Bytes of the whole torrent in piece space, i.e. with everything that lies between its files. */
  readonly totalLength: number;
  /**
   * BEP 52: in a v2 torrent each file begins a piece, so the last piece of a file may be short anywhere in the torrent.
   * Maps such a piece to its true length.
   */
  readonly shortPieces?: ReadonlyMap<PieceIndex, number>;
}

/**
 * Piece, block and byte arithmetic of one torrent: the one place of it. Positions are *torrent offsets*:
 * `piece * pieceLength + offset in the piece`.
 */
export class PieceLayout {
  readonly pieceLength: number;
  readonly totalLength: number;
  readonly pieceCount: number;
  /** Blocks of a piece of full length. */
  readonly blocksPerPiece: number;
  readonly #shortPieces: ReadonlyMap<PieceIndex, number> | undefined;

  constructor({ pieceLength, totalLength, shortPieces }: PieceLayoutOptions) {
    if (!Number.isSafeInteger(pieceLength) || pieceLength < 1)
      throw new RangeError(`piece length ${pieceLength}`);
    if (!Number.isSafeInteger(totalLength) || totalLength < 0)
      throw new RangeError(`total length ${totalLength}`);
    this.pieceLength = pieceLength;
    this.totalLength = totalLength;
    this.pieceCount = Math.ceil(totalLength / pieceLength);
    this.blocksPerPiece = Math.ceil(pieceLength / BLOCK_LENGTH);
    this.#shortPieces = shortPieces !== undefined && shortPieces.size > 0 ? shortPieces : undefined;
  }

  isPiece(piece: number): boolean {
    return piece >= 0 && piece < this.pieceCount && Number.isInteger(piece);
  }

  /** Torrent offset of the first byte of `piece`. */
  offsetOf(piece: PieceIndex): number {
    return piece * this.pieceLength;
  }

  /** Bytes of `piece`; only a last piece (of the torrent, or in v2 of a file) is short. */
  pieceLengthAt(piece: PieceIndex): number {
    const short = this.#shortPieces?.get(piece);
    if (short !== undefined) return short;
    return piece === this.pieceCount - 1 ? this.totalLength - piece * this.pieceLength : this.pieceLength;
  }

  blockCountAt(piece: PieceIndex): number {
    return Math.ceil(this.pieceLengthAt(piece) / BLOCK_LENGTH);
  }

  /** Bytes of block `block` of `piece`; only the last block of a piece is short. */
  blockLengthAt(piece: PieceIndex, block: BlockIndex): number {
    return Math.min(BLOCK_LENGTH, this.pieceLengthAt(piece) - block * BLOCK_LENGTH);
  }

  /** Whether `length` bytes from `offset` lie within `piece`: what a `request` may ask for. */
  isRange(piece: number, offset: number, length: number): boolean {
    return this.isPiece(piece) && offset >= 0 && length > 0 && offset + length <= this.pieceLengthAt(piece);
  }

  /** Whether the range is exactly one block as this suite cuts them. */
  isBlock(piece: number, offset: number, length: number): boolean {
    return (
      offset % BLOCK_LENGTH === 0 &&
      this.isRange(piece, offset, length) &&
      length === this.blockLengthAt(piece, offset / BLOCK_LENGTH)
    );
  }
}
