// Every runtime has these two, but the declarations of a pure package hold neither the DOM's nor Node's types.
declare const TextEncoder: new () => { encode(text: string): Uint8Array };
declare const TextDecoder: new (
  label: "utf-8",
  options: { ignoreBOM: boolean; fatal?: boolean },
) => { decode(bytes: Uint8Array): string };

const encoder = new TextEncoder();
const lossyDecoder = new TextDecoder("utf-8", { ignoreBOM: true });
const strictDecoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

export function encodeText(text: string): Uint8Array {
  return encoder.encode(text);
}

/** UTF-8; what is not becomes U+FFFD. */
export function decodeText(bytes: Uint8Array): string {
  return lossyDecoder.decode(bytes);
}

/** `undefined` for bytes that are not UTF-8. */
export function decodeStrictText(bytes: Uint8Array): string | undefined {
  try {
    return strictDecoder.decode(bytes);
  } catch {
    return undefined;
  }
}
