import { parseHex } from "@bt/primitives";

const BASE32_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** The info-hash that text names: 40 hex digits or 32 of base32 (v1, 20 bytes), 64 hex digits (v2, 32 bytes). */
export function parseInfoHash(text: string): Uint8Array | undefined {
  if (text.length === 40 || text.length === 64) return parseHex(text);
  return text.length === 32 ? parseBase32(text) : undefined;
}

/** RFC 4648 in either case; only for lengths that need no padding. */
function parseBase32(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array((text.length * 5) / 8);
  let at = 0;
  let bits = 0;
  let bitCount = 0;
  for (const digit of text.toUpperCase()) {
    const value = BASE32_DIGITS.indexOf(digit);
    if (value < 0) return undefined;
    bits = ((bits << 5) | value) & 0xfff;
    bitCount += 5;
    if (bitCount < 8) continue;
    bitCount -= 8;
    bytes[at++] = (bits >> bitCount) & 0xff;
  }
  return bytes;
}
