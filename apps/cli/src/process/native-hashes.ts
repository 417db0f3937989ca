import type * as Crypto from "node:crypto";

/**
 * In the bundle these stand for `@noble/hashes`, which the pure packages use so that they run anywhere. `bt` runs on
 * Node, whose hashes need no warming up: the info-hash of a first torrent takes microseconds, not milliseconds.
 */
export function sha1(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(crypto().hash("sha1", bytes, "buffer"));
}

export function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(crypto().hash("sha256", bytes, "buffer"));
}

/** Loaded when it is first needed: it takes Node 5 ms. */
function crypto(): typeof Crypto {
  return process.getBuiltinModule("node:crypto");
}
