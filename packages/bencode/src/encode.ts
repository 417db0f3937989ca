import { compareBytes, encodeText } from "./bytes.ts";
import { BencodeDictionary } from "./dictionary.ts";
import { MAX_DEPTH } from "./options.ts";

/** What can be encoded. In an object or Map a key whose value is `undefined` is left out. */
export type Encodable =
  | number
  | bigint
  | string
  | Uint8Array
  | BencodeDictionary
  | readonly Encodable[]
  | ReadonlyMap<string | Uint8Array, Encodable | undefined>
  | { readonly [key: string]: Encodable | undefined };

const SCRATCH_LENGTH = 8192;
/** Where encodings grow. It is kept between calls, so that a small message costs one allocation: its result. */
let scratch = /* @__PURE__ */ new Uint8Array(SCRATCH_LENGTH);
let at = 0;

/**
 * The canonical encoding of `value` in a new array. Text is written as UTF-8, keys are sorted by their bytes.
 *
 * @throws TypeError for what bencode has no form for and for keys that are the same bytes; RangeError for numbers that
 * are no safe integers (use bigint) and for values nested deeper than MAX_DEPTH.
 */
export function encode(value: Encodable): Uint8Array {
  // Not 0 when a getter of a value that is being encoded encodes something itself.
  const start = at;
  try {
    write(value, MAX_DEPTH);
    return scratch.slice(start, at);
  } finally {
    at = start;
    if (start === 0 && scratch.length > SCRATCH_LENGTH) scratch = new Uint8Array(SCRATCH_LENGTH);
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
  if (typeof value === "string") writeString(encodeText(value));
  else if (value instanceof Uint8Array) writeString(value);
  else if (typeof value === "bigint" || Number.isSafeInteger(value)) writeAscii(`i${value as bigint}e`);
  else if (typeof value === "number") throw new RangeError(`${value} is no safe integer`);
  else if (Array.isArray(value)) {
    writeAscii("l");
    for (const item of value as readonly Encodable[]) write(item, depth - 1);
    writeAscii("e");
  } else if (/Object|Map/.test(Object.prototype.toString.call(value))) {
    const entries = sortedEntries(value);
    writeAscii("d");
    for (const [key, item] of entries) {
      writeString(key);
      write(item, depth - 1);
    }
    writeAscii("e");
  } else throw new TypeError("bencode has no form for this");
}

function sortedEntries(value: object): [Uint8Array, Encodable][] {
  const entries: [Uint8Array, Encodable][] = [];
  const pairs: Iterable<[string | Uint8Array, Encodable | undefined]> =
    value instanceof BencodeDictionary
      ? value.byteEntries()
      : value instanceof Map
        ? (value as Map<string, Encodable>)
        : Object.entries(value);
  for (const [key, item] of pairs)
    if (item !== undefined) entries.push([typeof key === "string" ? encodeText(key) : key, item]);
  return entries.sort(([a], [b]) => {
    const order = compareBytes(a, 0, a.length, b, 0, b.length);
    if (order === 0) throw new TypeError("a key stands twice");
    return order;
  });
}

function writeString(bytes: Uint8Array): void {
  writeAscii(`${bytes.length}:`);
  reserve(bytes.length);
  scratch.set(bytes, at);
  at += bytes.length;
}

function writeAscii(text: string): void {
  reserve(text.length);
  for (let i = 0; i < text.length; i++) scratch[at++] = text.charCodeAt(i);
}

function reserve(length: number): void {
  if (at + length <= scratch.length) return;
  const larger = new Uint8Array(2 * (at + length));
  larger.set(scratch.subarray(0, at));
  scratch = larger;
}
