import { compareBytes, decodeText, encodeText } from "./bytes.ts";
import { DICTIONARY, INTEGER, LIST, SLOT_COUNT, type Tape } from "./scan.ts";

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
  #children: number[] | undefined;

  /** @internal Dictionaries come from `decode`. To encode one, give `encode` a Map or an object. */
  constructor(tape: Tape, slot: number) {
    this.#tape = tape;
    this.#slot = slot;
  }

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
    return bytes && decodeText(bytes);
  }

  /** The integer, if a number holds it exactly (at most 2^53 - 1 either way). `get` gives larger ones as bigint. */
  getInteger(key: string | Uint8Array): number | undefined {
    const value = this.get(key);
    return typeof value === "number" ? value : undefined;
  }

  getList(key: string | Uint8Array): readonly BencodeValue[] | undefined {
    const value = this.get(key);
    return Array.isArray(value) ? (value as readonly BencodeValue[]) : undefined;
  }

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
    const slots = this.#slots();
    for (let i = 0; i < slots.length; i += 2)
      yield [readValue(this.#tape, slots[i]!) as Uint8Array, readValue(this.#tape, slots[i + 1]!)];
  }

  /** Keys read as UTF-8, and values, in stored order. */
  *entries(): IterableIterator<[string, BencodeValue]> {
    for (const [key, value] of this.byteEntries()) yield [decodeText(key), value];
  }

  *keys(): IterableIterator<string> {
    for (const [key] of this.entries()) yield key;
  }

  [Symbol.iterator](): IterableIterator<[string, BencodeValue]> {
    return this.entries();
  }

  /** Tape indices of keys and values in turn. */
  #slots(): number[] {
    return (this.#children ??= childrenOf(this.#tape, this.#slot));
  }

  /** Tape index of the value of `key`. */
  #find(key: string | Uint8Array): number | undefined {
    const { source, slots } = this.#tape;
    const wanted = typeof key === "string" ? encodeText(key) : key;
    const children = this.#slots();
    for (let i = 0; i < children.length; i += 2) {
      const at = children[i]!;
      if (compareBytes(source, slots[at + 2]!, slots[at + 1]!, wanted, 0, wanted.length) === 0)
        return children[i + 1];
    }
    return undefined;
  }
}

/** The value at `slot`; dictionaries in it are built no further. Recursion is bounded by MAX_DEPTH. */
export function readValue(tape: Tape, slot: number): BencodeValue {
  const { source, slots } = tape;
  const start = slots[slot]!;
  const end = slots[slot + 1]!;
  const first = source[start];
  if (first === DICTIONARY) return new BencodeDictionary(tape, slot);
  if (first === LIST) return childrenOf(tape, slot).map((child) => readValue(tape, child));
  if (first === INTEGER) {
    const text = decodeText(source.subarray(start + 1, end - 1));
    const value = Number(text);
    // `i-0e`, which a tolerant decode takes, is 0.
    return Number.isSafeInteger(value) ? value || 0 : BigInt(text);
  }
  // A plain Uint8Array, even when the input is a subclass such as Buffer.
  return new Uint8Array(source.buffer, source.byteOffset + slots[slot + 2]!, end - slots[slot + 2]!);
}

/** Tape indices of what lies directly in the list or dictionary at `slot`. */
function childrenOf({ source, slots }: Tape, slot: number): number[] {
  const children: number[] = [];
  const end = slots[slot + 2]!;
  for (let at = slot + SLOT_COUNT; at < end;) {
    children.push(at);
    const first = source[slots[at]!];
    at = first === LIST || first === DICTIONARY ? slots[at + 2]! : at + SLOT_COUNT;
  }
  return children;
}

function spanAt({ slots }: Tape, slot: number): ByteSpan {
  return { start: slots[slot]!, end: slots[slot + 1]! };
}
