// Control characters (C0, DEL, C1) could steer the terminal; line and paragraph separators break the one-line rule;
// bidi controls and marks (Unicode TR 36, "Trojan Source") can make a name read as another; lone surrogates are not text.
const DANGEROUS =
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Text from outside, safe to show: what could steer the terminal or mislead the eye is written as `\u{…}`. */
export function escapeText(text: string): string {
  return text.replace(DANGEROUS, (unit) => `\\u{${unit.charCodeAt(0).toString(16)}}`);
}

/** One line of JSON that is pure printable text: the same characters are written as JSON's own `\uXXXX`, so nothing is lost. */
export function formatJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replace(DANGEROUS, (unit) =>
    unit === "\n" ? unit : `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
