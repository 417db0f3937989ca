// Every runtime has these two, but the declarations of a pure package hold neither the DOM's nor Node's types.
declare const TextEncoder: new () => { encode(text: string): Uint8Array };
declare const TextDecoder: new (
  label: "utf-8",
  options: { ignoreBOM: boolean },
) => { decode(bytes: Uint8Array): string };

const encoder = /* @__PURE__ */ new TextEncoder();
const decoder = /* @__PURE__ */ new TextDecoder("utf-8", { ignoreBOM: true });

/** Up to here reading ASCII in a loop is faster than the call into the runtime (measured with Node 20). */
const SHORT_LENGTH = 12;

/** UTF-8; a lone surrogate becomes U+FFFD. */
export function encodeText(text: string): Uint8Array {
  return encoder.encode(text);
}

/** The text of UTF-8 from `start` to `end`; what is not UTF-8 becomes U+FFFD. */
export function decodeText(source: Uint8Array, start: number, end: number): string {
  let text = "";
  if (end - start <= SHORT_LENGTH)
    for (let at = start; at < end && source[at]! < 0x80; at++) text += String.fromCharCode(source[at]!);
  return text.length === end - start ? text : decoder.decode(source.subarray(start, end));
}

/** A character for each byte of a key, so that keys can be compared with bytes without making arrays of them. */
export function keyText(key: string | Uint8Array): string {
  if (typeof key === "string" && /^[\0-\x7f]*$/.test(key)) return key;
  let text = "";
  for (const byte of typeof key === "string" ? encodeText(key) : key) text += String.fromCharCode(byte);
  return text;
}

/** Below 0, 0, above 0: the order of two byte ranges, ends exclusive: the order of keys in BEP 3. */
export function compareBytes(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): number {
  let aAt = aStart;
  let bAt = bStart;
  while (aAt < aEnd && bAt < bEnd && a[aAt] === b[bAt]) {
    aAt++;
    bAt++;
  }
  return aAt < aEnd && bAt < bEnd ? a[aAt]! - b[bAt]! : aEnd - aAt - bEnd + bAt;
}
