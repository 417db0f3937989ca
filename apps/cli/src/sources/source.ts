/** Where a torrent comes from, as the argument says it. */
export type Source =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "stdin" }
  | { readonly kind: "url"; readonly url: string }
  | { readonly kind: "magnet"; readonly uri: string };

/**
 * Tells the sources apart. A bare info-hash (40 or 64 hexadecimal digits, or 32 of base 32) is a short magnet link,
 * unless a file has that name: `exists` says so.
 */
export function parseSource(text: string, exists: (path: string) => boolean): Source {
  if (text === "-") return { kind: "stdin" };
  if (/^magnet:/i.test(text)) return { kind: "magnet", uri: text };
  if (/^https?:\/\//i.test(text)) return { kind: "url", url: text };
  if (/^([0-9a-f]{40}|[a-z2-7]{32})$/i.test(text) && !exists(text)) {
    return { kind: "magnet", uri: `magnet:?xt=urn:btih:${text}` };
  }
  // 0x12 0x20: the multihash of a SHA-256 digest of 32 bytes (BEP 9).
  if (/^[0-9a-f]{64}$/i.test(text) && !exists(text)) {
    return { kind: "magnet", uri: `magnet:?xt=urn:btmh:1220${text}` };
  }
  return { kind: "file", path: text };
}
