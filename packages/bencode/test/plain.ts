import { BencodeDictionary, type BencodeValue } from "@bt/bencode";

/** A decoded value as data that tests can compare: `i…` for integers, `s…` for strings by byte, pairs for dictionaries. */
export type Plain = string | Plain[] | { readonly pairs: readonly (readonly [key: string, value: Plain])[] };

export function plain(value: BencodeValue): Plain {
  if (typeof value === "number" || typeof value === "bigint") return `i${value}`;
  if (value instanceof Uint8Array) return `s${latin1(value)}`;
  if (value instanceof BencodeDictionary)
    return { pairs: [...value.byteEntries()].map(([key, item]) => [latin1(key), plain(item)] as const) };
  return value.map(plain);
}

/** Text to bytes, one character each. */
export function bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

export function latin1(source: Uint8Array): string {
  return Buffer.from(source).toString("latin1");
}
