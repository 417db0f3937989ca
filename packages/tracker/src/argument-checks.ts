/** @throws RangeError unless `bytes` has exactly `length` bytes. */
export function requireLength(name: string, bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) throw new RangeError(`${name} of ${bytes.length} bytes, must be ${length}`);
}

/** @throws RangeError unless `value` is an integer from 0 to `most`. */
export function requireCount(name: string, value: number, most: number = Number.MAX_SAFE_INTEGER): number {
  if (!Number.isSafeInteger(value) || value < 0 || value > most) throw new RangeError(`${name} ${value}`);
  return value;
}
