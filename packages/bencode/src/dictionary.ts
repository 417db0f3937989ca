import { decodeText, holdsText, keyText } from "./bytes.ts";
import { indexAfter, LIST, MINUS, type Tape, TOKEN_LENGTH, ZERO } from "./scan.ts";

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
  readonly #tape: Tape;
  readonly #token: number;

  /** @internal Dictionaries come from `decode`. To encode one, give `encode` a Map or an object. */
  constructor(tape: Tape, token: number) {
    this.#tape = tape;
    this.#token = token;
  }

  /** The value, of whatever type. */
  get(key: string | Uint8Array): BencodeValue | undefined {
    const token = this.#find(key);
    return token > 0 ? valueAt(this.#tape, token) : undefined;
  }

  /** The string as a view of the input. */
  getBytes(key: string | Uint8Array): Uint8Array | undefined {
    return only(Uint8Array, this.get(key));
  }

  /** The string read as UTF-8; bytes that are not UTF-8 become U+FFFD. */
  getText(key: string | Uint8Array): string | undefined {
    const token = this.#find(key);
    return token > 0 ? textAt(this.#tape, token) : undefined;
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
    const token = this.#find(key);
    return token > 0 ? spanAt(this.#tape, token) : undefined;
  }

  /** Where in the input this dictionary lies. */
  get span(): ByteSpan {
    return spanAt(this.#tape, this.#token);
  }

  /** Keys as bytes, and values, in stored order: for keys that are no text, such as info-hashes. */
  byteEntries(): [Uint8Array, BencodeValue][] {
    return this.#readAll(bytesAt, valueAt);
  }

  /** Keys as bytes, and where the encoded values lie in the input, in stored order. */
  spans(): [Uint8Array, ByteSpan][] {
    return this.#readAll(bytesAt, spanAt);
  }

  /** Keys read as UTF-8, and values, in stored order. */
  entries(): [string, BencodeValue][] {
    return this.#readAll(textAt, valueAt);
  }

  /** Keys read as UTF-8, in stored order. */
  keys(): string[] {
    return this.#readAll(textAt, spanAt).map(([key]) => key);
  }

  /** As `entries`. */
  [Symbol.iterator](): IterableIterator<[string, BencodeValue]> {
    return this.entries().values();
  }

  /** @internal For `encode`: the bytes of this dictionary when they are canonical, or else what is in it. */
  encodedForm(): Uint8Array | [Uint8Array, BencodeValue][] {
    const { source, tolerant } = this.#tape;
    const { start, end } = this.span;
    return tolerant ? this.byteEntries() : source.subarray(start, end);
  }

  /** Tape index of the value of `key`; 0 when there is none, for there a key or the outermost value is. */
  #find(key: string | Uint8Array): number {
    const tape = this.#tape;
    const { source, tokens } = tape;
    const wanted = keyText(key);
    const end = endOf(tape, this.#token);
    for (let at = this.#token + TOKEN_LENGTH; at < end; at = indexAfter(tape, at + TOKEN_LENGTH))
      if (holdsText(source, tokens[at + 1]!, tokens[at + TOKEN_LENGTH]!, wanted)) return at + TOKEN_LENGTH;
    return 0;
  }

  /** An array, because V8 steps through one several times as fast as through what a generator yields. */
  #readAll<Key, Value>(key: Reader<Key>, value: Reader<Value>): [Key, Value][] {
    const tape = this.#tape;
    const end = endOf(tape, this.#token);
    const all: [Key, Value][] = [];
    for (let at = this.#token + TOKEN_LENGTH; at < end; at = indexAfter(tape, at + TOKEN_LENGTH))
      all.push([key(tape, at), value(tape, at + TOKEN_LENGTH)]);
    return all;
  }
}

/** Makes something of the value at a tape index. */
type Reader<Value> = (tape: Tape, token: number) => Value;

function only<Type>(type: abstract new (...args: never[]) => Type, value: unknown): Type | undefined {
  return value instanceof type ? value : undefined;
}

/** The value; dictionaries in it are built no further. Recursion is bounded by MAX_DEPTH. */
export function valueAt(tape: Tape, token: number): BencodeValue {
  const { source, tokens } = tape;
  const kind = tokens[token + 1]!;
  if (kind > 0) return bytesAt(tape, token);
  if (kind === 0) return readInteger(source, tokens[token]! + 1, tokens[token + TOKEN_LENGTH]! - 1);
  if (source[tokens[token]!] !== LIST) return new BencodeDictionary(tape, token);
  const items: BencodeValue[] = [];
  const end = endOf(tape, token);
  for (let at = token + TOKEN_LENGTH; at < end; at = indexAfter(tape, at)) items.push(valueAt(tape, at));
  return items;
}

function readInteger(source: Uint8Array, start: number, end: number): number | bigint {
  const isNegative = source[start] === MINUS;
  let value = 0;
  for (let at = isNegative ? start + 1 : start; at < end; at++) value = value * 10 + (source[at]! ^ ZERO);
  // Rounding does not bring it below 2^53 again.
  if (value > Number.MAX_SAFE_INTEGER) return BigInt(decodeText(source, start, end));
  // `i-0e`, which a tolerant decode takes, is 0.
  return isNegative ? 0 - value : value;
}

/** A plain Uint8Array, even when the input is a subclass such as Buffer. */
function bytesAt({ buffer, byteOffset, tokens }: Tape, token: number): Uint8Array {
  const start = tokens[token + 1]!;
  return new Uint8Array(buffer, byteOffset + start, tokens[token + TOKEN_LENGTH]! - start);
}

function textAt(tape: Tape, token: number): string;
function textAt({ source, tokens }: Tape, token: number): string | undefined {
  const start = tokens[token + 1]!;
  return start > 0 ? decodeText(source, start, tokens[token + TOKEN_LENGTH]!) : undefined;
}

/** Tape index of the end of a list or dictionary. */
function endOf({ tokens }: Tape, token: number): number {
  return -tokens[token + 1]! - TOKEN_LENGTH;
}

export function spanAt(tape: Tape, token: number): ByteSpan {
  return { start: tape.tokens[token]!, end: tape.tokens[indexAfter(tape, token)]! };
}
