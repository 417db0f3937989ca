const MIN_PIECE_LENGTH = 16_384;
/** Up to here a piece fits the memory and the patience of every client. */
const USUAL_MAX_PIECE_LENGTH = 16_777_216;
/** A .torrent with so many hashes stays around 40 kB in v1. */
const WANTED_PIECE_COUNT = 2048;
/** What parseTorrent and libtorrent take. */
const MAX_PIECE_COUNT = 0x20_0000;

/**
 * A piece length for so many bytes: a power of two from 16 KiB, valid in v1 and v2, that makes about 1,000 to 2,000
 * pieces, and is longer than 16 MiB only where the number of pieces would be more than clients take.
 */
export function choosePieceLength(totalLength: number): number {
  if (!Number.isSafeInteger(totalLength) || totalLength < 0)
    throw new RangeError(`total length ${totalLength}`);
  let pieceLength = MIN_PIECE_LENGTH;
  while (totalLength / pieceLength > WANTED_PIECE_COUNT && pieceLength < USUAL_MAX_PIECE_LENGTH)
    pieceLength *= 2;
  while (totalLength / pieceLength > MAX_PIECE_COUNT) pieceLength *= 2;
  return pieceLength;
}

/** BEP 52 "piece length": a power of two, at least a block. */
export function isV2PieceLength(pieceLength: number): boolean {
  return pieceLength >= MIN_PIECE_LENGTH && Number.isInteger(Math.log2(pieceLength));
}
