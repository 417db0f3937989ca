import { compareRanges } from "./bytes.ts";
import { BencodeError, type BencodeErrorCode } from "./errors.ts";
import { DEFAULT_DECODE_OPTIONS, MAX_DEPTH, type DecodeOptions } from "./options.ts";

/** Numbers that each value takes on the tape: where it starts, where it ends, and one that depends on its kind. */
export const SLOT_COUNT = 3;

/** The first bytes of an integer, a list, a dictionary, and the end of all three. */
export const INTEGER = 0x69;
export const LIST = 0x6c;
export const DICTIONARY = 0x64;
export const END = 0x65;

export const ZERO = 0x30;
export const COLON = 0x3a;
export const MINUS = 0x2d;

/**
 * A value that was checked but not yet built. Each value and key, in the order of the input, has three numbers: its
 * first byte; the byte after its last; and for a string where its payload begins, for an integer 0, for a list or
 * dictionary minus the tape index after its last child. JavaScript values are made of it only when they are asked for:
 * most messages are asked for two or three keys, and making views of all strings costs more than all the checking.
 */
export interface Tape {
  readonly source: Uint8Array;
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
  readonly slots: Int32Array;
  /** Tape index of the outermost value. */
  readonly root: number;
  /** Whether the value has just the bytes that its encoding would have. */
  readonly isCanonical: boolean;
}

/**
 * Tapes of small values lie one behind the other in an array of 8 KiB: an array for each would take more time than the
 * scan (1 to 2 µs of 0.3, measured with Node 20). A longer tape moves to memory of its own.
 */
const POOL_LENGTH = 2048;
let pool = /* @__PURE__ */ new Int32Array(POOL_LENGTH);
let pooledCount = 0;

/** Checks the value at the start of `source` in one pass: a loop, which no nesting can overflow. */
export function scan(source: Uint8Array, options: DecodeOptions = DEFAULT_DECODE_OPTIONS): Tape {
  const {
    maxDepth = DEFAULT_DECODE_OPTIONS.maxDepth,
    maxValueCount = DEFAULT_DECODE_OPTIONS.maxValueCount,
    maxDigitCount = DEFAULT_DECODE_OPTIONS.maxDigitCount,
    tolerant = DEFAULT_DECODE_OPTIONS.tolerant,
  } = options;
  if (pooledCount > POOL_LENGTH / 2) {
    pool = new Int32Array(POOL_LENGTH);
    pooledCount = 0;
  }
  const root = pooledCount;
  let slots = pool;
  let nextSlot = root;
  // The list or dictionary around the value at hand. While it is open, its second number is the one around it, and the
  // third of a dictionary its latest key.
  let parent = -1;
  let depth = 0;
  let inDictionary = false;
  let expectsKey = false;
  let at = 0;

  // The tape holds offsets of 31 bits.
  if (source.length > 0x7fff_ffff) fail("BENCODE_LIMIT", 0);
  // No closure holds these variables: that alone makes the loop twice as fast in V8.
  do {
    const start = at;
    const first = source[at];
    if (first === END && depth > 0 && inDictionary === expectsKey) {
      const outer = slots[parent + 1]!;
      slots[parent + 1] = ++at;
      slots[parent + 2] = -nextSlot;
      parent = outer;
      inDictionary = --depth > 0 && source[slots[parent]!] === DICTIONARY;
      expectsKey = inDictionary;
      continue;
    }
    const slot = nextSlot;
    nextSlot += SLOT_COUNT;
    if (nextSlot - root > maxValueCount * SLOT_COUNT) fail("BENCODE_LIMIT", start);
    if (nextSlot > slots.length) {
      const longer = new Int32Array(2 * slots.length);
      longer.set(slots);
      slots = longer;
    }
    slots[slot] = start;
    if (first! >= ZERO && first! < COLON) {
      // Above 2^53 this is rounded, which is enough to see that it is too much.
      let length = 0;
      for (; source[at]! >= ZERO && source[at]! < COLON; at++) length = length * 10 + source[at]! - ZERO;
      checkNumber(source, start, at, COLON, tolerant, maxDigitCount);
      const payload = ++at;
      if (length > source.length - at) fail("BENCODE_UNEXPECTED_END", start);
      at += length;
      slots[slot + 1] = at;
      slots[slot + 2] = payload;
      if (expectsKey) {
        const last = slots[parent + 2]!;
        if (
          !tolerant &&
          last > 0 &&
          compareRanges(source, slots[last + 2]!, slots[last + 1]!, payload, at) >= 0
        )
          fail("BENCODE_KEY_ORDER", start);
        slots[parent + 2] = slot;
        expectsKey = false;
        continue;
      }
    } else if (at >= source.length) fail("BENCODE_UNEXPECTED_END", start);
    else if (!expectsKey && first === INTEGER) {
      if (source[++at] === MINUS && source[++at] === ZERO && !tolerant) fail("BENCODE_BAD_NUMBER", at);
      const digits = at;
      while (source[at]! >= ZERO && source[at]! < COLON) at++;
      checkNumber(source, digits, at, END, tolerant, maxDigitCount);
      slots[slot + 1] = ++at;
      slots[slot + 2] = 0;
    } else if (!expectsKey && (first === LIST || first === DICTIONARY)) {
      if (depth >= maxDepth || depth >= MAX_DEPTH) fail("BENCODE_LIMIT", start);
      depth++;
      slots[slot + 1] = parent;
      slots[slot + 2] = 0;
      parent = slot;
      inDictionary = first === DICTIONARY;
      at++;
    } else fail("BENCODE_UNEXPECTED_BYTE", start);
    expectsKey = inDictionary;
  } while (depth > 0);
  if (slots === pool) pooledCount = nextSlot;
  else slots = slots.slice(0, nextSlot);
  return {
    source,
    buffer: source.buffer,
    byteOffset: source.byteOffset,
    slots,
    root,
    isCanonical: !tolerant,
  };
}

/** Refuses digits from `start` to `end` (exclusive) that are no number or are not followed by `terminator`. */
function checkNumber(
  source: Uint8Array,
  start: number,
  end: number,
  terminator: number,
  tolerant: boolean,
  maxDigitCount: number,
): void {
  if (end >= source.length) fail("BENCODE_UNEXPECTED_END", end);
  if (end === start || source[end] !== terminator || (!tolerant && source[start] === ZERO && end > start + 1))
    fail("BENCODE_BAD_NUMBER", start);
  if (end - start > maxDigitCount) fail("BENCODE_LIMIT", start);
}

function fail(code: BencodeErrorCode, offset: number): never {
  throw new BencodeError(code, offset);
}
