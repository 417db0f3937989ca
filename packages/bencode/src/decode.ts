import { readValue, type BencodeValue } from "./dictionary.ts";
import type { DecodeOptions } from "./options.ts";
import { fail, scan } from "./scan.ts";

/**
 * The value that `bytes` hold. Strict unless the options say otherwise. Nothing is copied: strings are views of
 * `bytes`, so whoever keeps a small string keeps the whole input in memory.
 *
 * @throws BencodeError with the code and byte offset of the first fault.
 */
export function decode(bytes: Uint8Array, options?: DecodeOptions): BencodeValue {
  const { value, length } = decodePrefix(bytes, options);
  if (length < bytes.length && options?.tolerant !== true) fail("BENCODE_TRAILING_BYTES", length);
  return value;
}

/**
 * The value at the start of `bytes` and how many bytes it takes: for messages where something else follows, as in
 * BEP 9 "data".
 *
 * @throws BencodeError
 */
export function decodePrefix(
  bytes: Uint8Array,
  options?: DecodeOptions,
): { value: BencodeValue; length: number } {
  const cursor = scan(bytes, options);
  return { value: readValue(cursor), length: cursor.at };
}
