import { decodeText, keyText } from "./bytes.ts";
import { LIST, SLOT_COUNT, type Tape } from "./scan.ts";

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
    return slot === undefined ? undefined : readValue(this.#tape, slot);
  }

  /** The string as a view of the input. */
  getBytes(key: string | Uint8Array): Uint8Array | undefined {
    const value = this.get(key);
    return value instanceof Uint8Array ? value : undefined;
  }

  /** The string read as UTF-8; bytes that are not UTF-8 become U+FFFD. */
  getText(key: string | Uint8Array): string | undefined {
    const bytes = this.getBytes(key);
    return bytes && decodeText(bytes, 0, bytes.length);
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
    return slot === undefined ? undefined : spanAt(this.#tape, slot);
  }

  /** Where in the input this dictionary lies. */
  get span(): ByteSpan {
    return spanAt(this.#tape, this.#slot);
  }

  /** Keys as bytes, and values, in stored order: for keys that are no text, such as info-hashes. */
  *byteEntries(): IterableIterator<[Uint8Array, BencodeValue]> {
    const tape = this.#tape;
    for (let at = this.#slot + SLOT_COUNT; at < this.#end; at = slotAfter(tape, at + SLOT_COUNT))
      yield [readValue(tape, at) as Uint8Array, readValue(tape, at + SLOT_COUNT)];
  }

  /** Keys as bytes, and where the encoded values lie in the input, in stored order. */
  *spans(): IterableIterator<[Uint8Array, ByteSpan]> {
    const tape = this.#tape;
    for (let at = this.#slot + SLOT_COUNT; at < this.#end; at = slotAfter(tape, at + SLOT_COUNT))
      yield [readValue(tape, at) as Uint8Array, spanAt(tape, at + SLOT_COUNT)];
  }

  /** Keys read as UTF-8, and values, in stored order. */
  *entries(): IterableIterator<[string, BencodeValue]> {
    const tape = this.#tape;
    for (let at = this.#slot + SLOT_COUNT; at < this.#end; at = slotAfter(tape, at + SLOT_COUNT))
      yield [textAt(tape, at), readValue(tape, at + SLOT_COUNT)];
  }

  /** Keys read as UTF-8, in stored order. */
  *keys(): IterableIterator<string> {
    for (const [key] of this.entries()) yield key;
  }

  /** As `entries`. */
  [Symbol.iterator](): IterableIterator<[string, BencodeValue]> {
    return this.entries();
  }

  /** @internal The bytes of this dictionary when `encode` may copy them: they are canonical. */
  canonicalBytes(): Uint8Array | undefined {
    const { source, isCanonical } = this.#tape;
    return isCanonical ? source.subarray(this.span.start, this.span.end) : undefined;
  }

  /** The tape index after the last value. */
  get #end(): number {
    return -this.#tape.slots[this.#slot + 2]!;
  }

  /** Tape index of the value of `key`. */
  #find(key: string | Uint8Array): number | undefined {
    const { source, slots } = this.#tape;
    const wanted = keyText(key);
    for (let at = this.#slot + SLOT_COUNT; at < this.#end; at = slotAfter(this.#tape, at + SLOT_COUNT)) {
      const start = slots[at + 2]!;
      let same = 0;
      if (slots[at + 1]! - start === wanted.length)
        while (same < wanted.length && source[start + same] === wanted.charCodeAt(same)) same++;
      if (same === wanted.length && slots[at + 1] === start + same) return at + SLOT_COUNT;
    }
    return undefined;
  }
}

/** The value at `slot`; dictionaries in it are built no further. Recursion is bounded by MAX_DEPTH. */
export function readValue(tape: Tape, slot: number): BencodeValue {
  const { source, slots } = tape;
  const kind = slots[slot + 2]!;
  // A plain Uint8Array, even when the input is a subclass such as Buffer.
  if (kind > 0) return new Uint8Array(tape.buffer, tape.byteOffset + kind, slots[slot + 1]! - kind);
  if (kind === 0) return readInteger(source, slots[slot]! + 1, slots[slot + 1]! - 1);
  if (source[slots[slot]!] !== LIST) return new BencodeDictionary(tape, slot);
  const items: BencodeValue[] = [];
  for (let at = slot + SLOT_COUNT; at < -kind; at = slotAfter(tape, at)) items.push(readValue(tape, at));
  return items;
}

function readInteger(source: Uint8Array, start: number, end: number): number | bigint {
  const text = decodeText(source, start, end);
  const value = Number(text);
  // `i-0e`, which a tolerant decode takes, is 0.
  return Number.isSafeInteger(value) ? value || 0 : BigInt(text);
}

function textAt({ source, slots }: Tape, slot: number): string {
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
