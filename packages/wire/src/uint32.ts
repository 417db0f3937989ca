/** The big-endian number at `at`; the caller knows that four bytes are there. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

/** Writes `value` big-endian at `at`. RangeError when it is not a whole number from 0 to 2^32 - 1. */
export function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  if (value >>> 0 !== value) throw new RangeError(`${value} is not an unsigned 32-bit number`);
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
