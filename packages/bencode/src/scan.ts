import { isBefore } from "./bytes.ts";
import { BencodeError, type BencodeErrorCode } from "./errors.ts";
import { DEFAULT_DECODE_OPTIONS, MAX_DEPTH, type DecodeOptions } from "./options.ts";

/** The first bytes of an integer, a list, a dictionary, and the end of all three. */
export const INTEGER = 0x69;
export const LIST = 0x6c;
export const DICTIONARY = 0x64;
export const END = 0x65;

export const COLON = 0x3a;
export const MINUS = 0x2d;
/** A byte is a digit when it and this one differ by less than 10, bit by bit; the difference is what it counts. */
export const ZERO = 0x30;

/**
 * Input that was checked but not yet read: JavaScript values are made of it only when they are asked for. Most messages are
 * asked for two or three keys, and making views of all strings costs more than all the checking.
 */
export interface CheckedInput {
  readonly source: Uint8Array;
  /** Of `source`, whose getters take longer than these. */
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
  /**
   * CONTAINER_LENGTH numbers for each list and dictionary, in the order in which they start: where it starts, where it
   * ends, and the index in here of the first one that starts after its end. Strings and integers need no entry, for a
   * few bytes tell where they end.
   */
  readonly containers: Int32Array;
  /** The value need not have just the bytes that its encoding would have. */
  readonly tolerant: boolean;
}

/** A place in checked input, and the index in `containers` of the first one that starts there or later. */
export interface Cursor {
  readonly input: CheckedInput;
  at: number;
  next: number;
}

export const CONTAINER_LENGTH = 3;

/**
 * The containers of small values lie one behind the other in an array of 8 KiB: an array for each value would take more
 * time than the scan (1 to 2 µs of 0.2, measured with Node 20). More of them move to memory of their own. No plain array:
 * V8 takes new pages from the system for each large one.
 */
const POOL_LENGTH = 2048;
let pool = /* @__PURE__ */ new Int32Array(POOL_LENGTH);
let pooledCount = 0;

/** What may come next, from the least to the most particular. */
const VALUE = 0;
const ITEM_OR_END = 1;
const KEY_OR_END = 2;

/** Checks the value at the start of `source` in one pass: a loop, which no nesting can overflow. */
export function scan(
  source: Uint8Array,
  {
    maxDepth = DEFAULT_DECODE_OPTIONS.maxDepth,
    maxValueCount = DEFAULT_DECODE_OPTIONS.maxValueCount,
    maxDigitCount = DEFAULT_DECODE_OPTIONS.maxDigitCount,
    tolerant = DEFAULT_DECODE_OPTIONS.tolerant,
  }: DecodeOptions = DEFAULT_DECODE_OPTIONS,
): Cursor {
  // Offsets of 31 bits.
  if (source.length > 0x7fff_ffff) fail("BENCODE_LIMIT", 0);
  if (pooledCount > POOL_LENGTH / 2) {
    pool = new Int32Array(POOL_LENGTH);
    pooledCount = 0;
  }
  const root = pooledCount;
  let containers = pool;
  let next = root;
  // The list or dictionary around the place at hand. While it is open, its second number is the one around it and its
  // third the latest key of that.
  let container = root;
  let depth = 0;
  let expected = VALUE;
  // Payload of the latest key, if `key` is not 0.
  let key = 0;
  let keyEnd = 0;
  let count = 0;
  let at = 0;
  // No closure holds these variables: that alone makes the loop twice as fast in V8.
  do {
    const start = at;
    const first = source[at]!;
    if (first === END && expected > VALUE) {
      // Before a dictionary's value ends its key.
      keyEnd = containers[container]!;
      key = containers[container + 2]!;
      containers[container + 2] = next;
      const outer = containers[container + 1]!;
      containers[container + 1] = ++at;
      container = outer;
      depth--;
    } else {
      if (at >= source.length) fail("BENCODE_UNEXPECTED_END", at);
      if (++count > maxValueCount) fail("BENCODE_LIMIT", at);
      const isString = (first ^ ZERO) < 10;
      if (isString || (first === INTEGER && expected < KEY_OR_END)) {
        if (!isString && source[++at] === MINUS && source[++at] === ZERO && !tolerant)
          fail("BENCODE_BAD_NUMBER", at);
        const digits = at;
        // Above 2^53 this is rounded, which is enough to see that as a length it is too much.
        let number = 0;
        for (let digit; (digit = source[at]! ^ ZERO) < 10; at++) number = number * 10 + digit;
        if (at >= source.length) fail("BENCODE_UNEXPECTED_END", at);
        if (
          at === digits ||
          source[at] !== (isString ? COLON : END) ||
          (!tolerant && source[digits] === ZERO && at > digits + 1)
        )
          fail("BENCODE_BAD_NUMBER", digits);
        if (at - digits > maxDigitCount) fail("BENCODE_LIMIT", digits);
        at++;
        if (isString) {
          const payload = at;
          at += number;
          if (at > source.length) fail("BENCODE_UNEXPECTED_END", start);
          if (expected === KEY_OR_END) {
            if (!tolerant && key > 0 && !isBefore(source, key, keyEnd, payload, at))
              fail("BENCODE_KEY_ORDER", start);
            key = payload;
            keyEnd = at;
            expected = VALUE;
            continue;
          }
        }
      } else if (expected < KEY_OR_END && (first === LIST || first === DICTIONARY)) {
        if (depth >= maxDepth || depth >= MAX_DEPTH) fail("BENCODE_LIMIT", at);
        depth++;
        at++;
        if (next + CONTAINER_LENGTH > containers.length) {
          const longer = new Int32Array(2 * next);
          longer.set(containers);
          containers = longer;
        }
        containers[next] = start;
        containers[next + 1] = container;
        containers[next + 2] = key;
        container = next;
        next += CONTAINER_LENGTH;
        key = 0;
      } else fail("BENCODE_UNEXPECTED_BYTE", at);
    }
    expected = source[containers[container]!] === LIST ? ITEM_OR_END : KEY_OR_END;
  } while (depth > 0);
  if (containers === pool) pooledCount = next;
  else containers = containers.slice(0, next);
  return {
    input: { source, buffer: source.buffer, byteOffset: source.byteOffset, containers, tolerant },
    at: 0,
    next: root,
  };
}

export function fail(code: BencodeErrorCode, offset: number): never {
  throw new BencodeError(code, offset);
}
