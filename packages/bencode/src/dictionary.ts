import { decodeText, holdsText, keyText } from "./bytes.ts";
import {
  type CheckedInput,
  CONTAINER_LENGTH,
  type Cursor,
  DICTIONARY,
  END,
  INTEGER,
  LIST,
  MINUS,
  ZERO,
} from "./scan.ts";

/** What a decoded value can be. Strings are bytes; an integer is a bigint only when a number would round it. */
export type BencodeValue = number | bigint | Uint8Array | readonly BencodeValue[] | BencodeDictionary;

/** Bytes `start` to `end` (exclusive) of the input. */
export interface ByteSpan {
  readonly start: number;
  readonly end: number;
}

/**
 * A decoded dictionary: a view of the input, which must not change while it is in use. Values are built when they are
 * asked for, anew each time: keep the result of `getList` rather than ask twice. Keys are bytes; text as key means its
 * UTF-8. The typed readers give `undefined` for a key that is absent and for a value of another type. A lookup walks the
 * keys; for many lookups in a large dictionary, make a Map of `byteEntries`.
 */
export class BencodeDictionary {
  readonly #input: CheckedInput;
  /** Index in `containers`. */
  readonly #index: number;

  /** @internal Dictionaries come from `decode`. To encode one, give `encode` a Map or an object. */
  constructor(input: CheckedInput, index: number) {
    this.#input = input;
    this.#index = index;
  }

  /** The value, of whatever type. */
  get(key: string | Uint8Array): BencodeValue | undefined {
    const cursor = this.#find(key);
    return cursor && readValue(cursor);
  }

  /** The string as a view of the input. */
  getBytes(key: string | Uint8Array): Uint8Array | undefined {
    return only(Uint8Array, this.get(key));
  }

  /** The string read as UTF-8; bytes that are not UTF-8 become U+FFFD. */
  getText(key: string | Uint8Array): string | undefined {
    const cursor = this.#find(key);
    return cursor && readText(cursor);
  }

  /** The integer, if a number holds it exactly (at most 2^53 - 1 either way). `get` gives larger ones as bigint. */
  getInteger(key: string | Uint8Array): number | undefined {
    const value = this.get(key);
    return typeof value === "number" ? value : undefined;
  }

  /** The list, its items built. */
  getList(key: string | Uint8Array): readonly BencodeValue[] | undefined {
    return only<readonly BencodeValue[]>(Array, this.get(key));
  }

  /** The dictionary, as a view like this one. */
  getDictionary(key: string | Uint8Array): BencodeDictionary | undefined {
    return only(BencodeDictionary, this.get(key));
  }

  /** Where in the input the encoded value of `key` lies: an info-hash is taken over exactly these bytes. */
  spanOf(key: string | Uint8Array): ByteSpan | undefined {
    const cursor = this.#find(key);
    return cursor && readSpan(cursor);
  }

  /** Where in the input this dictionary lies. */
  get span(): ByteSpan {
    return readSpan(this.#cursor());
  }

  /** Keys as bytes, and values, in stored order: for keys that are no text, such as info-hashes. */
  byteEntries(): [Uint8Array, BencodeValue][] {
    return this.#readAll(readBytes, readValue);
  }

  /** Keys as bytes, and where the encoded values lie in the input, in stored order. */
  spans(): [Uint8Array, ByteSpan][] {
    return this.#readAll(readBytes, readSpan);
  }

  /** Keys read as UTF-8, and values, in stored order. */
  entries(): [string, BencodeValue][] {
    return this.#readAll(readText, readValue);
  }

  /** Keys read as UTF-8, in stored order. */
  keys(): string[] {
    return this.#readAll(readText, skip).map(([key]) => key);
  }

  /** As `entries`. */
  [Symbol.iterator](): IterableIterator<[string, BencodeValue]> {
    return this.entries().values();
  }

  /** @internal For `encode`: the bytes of this dictionary when they are canonical, or else what is in it. */
  encodedForm(): Uint8Array | [Uint8Array, BencodeValue][] {
    const { source, tolerant } = this.#input;
    const { start, end } = this.span;
    return tolerant ? this.byteEntries() : source.subarray(start, end);
  }

  /** A cursor at the value of `key`. */
  #find(key: string | Uint8Array): Cursor | undefined {
    const wanted = keyText(key);
    const cursor = enter(this.#cursor());
    const { source } = cursor.input;
    while (source[cursor.at] !== END) {
      const start = passString(cursor);
      if (holdsText(source, start, cursor.at, wanted)) return cursor;
      skip(cursor);
    }
    return undefined;
  }

  /** An array, because V8 steps through one several times as fast as through what a generator yields. */
  #readAll<Key, Value>(readKey: Reader<Key>, read: Reader<Value>): [Key, Value][] {
    const cursor = enter(this.#cursor());
    const all: [Key, Value][] = [];
    while (cursor.input.source[cursor.at] !== END) all.push([readKey(cursor), read(cursor)]);
    return all;
  }

  /** At the beginning of the dictionary. */
  #cursor(): Cursor {
    return { input: this.#input, at: this.#input.containers[this.#index]!, next: this.#index };
  }
}

/** Makes something of the value at the cursor and moves the cursor behind it. */
type Reader<Value> = (cursor: Cursor) => Value;

function only<Type>(type: abstract new (...args: never[]) => Type, value: unknown): Type | undefined {
  return value instanceof type ? value : undefined;
}

/** The value; dictionaries in it are built no further. Recursion is bounded by MAX_DEPTH. */
export function readValue(cursor: Cursor): BencodeValue {
  const { input } = cursor;
  const { source } = input;
  const first = source[cursor.at];
  if (first === INTEGER) return readInteger(cursor);
  if (first === DICTIONARY) {
    const dictionary = new BencodeDictionary(input, cursor.next);
    skip(cursor);
    return dictionary;
  }
  if (first !== LIST) return readBytes(cursor);
  const items: BencodeValue[] = [];
  enter(cursor);
  while (source[cursor.at] !== END) items.push(readValue(cursor));
  cursor.at++;
  return items;
}

function readInteger(cursor: Cursor): number | bigint {
  const { source } = cursor.input;
  const start = ++cursor.at;
  // A minus ends a number that has no digits yet.
  let value = readNumber(cursor);
  // `i-0e`, which a tolerant decode takes, is 0.
  if (source[start] === MINUS) value = 0 - readNumber(cursor);
  // Rounding does not bring it below 2^53 again.
  return Number.isSafeInteger(value) ? value : BigInt(decodeText(source, start, cursor.at - 1));
}

/** A plain Uint8Array, even when the input is a subclass such as Buffer. */
function readBytes(cursor: Cursor): Uint8Array {
  const start = passString(cursor);
  return new Uint8Array(cursor.input.buffer, cursor.input.byteOffset + start, cursor.at - start);
}

function readText(cursor: Cursor): string;
function readText(cursor: Cursor): string | undefined {
  const { source } = cursor.input;
  if ((source[cursor.at]! ^ ZERO) > 9) return undefined;
  return decodeText(source, passString(cursor), cursor.at);
}

function readSpan(cursor: Cursor): ByteSpan {
  const start = cursor.at;
  skip(cursor);
  return { start, end: cursor.at };
}

/** Moves the cursor behind a string and returns where its payload starts. */
function passString(cursor: Cursor): number {
  const length = readNumber(cursor);
  const start = cursor.at;
  cursor.at += length;
  return start;
}

/** What the digits count; the cursor moves behind the byte that ends them. */
function readNumber(cursor: Cursor): number {
  const { source } = cursor.input;
  let number = 0;
  for (let digit; (digit = source[cursor.at++]! ^ ZERO) < 10;) number = number * 10 + digit;
  return number;
}

/** Moves the cursor from a list or dictionary to what comes first in it. */
function enter(cursor: Cursor): Cursor {
  cursor.at++;
  cursor.next += CONTAINER_LENGTH;
  return cursor;
}

function skip(cursor: Cursor): void {
  const { source, containers } = cursor.input;
  const first = source[cursor.at]!;
  if (first === INTEGER) while (source[cursor.at++] !== END);
  else if (first === LIST || first === DICTIONARY) {
    cursor.at = containers[cursor.next + 1]!;
    cursor.next = containers[cursor.next + 2]!;
  } else passString(cursor);
}
