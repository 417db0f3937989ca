// Every runtime has these two, but the declarations of a pure package hold neither the DOM's nor Node's types.
declare const TextEncoder: new () => { encode(text: string): Uint8Array };
declare const TextDecoder: new (
  label: "utf-8",
  options: { ignoreBOM: boolean },
) => { decode(bytes: Uint8Array): string };

const encoder = /* @__PURE__ */ new TextEncoder();
const decoder = /* @__PURE__ */ new TextDecoder("utf-8", { ignoreBOM: true });

/** Up to here reading ASCII in a loop is faster than the call into the runtime (measured with Node 20). */
const SHORT_LENGTH = 32;

/** UTF-8; a lone surrogate becomes U+FFFD. */
export function encodeText(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return encoder.encode(text);
    bytes[i] = code;
  }
  return bytes;
}

/** The text of UTF-8; what is not UTF-8 becomes U+FFFD. */
export function decodeText(bytes: Uint8Array): string {
  let text = "";
  if (bytes.length <= SHORT_LENGTH)
    for (const byte of bytes) if (byte < 0x80) text += String.fromCharCode(byte);
  return text.length === bytes.length ? text : decoder.decode(bytes);
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
