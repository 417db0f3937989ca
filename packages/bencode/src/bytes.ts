// Every runtime has these two, but the declarations of a pure package hold neither the DOM's nor Node's types.
declare const TextEncoder: new () => { encode(text: string): Uint8Array };
declare const TextDecoder: new (
  label: "utf-8",
  options: { ignoreBOM: boolean },
) => { decode(bytes: Uint8Array): string };

const encoder = /* @__PURE__ */ new TextEncoder();
const decoder = /* @__PURE__ */ new TextDecoder("utf-8", { ignoreBOM: true });

/** UTF-8; a lone surrogate becomes U+FFFD. */
export function encodeText(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Short texts, most of them keys, come again and again: making one takes ten times as long as seeing that it is the same. */
const KNOWN_COUNT = 256;
const KNOWN_LENGTH = 32;
const known: string[] = [];

/** The text of UTF-8 from `start` to `end`; what is not UTF-8 becomes U+FFFD. */
export function decodeText(source: Uint8Array, start: number, end: number): string {
  const place = (source[start]! * 7 + source[end - 1]! * 31 + end - start) % KNOWN_COUNT;
  const text = known[place];
  if (text !== undefined && holdsText(source, start, end, text)) return text;
  const made = decoder.decode(source.subarray(start, end));
  if (end - start <= KNOWN_LENGTH) known[place] = made;
  return made;
}

/** As many arguments as every runtime takes. */
const KEY_PART_LENGTH = 4096;

/** Whether the bytes are those of `text`, a character for each byte. */
export function holdsText(source: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  for (let i = 0; i < text.length; i++) if (source[start + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** A character for each byte of a key: its order is that of the bytes (BEP 3), and ASCII stays as it is. */
export function keyText(key: string | Uint8Array): string {
  if (typeof key === "string") {
    let at = 0;
    while (at < key.length && key.charCodeAt(at) < 0x80) at++;
    if (at === key.length) return key;
    key = encodeText(key);
  }
  let text = "";
  // Not byte by byte: until it is read, such text takes 32 bytes for each part, and a stranger may have written the key.
  for (let at = 0; at < key.length; at += KEY_PART_LENGTH)
    text += String.fromCharCode(...key.subarray(at, at + KEY_PART_LENGTH));
  return text;
}

/** Whether the bytes from `a` to `aEnd` come before those from `b` to `bEnd`: the order of keys in BEP 3. */
export function isBefore(source: Uint8Array, a: number, aEnd: number, b: number, bEnd: number): boolean {
  while (a < aEnd && source[a] === source[b]) {
    a++;
    b++;
  }
  return b < bEnd && (a === aEnd || source[a]! < source[b]!);
}
