import { encodeText, keyText } from "./bytes.ts";
import type { BencodeDictionary, BencodeValue } from "./dictionary.ts";
import { MAX_DEPTH } from "./options.ts";

/**
 * What can be encoded. In an object or Map a key whose value is `undefined` is left out. TypeScript takes no `interface` for
 * it, whose keys may be more than it knows; a `type` of the same shape it does.
 */
export type Encodable =
  | number
  | bigint
  | string
  | Uint8Array
  | BencodeDictionary
  | readonly Encodable[]
  | ReadonlyMap<string | Uint8Array, Encodable | undefined>
  | { readonly [key: string]: Encodable | undefined };

const SLAB_LENGTH = 8192;
/** A longer result gets memory of its own. */
const SLAB_RESULT_LENGTH = 2048;
/** Bytes before a string: the digits of its length, and the colon. */
const PREFIX_LENGTH = 17;

/** So many keys are sorted by moving each to its place, in a fifth of the time that a sort by the runtime takes. */
const FEW_KEYS = 32;

/**
 * Encodings are written here, one behind the other. A typed array of more than 64 bytes takes V8 1 to 3 µs, several
 * times as long as writing a small message, so that small results are views of this memory. Never written twice.
 */
let slab = /* @__PURE__ */ new Uint8Array(SLAB_LENGTH);
/** Where the next byte goes. */
let at = 0;
/** A getter or proxy of a value that is being encoded may encode something itself. */
let isBusy = false;

/**
 * The canonical encoding of `value`. Text is written as UTF-8, keys are sorted by their bytes. Like those of Node's
 * `Buffer.from`, small results are views of one buffer: do not transfer their `buffer`; `slice` gives a copy of its own.
 *
 * @throws TypeError for what bencode has no form for and for keys that are the same bytes; RangeError for numbers that
 * are no safe integers (use bigint) and for values nested deeper than MAX_DEPTH.
 */
export function encode(value: Encodable): Uint8Array {
  const isInner = isBusy;
  // Somebody transferred the buffer of a result after all.
  if (slab.length === 0) slab = new Uint8Array(SLAB_LENGTH);
  const start = at;
  let end = start;
  isBusy = true;
  try {
    write(value, MAX_DEPTH);
    if (isInner || at - start > SLAB_RESULT_LENGTH) return slab.slice(start, at);
    end = at;
    return new Uint8Array(slab.buffer, start, end - start);
  } finally {
    at = end;
    isBusy = isInner;
    if (!isInner && (slab.length !== SLAB_LENGTH || at > SLAB_LENGTH - SLAB_RESULT_LENGTH)) {
      slab = new Uint8Array(SLAB_LENGTH);
      at = 0;
    }
  }
}

/**
 * Writes the canonical encoding of `value` to `target` from `offset` on and returns the offset after it.
 *
 * @throws RangeError when it does not fit; nothing is written then. Otherwise as `encode`.
 */
export function encodeInto(value: Encodable, target: Uint8Array, offset: number = 0): number {
  const bytes = encode(value);
  target.set(bytes, offset);
  return offset + bytes.length;
}

function write(value: Encodable, depth: number): void {
  if (depth < 0) throw new RangeError("nested too deep");
  if (typeof value === "string") writeText(value);
  else if (value instanceof Uint8Array) writeBytes(value);
  else if (typeof value === "bigint" || Number.isSafeInteger(value)) {
    writeByte(0x69);
    writeNumber(value as number, 0x65);
  } else if (typeof value === "number") throw new RangeError(`${value} is no safe integer`);
  else if (Array.isArray(value)) {
    writeByte(0x6c);
    for (const item of value as readonly Encodable[]) write(item, depth - 1);
    writeByte(0x65);
  } else writeDictionary(value, depth - 1);
}

type Key = string | Uint8Array;

function writeDictionary(value: unknown, depth: number): void {
  // The quick answer for nearly all. The other also knows objects of other realms and classes.
  let decoded: [Uint8Array, BencodeValue][] | undefined;
  if ((value as object | null)?.constructor !== Object) {
    if (!/ (Object|Map)]/.test(Object.prototype.toString.call(value)))
      throw new TypeError("bencode has no form for this");
    // Asked by name, so that who only encodes need not carry the decoder. Under such a key others have data or nothing.
    const { encodedForm } = value as Partial<BencodeDictionary>;
    const form = typeof encodedForm === "function" ? encodedForm.call(value as BencodeDictionary) : undefined;
    if (form instanceof Uint8Array) return writeRaw(form);
    decoded = form;
  }
  const map = decoded ? new Map(decoded) : value instanceof Map ? value : undefined;
  let keys: Key[] = map ? [...(map.keys() as Iterable<Key>)] : Object.keys(value as object);
  if (!sortPlain(keys)) {
    // Of what was decoded tolerantly the first of equal keys counts, as for `get`.
    const byText = new Map(keys.reverse().map((key) => [keyText(key), key]));
    if (byText.size < keys.length && !decoded) throw new TypeError("a key stands twice");
    keys = [...byText.keys()].sort().map((text) => byText.get(text)!);
  }
  writeByte(0x64);
  for (const key of keys) {
    const item = map ? map.get(key) : (value as Record<Key & string, unknown>)[key as string];
    if (item === undefined) continue;
    write(key, 0);
    write(item as Encodable, depth);
  }
  writeByte(0x65);
}

/** Sorts keys of plain text, if they are few or in order already; false when they are not, perhaps in another order then. */
function sortPlain(keys: Key[]): boolean {
  for (let i = 1; i < keys.length; i++) {
    const key = keys[i]!;
    let place = i;
    while (place > 0) {
      const order = comparePlain(keys[place - 1]!, key);
      if (order < 0) break;
      if (order === 0 || keys.length > FEW_KEYS) return false;
      keys[place] = keys[--place]!;
      keys[place] = key;
    }
  }
  return true;
}

/** Below 0 when it is plain that the bytes of `a` come first, above 0 when those of `b` do; so it is with nearly all keys. */
function comparePlain(a: Key, b: Key): number {
  if (typeof a !== "string" || typeof b !== "string") return 0;
  let i = 0;
  while (i < a.length && a.charCodeAt(i) === b.charCodeAt(i)) i++;
  const ofA = a.charCodeAt(i) | 0;
  const ofB = b.charCodeAt(i) | 0;
  // From the surrogates on the order of UTF-16 is not that of UTF-8.
  return ofA < 0xd800 && ofB < 0xd800 ? ofA - ofB : 0;
}

function writeText(text: string): void {
  const before = at;
  reserve(text.length + PREFIX_LENGTH);
  writeNumber(text.length, 0x3a);
  const target = slab;
  let next = at;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) {
      at = before;
      return writeBytes(encodeText(text));
    }
    target[next++] = code;
  }
  at = next;
}

function writeBytes(bytes: Uint8Array): void {
  writeNumber(bytes.length, 0x3a);
  writeRaw(bytes);
}

function writeRaw(bytes: Uint8Array): void {
  const { length } = bytes;
  reserve(length);
  // A call into the runtime costs more than a few turns of a loop (measured with Node 20).
  if (length <= 8) for (let i = 0; i < length; i++) slab[at + i] = bytes[i]!;
  else slab.set(bytes, at);
  at += length;
}

/** The digits of a number, and what comes after it. */
function writeNumber(value: number | bigint, terminator: number): void {
  if (value >= 0 && value <= 0x7fff_ffff) {
    // A machine's integer: dividing it takes a third of the time that making text of it takes.
    reserve(PREFIX_LENGTH);
    const target = slab;
    let rest = Number(value);
    let last = at;
    for (let more = rest; more > 9; more = (more / 10) | 0) last++;
    at = last + 2;
    target[last + 1] = terminator;
    do {
      target[last--] = 0x30 + (rest % 10);
      rest = (rest / 10) | 0;
    } while (rest > 0);
  } else {
    for (const digit of `${value}`) writeByte(digit.charCodeAt(0));
    writeByte(terminator);
  }
}

function writeByte(byte: number): void {
  reserve(1);
  slab[at++] = byte;
}

function reserve(length: number): void {
  if (at + length <= slab.length) return;
  const larger = new Uint8Array(2 * (at + length));
  larger.set(slab.subarray(0, at));
  slab = larger;
}
