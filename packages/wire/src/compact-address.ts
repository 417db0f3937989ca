import { concatBytes, decodeCompactEndpoints, encodeCompactEndpoints } from "@bt/primitives";

/** The 4 or 16 bytes of a numeric address, as BEP 10 sends it without a port. RangeError for anything else. */
export function encodeCompactAddress(host: string): Uint8Array {
  for (const family of [4, 6] as const) {
    const endpoint = encodeCompactEndpoints([{ host, port: 1 }], family);
    if (endpoint.length > 0) return endpoint.slice(0, -2);
  }
  throw new RangeError(`not a numeric address: ${host}`);
}

/** The address that 4 or 16 bytes stand for; `undefined` for any other number of bytes. */
export function decodeCompactAddress(bytes: Uint8Array): string | undefined {
  if (bytes.length !== 4 && bytes.length !== 16) return undefined;
  return decodeCompactEndpoints(concatBytes(bytes, Uint8Array.of(0, 1)), bytes.length === 4 ? 4 : 6)[0]?.host;
}
