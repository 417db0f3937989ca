import * as id from "./message-id.ts";
import { writeUint32 } from "./uint32.ts";

/** Bytes of a whole `request`, and of `cancel` and `reject`, which have the same form. */
export const REQUEST_LENGTH = 17;
/** Bytes of a `piece` message before the block. */
export const PIECE_HEADER_LENGTH = 13;

/**
 * Writes a whole `request` message into `target` at `at`; returns the position after it, so that a refill of many
 * requests becomes one buffer and one socket write. RangeError when it does not fit or a number is not unsigned 32-bit.
 */
export function writeRequest(
  target: Uint8Array,
  at: number,
  piece: number,
  offset: number,
  length: number,
): number {
  return writeRange(id.REQUEST, target, at, piece, offset, length);
}

/** As `writeRequest`: takes a request back. */
export function writeCancel(
  target: Uint8Array,
  at: number,
  piece: number,
  offset: number,
  length: number,
): number {
  return writeRange(id.CANCEL, target, at, piece, offset, length);
}

/** As `writeRequest`: BEP 6, a request will not be answered. */
export function writeReject(
  target: Uint8Array,
  at: number,
  piece: number,
  offset: number,
  length: number,
): number {
  return writeRange(id.REJECT, target, at, piece, offset, length);
}

/** Writes what comes before the `blockLength` (at least 1) bytes of a block; returns the position where they begin. */
export function writePieceHeader(
  target: Uint8Array,
  at: number,
  piece: number,
  offset: number,
  blockLength: number,
): number {
  if (at < 0 || at + PIECE_HEADER_LENGTH > target.length) throw new RangeError("no room for a piece header");
  if (blockLength < 1) throw new RangeError(`block of ${blockLength} bytes`);
  writeUint32(target, at, 9 + blockLength);
  target[at + 4] = id.PIECE;
  writeUint32(target, at + 5, piece);
  writeUint32(target, at + 9, offset);
  return at + PIECE_HEADER_LENGTH;
}

function writeRange(
  messageId: number,
  target: Uint8Array,
  at: number,
  piece: number,
  offset: number,
  length: number,
): number {
  if (at < 0 || at + REQUEST_LENGTH > target.length)
    throw new RangeError("no room for a request, cancel or reject");
  writeUint32(target, at, 13);
  target[at + 4] = messageId;
  writeUint32(target, at + 5, piece);
  writeUint32(target, at + 9, offset);
  writeUint32(target, at + 13, length);
  return at + REQUEST_LENGTH;
}
