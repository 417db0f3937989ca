import { decodeStrictText, decodeText, encodeText } from "./text.ts";

/** Bytes of a name on every common file system. */
export const MAX_NAME_LENGTH = 255;
/** Of a name longer than this nobody sees the middle: it bounds the work on names of many megabytes. */
const CONSIDERED_LENGTH = 4096;
/** A cut keeps an extension that is not longer than this, so that the file still opens with the right program. */
const MAX_EXTENSION_LENGTH = 16;

/** Separators of any platform, and control characters (C0, DEL, C1): a terminal or a shell script may act on them. */

const FORBIDDEN = /[/\\\u0000-\u001f\u007f-\u009f]/g;
/** What Windows refuses besides; a colon would also open an alternate data stream or name a drive. */
const FORBIDDEN_ON_WINDOWS = /[<>:"|?*]/g;
/** Invisible or turning the text around, so that `gpj.exe` reads as `exe.jpg`; also ignored by HFS+ when comparing. */
const INVISIBLE = /[\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;
/** Devices of DOS, which Windows finds in every directory, whatever extension follows. */
const DEVICE =
  /^(?:con|prn|aux|nul|clock\$|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])[ ]*(?:\.|$)/i;

/**
 * One element of a path from a torrent's bytes: text without separators that names neither `.` nor `..`, fits the
 * file systems' 255 bytes and hides nothing. `undefined` when nothing usable is left.
 */
export function sanitizeName(
  bytes: Uint8Array,
  platform: "portable" | "posix" = "portable",
): string | undefined {
  const considered = bytes.length > CONSIDERED_LENGTH ? endsOf(bytes) : bytes;
  const text = decodeStrictText(considered) ?? decodeText(considered).replaceAll("\ufffd", "_");
  let name = text.replace(INVISIBLE, "").replace(FORBIDDEN, "_");
  if (platform === "portable") name = name.replace(FORBIDDEN_ON_WINDOWS, "_");
  name = trimName(name, platform);
  if (platform === "portable" && DEVICE.test(name)) name = `_${name}`;
  name = trimName(cutName(name, MAX_NAME_LENGTH), platform);
  return name === "" || name === "." || name === ".." ? undefined : name;
}

/** Puts `.number` before the extension: the name of the next file that would be the same. */
export function numberedName(name: string, number: number): string {
  const [stem, extension] = splitExtension(name);
  const suffix = `.${number}`;
  return cutName(stem, MAX_NAME_LENGTH - suffix.length - encodeText(extension).length) + suffix + extension;
}

/** Equal for names that a file system which ignores case, or how accents are composed, takes for the same. */
export function foldName(name: string): string {
  if (/^[\u0000-\u007f]*$/.test(name)) return name.toLowerCase();
  // Upper case first: it also joins ſ and s, ß and ss, and the two Greek sigmas.
  return name.normalize("NFKC").toUpperCase().toLowerCase().normalize("NFKC");
}

/** Windows drops dots and spaces at the end of a name, so `..` may hide as `.. .`. */
function trimName(name: string, platform: "portable" | "posix"): string {
  if (platform === "posix") return name;
  let end = name.length;
  while (end > 0 && (name[end - 1] === "." || name[end - 1] === " ")) end--;
  return name.slice(0, end);
}

/** At most `maxLength` bytes of UTF-8, cut between code points; an extension is kept. */
function cutName(name: string, maxLength: number): string {
  if (name.length * 3 <= maxLength) return name;
  const bytes = encodeText(name);
  if (bytes.length <= maxLength) return name;
  const [stem, extension] = splitExtension(name);
  const kept = encodeText(extension).length;
  const stemBytes = encodeText(stem);
  let end = maxLength - kept;
  while (end > 0 && (stemBytes[end]! & 0xc0) === 0x80) end--;
  return decodeText(stemBytes.subarray(0, end)) + extension;
}

function splitExtension(name: string): [stem: string, extension: string] {
  const dot = name.lastIndexOf(".");
  if (dot <= 0 || name.length - dot > MAX_EXTENSION_LENGTH) return [name, ""];
  return [name.slice(0, dot), name.slice(dot)];
}

/** The first bytes and the last few of a very long name, so that its extension is still there. */
function endsOf(bytes: Uint8Array): Uint8Array {
  const head = bytes.subarray(0, CONSIDERED_LENGTH - MAX_EXTENSION_LENGTH);
  let headEnd = head.length;
  while (headEnd > 0 && (bytes[headEnd]! & 0xc0) === 0x80) headEnd--;
  let tailStart = bytes.length - MAX_EXTENSION_LENGTH;
  while (tailStart < bytes.length && (bytes[tailStart]! & 0xc0) === 0x80) tailStart++;
  const ends = new Uint8Array(headEnd + bytes.length - tailStart);
  ends.set(bytes.subarray(0, headEnd));
  ends.set(bytes.subarray(tailStart), headEnd);
  return ends;
}
