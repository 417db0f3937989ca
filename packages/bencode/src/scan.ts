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

/** Numbers that each token takes on the tape: where it starts, and one that depends on its kind. */
export const TOKEN_LENGTH = 2;

/**
 * A value that was checked but not yet built: its tokens, in the order of the input. A token is an integer, a string,
 * the beginning of a list or dictionary, or the end of one. Its first number is the place of its first byte, so that a
 * value ends where the next token starts. Its second number is for a string where the payload begins, for an integer 0,
 * for a list or dictionary minus the tape index after its end. JavaScript values are made of it only when they are asked
 * for: most messages are asked for two or three keys, and making views of all strings costs more than all the checking.
 */
export interface Tape {
  readonly source: Uint8Array;
  /** Of `source`, whose getters take longer than these. */
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
  readonly tokens: Int32Array;
  /** Tape index of the outermost value. */
  readonly root: number;
  /** The value need not have just the bytes that its encoding would have. */
  readonly tolerant: boolean;
}

/**
 * Tapes of small values lie one behind the other in an array of 8 KiB: an array for each would take more time than the
 * scan (1 to 2 µs of 0.3, measured with Node 20). A longer tape moves to memory of its own.
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
): Tape {
  // The tape holds offsets of 31 bits.
  if (source.length > 0x7fff_ffff) fail("BENCODE_LIMIT", 0);
  if (pooledCount > POOL_LENGTH / 2) {
    pool = new Int32Array(POOL_LENGTH);
    pooledCount = 0;
  }
  const root = pooledCount;
  let tokens = pool;
  let next = root;
  // The list or dictionary around the token at hand. While it is open, its second number is the one around it.
  let parent = 0;
  let depth = 0;
  let expected = VALUE;
  // Its latest key, or 0.
  let key = 0;
  let count = 0;
  let at = 0;
  // No closure holds these variables: that alone makes the loop twice as fast in V8.
  do {
    const token = next;
    const start = at;
    const first = source[at]!;
    next += TOKEN_LENGTH;
    // There is always room for one number more: the end of the last token.
    if (next >= tokens.length) {
      const longer = new Int32Array(2 * next);
      longer.set(tokens);
      tokens = longer;
    }
    tokens[token] = at;
    if (first === END && expected > VALUE) {
      const outer = tokens[parent + 1]!;
      tokens[parent + 1] = -next;
      // Before a dictionary's value stands its key.
      key = parent - TOKEN_LENGTH;
      parent = outer;
      depth--;
      at++;
    } else {
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
        tokens[token + 1] = isString ? at : 0;
        if (isString) {
          at += number;
          if (at > source.length) fail("BENCODE_UNEXPECTED_END", start);
          if (expected === KEY_OR_END) {
            if (
              !tolerant &&
              key > 0 &&
              !isBefore(source, tokens[key + 1]!, tokens[key + TOKEN_LENGTH]!, tokens[token + 1]!, at)
            )
              fail("BENCODE_KEY_ORDER", start);
            key = token;
            expected = VALUE;
            continue;
          }
        }
      } else if (expected < KEY_OR_END && (first === LIST || first === DICTIONARY)) {
        if (depth >= maxDepth || depth >= MAX_DEPTH) fail("BENCODE_LIMIT", at);
        depth++;
        at++;
        tokens[token + 1] = parent;
        parent = token;
        key = 0;
      } else fail(at < source.length ? "BENCODE_UNEXPECTED_BYTE" : "BENCODE_UNEXPECTED_END", at);
    }
    expected = source[tokens[parent]!] === LIST ? ITEM_OR_END : KEY_OR_END;
  } while (depth > 0);
  tokens[next++] = at;
  if (tokens === pool) pooledCount = next;
  else tokens = tokens.slice(0, next);
  return { source, buffer: source.buffer, byteOffset: source.byteOffset, tokens, root, tolerant };
}

/** The tape index after the value. */
export function indexAfter({ tokens }: Tape, token: number): number {
  const kind = tokens[token + 1]!;
  return kind < 0 ? -kind : token + TOKEN_LENGTH;
}

export function fail(code: BencodeErrorCode, offset: number): never {
  throw new BencodeError(code, offset);
}
