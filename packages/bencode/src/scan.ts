import { compareBytes } from "./bytes.ts";
import { BencodeError, type BencodeErrorCode } from "./errors.ts";
import { DEFAULT_DECODE_OPTIONS, MAX_DEPTH, type DecodeOptions } from "./options.ts";

/** Numbers that each value takes on the tape: where it starts, where it ends, and one that depends on its kind. */
export const SLOT_COUNT = 3;

/** The first bytes of an integer, a list, a dictionary, and the end of all three. */
export const INTEGER = 0x69;
export const LIST = 0x6c;
export const DICTIONARY = 0x64;
export const END = 0x65;

const ZERO = 0x30;
const COLON = 0x3a;
const MINUS = 0x2d;

/**
 * A value that was checked but not yet built. Each value and key, in the order of the input, has three numbers: its
 * first byte, the byte after its last, and for a string where its payload begins, for a list or dictionary the tape
 * index after its last child. JavaScript values are made of it only when they are asked for: most messages are asked for
 * two or three keys, and making views of all strings costs more than all the checking.
 */
export interface Tape {
  readonly source: Uint8Array;
  readonly slots: Int32Array;
}

/**
 * Where tapes begin to grow, for every call again; a longer one moves to memory of its own. A typed array, because an
 * array that grows by `push` made the whole scan four times as slow (measured).
 */
const scratch = /* @__PURE__ */ new Int32Array(1024 * SLOT_COUNT);

/** Checks the value at the start of `source` in one pass: a loop with its own stack, which no nesting can overflow. */
export function scan(source: Uint8Array, options?: DecodeOptions): Tape {
  const { maxDepth, maxValueCount, maxDigitCount, tolerant } = { ...DEFAULT_DECODE_OPTIONS, ...options };
  const parents: number[] = [];
  let slots = scratch;
  let nextSlot = 0;
  let parent = -1;
  let inDictionary = false;
  let expectsKey = false;
  let at = 0;

  // The tape holds offsets of 31 bits.
  if (source.length > 0x7fff_ffff) fail("BENCODE_LIMIT", 0);
  // No closure holds these variables: that alone makes the loop twice as fast in V8.
  do {
    const start = at;
    const first = source[at];
    if (first === END && parent >= 0 && inDictionary === expectsKey) {
      slots[parent + 1] = ++at;
      slots[parent + 2] = nextSlot;
      parent = parents.pop()!;
      inDictionary = parent >= 0 && source[slots[parent]!] === DICTIONARY;
      expectsKey = inDictionary;
      continue;
    }
    const slot = nextSlot;
    nextSlot += SLOT_COUNT;
    if (nextSlot > maxValueCount * SLOT_COUNT) fail("BENCODE_LIMIT", start);
    if (nextSlot > slots.length) {
      const longer = new Int32Array(2 * slots.length);
      longer.set(slots);
      slots = longer;
    }
    slots[slot] = start;
    if (first! >= ZERO && first! < COLON) {
      const colon = endOfNumber(source, at, COLON, tolerant, maxDigitCount);
      let length = 0;
      // Above 2^53 this is rounded, which is enough to see that it is too much.
      while (at < colon) length = length * 10 + source[at++]! - ZERO;
      const payload = ++at;
      if (length > source.length - at) fail("BENCODE_UNEXPECTED_END", start);
      at += length;
      slots[slot + 1] = at;
      slots[slot + 2] = payload;
      if (expectsKey) {
        // Until it ends, a dictionary's third slot holds the place of its latest key.
        const last = slots[parent + 2]!;
        if (
          !tolerant &&
          last > 0 &&
          compareBytes(source, slots[last + 2]!, slots[last + 1]!, source, payload, at) >= 0
        )
          fail("BENCODE_KEY_ORDER", start);
        slots[parent + 2] = slot;
        expectsKey = false;
        continue;
      }
    } else if (at >= source.length) fail("BENCODE_UNEXPECTED_END", start);
    else if (!expectsKey && first === INTEGER) {
      if (source[++at] === MINUS && source[++at] === ZERO && !tolerant) fail("BENCODE_BAD_NUMBER", at);
      at = endOfNumber(source, at, END, tolerant, maxDigitCount) + 1;
      slots[slot + 1] = at;
    } else if (!expectsKey && (first === LIST || first === DICTIONARY)) {
      if (parents.length >= Math.min(maxDepth, MAX_DEPTH)) fail("BENCODE_LIMIT", start);
      parents.push(parent);
      parent = slot;
      inDictionary = first === DICTIONARY;
      slots[slot + 2] = 0;
      at++;
    } else fail("BENCODE_UNEXPECTED_BYTE", start);
    expectsKey = inDictionary;
  } while (parent >= 0);
  return { source, slots: slots.slice(0, nextSlot) };
}

/** Where the digits from `at` on end, once they are found to be a number that `terminator` ends. */
function endOfNumber(
  source: Uint8Array,
  at: number,
  terminator: number,
  tolerant: boolean,
  maxDigitCount: number,
): number {
  let end = at;
  while (source[end]! >= ZERO && source[end]! < COLON) end++;
  if (end >= source.length) fail("BENCODE_UNEXPECTED_END", end);
  if (end === at || source[end] !== terminator || (!tolerant && source[at] === ZERO && end > at + 1))
    fail("BENCODE_BAD_NUMBER", at);
  if (end - at > maxDigitCount) fail("BENCODE_LIMIT", at);
  return end;
}

function fail(code: BencodeErrorCode, offset: number): never {
  throw new BencodeError(code, offset);
}
