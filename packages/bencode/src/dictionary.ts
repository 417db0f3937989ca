import { decodeText, holdsText, keyText } from "./bytes.ts";
import { LIST, MINUS, SLOT_COUNT, type Tape, ZERO } from "./scan.ts";

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
  readonly #slot: number;

  /** @internal Dictionaries come from `decode`. To encode one, give `encode` a Map or an object. */
  constructor(tape: Tape, slot: number) {
    this.#tape = tape;
    this.#slot = slot;
  }

  /** The value, of whatever type. */
  get(key: string | Uint8Array): BencodeValue | undefined {
    const slot = this.#find(key);
    return slot > 0 ? readValue(this.#tape, slot) : undefined;
  }

  /** The string as a view of the input. */
  getBytes(key: string | Uint8Array): Uint8Array | undefined {
    const value = this.get(key);
    return value instanceof Uint8Array ? value : undefined;
  }

  /** The string read as UTF-8; bytes that are not UTF-8 become U+FFFD. */
  getText(key: string | Uint8Array): string | undefined {
    const slot = this.#find(key);
    const { source, slots } = this.#tape;
    const payload = slot > 0 ? slots[slot + 2]! : 0;
    return payload > 0 ? decodeText(source, payload, slots[slot + 1]!) : undefined;
  }

  /** The integer, if a number holds it exactly (at most 2^53 - 1 either way). `get` gives larger ones as bigint. */
  getInteger(key: string | Uint8Array): number | undefined {
    const value = this.get(key);
    return typeof value === "number" ? value : undefined;
  }

  /** The list, its items built. */
  getList(key: string | Uint8Array): readonly BencodeValue[] | undefined {
    const value = this.get(key);
    return Array.isArray(value) ? (value as readonly BencodeValue[]) : undefined;
  }

  /** The dictionary, as a view like this one. */
  getDictionary(key: string | Uint8Array): BencodeDictionary | undefined {
    const value = this.get(key);
    return value instanceof BencodeDictionary ? value : undefined;
  }

  /** Where in the input the encoded value of `key` lies: an info-hash is taken over exactly these bytes. */
  spanOf(key: string | Uint8Array): ByteSpan | undefined {
    const slot = this.#find(key);
    return slot > 0 ? spanAt(this.#tape, slot) : undefined;
  }

  /** Where in the input this dictionary lies. */
  get span(): ByteSpan {
    return spanAt(this.#tape, this.#slot);
  }

  /** Keys as bytes, and values, in stored order: for keys that are no text, such as info-hashes. */
  byteEntries(): [Uint8Array, BencodeValue][] {
    return this.#readAll(bytesAt, readValue);
  }

  /** Keys as bytes, and where the encoded values lie in the input, in stored order. */
  spans(): [Uint8Array, ByteSpan][] {
    return this.#readAll(bytesAt, spanAt);
  }

  /** Keys read as UTF-8, and values, in stored order. */
  entries(): [string, BencodeValue][] {
    return this.#readAll(keyAt, readValue);
  }

  /** Keys read as UTF-8, in stored order. */
  keys(): string[] {
    return this.#readAll(keyAt, spanAt).map(([key]) => key);
  }

  /** As `entries`. */
  [Symbol.iterator](): IterableIterator<[string, BencodeValue]> {
    return this.entries().values();
  }

  /** @internal For `encode`: the bytes of this dictionary when they are canonical, or else what is in it. */
  encodedForm(): Uint8Array | [Uint8Array, BencodeValue][] {
    const { source, isCanonical } = this.#tape;
    return isCanonical ? source.subarray(this.span.start, this.span.end) : this.byteEntries();
  }

  /** Tape index of the value of `key`; 0 when there is none, for there a key or a value cannot be. */
  #find(key: string | Uint8Array): number {
    const tape = this.#tape;
    const { source, slots } = tape;
    const wanted = keyText(key);
    const end = -slots[this.#slot + 2]!;
    for (let at = this.#slot + SLOT_COUNT; at < end; at = slotAfter(tape, at + SLOT_COUNT))
      if (holdsText(source, slots[at + 2]!, slots[at + 1]!, wanted)) return at + SLOT_COUNT;
    return 0;
  }

  /** An array, because V8 steps through one several times as fast as through what a generator yields. */
  #readAll<Key, Value>(key: Reader<Key>, value: Reader<Value>): [Key, Value][] {
    const tape = this.#tape;
    const end = -tape.slots[this.#slot + 2]!;
    const all: [Key, Value][] = [];
    for (let at = this.#slot + SLOT_COUNT; at < end; at = slotAfter(tape, at + SLOT_COUNT))
      all.push([key(tape, at), value(tape, at + SLOT_COUNT)]);
    return all;
  }
}

type Reader<Value> = (tape: Tape, slot: number) => Value;

/** The value at `slot`; dictionaries in it are built no further. Recursion is bounded by MAX_DEPTH. */
export function readValue(tape: Tape, slot: number): BencodeValue {
  const { source, slots } = tape;
  const kind = slots[slot + 2]!;
  if (kind > 0) return bytesAt(tape, slot);
  if (kind === 0) return readInteger(source, slots[slot]! + 1, slots[slot + 1]! - 1);
  if (source[slots[slot]!] !== LIST) return new BencodeDictionary(tape, slot);
  const items: BencodeValue[] = [];
  for (let at = slot + SLOT_COUNT; at < -kind; at = slotAfter(tape, at)) items.push(readValue(tape, at));
  return items;
}

/** Digits of which a number loses none. */
const EXACT_DIGIT_COUNT = 15;

function readInteger(source: Uint8Array, start: number, end: number): number | bigint {
  const isNegative = source[start] === MINUS;
  if (end - start > EXACT_DIGIT_COUNT) {
    const exact = BigInt(decodeText(source, start, end));
    const value = Number(exact);
    return Number.isSafeInteger(value) ? value : exact;
  }
  let value = 0;
  for (let at = isNegative ? start + 1 : start; at < end; at++) value = value * 10 + source[at]! - ZERO;
  // `i-0e`, which a tolerant decode takes, is 0.
  return isNegative ? 0 - value : value;
}

/** A plain Uint8Array, even when the input is a subclass such as Buffer. */
function bytesAt({ buffer, byteOffset, slots }: Tape, slot: number): Uint8Array {
  const start = slots[slot + 2]!;
  return new Uint8Array(buffer, byteOffset + start, slots[slot + 1]! - start);
}

function keyAt({ source, slots }: Tape, slot: number): string {
  return decodeText(source, slots[slot + 2]!, slots[slot + 1]!);
}

/** The tape index after the value at `slot`. */
function slotAfter({ slots }: Tape, slot: number): number {
  const kind = slots[slot + 2]!;
  return kind < 0 ? -kind : slot + SLOT_COUNT;
}

function spanAt({ slots }: Tape, slot: number): ByteSpan {
  return { start: slots[slot]!, end: slots[slot + 1]! };
}
