import { parseHex } from "@bt/primitives";
import { usageFailure } from "../failure.ts";

/** An info-hash of 40 or 64 hexadecimal digits. */
export function parseHexHash(text: string): Uint8Array {
  const bytes = parseHex(text.trim());
  if (bytes?.length === 20 || bytes?.length === 32) return bytes;
  throw usageFailure(`"${text}" is not an info-hash; give 40 or 64 hexadecimal digits`);
}
