import { COLON, DICTIONARY, END, fail, INTEGER, LIST, MINUS, ZERO } from "./scan.ts";

/** What a `BencodeFramer` takes. */
export interface FramerOptions {
  /** Bytes of one value; 1 MiB by default. */
  readonly maxLength?: number;
}

/** What a `BencodeFramer` does without options. */
export const DEFAULT_FRAMER_OPTIONS: Required<FramerOptions> = /* @__PURE__ */ Object.freeze({
  maxLength: 1_048_576,
});

/**
 * Finds where a value ends in a stream, without keeping or copying a byte: give it each part as it comes, keep the
 * parts, and decode them once `push` has said how far the value goes. It looks at the frame alone (lengths and ends);
 * `decode` judges the rest.
 */
export class BencodeFramer {
  /**
   * Returns how many bytes of `part` belong to the value, once it is complete; the framer is then ready for the next
   * value. `undefined` when all of `part` does and more must come.
   *
   * @throws BencodeError when this can become no value, or one that is too long.
   */
  readonly push: (part: Uint8Array) => number | undefined;

  constructor({ maxLength = DEFAULT_FRAMER_OPTIONS.maxLength }: FramerOptions = {}) {
    let consumed = 0;
    let depth = 0;
    // Payload bytes of a string that are still to come; before its colon, its length as read so far.
    let length = 0;
    // What ends the number at hand, of a string's length or of an integer; 0 outside of both.
    let terminator = 0;
    this.push = (part) => {
      let at = 0;
      while (at < part.length) {
        if (length > 0 && terminator === 0) {
          const count = Math.min(length, part.length - at);
          length -= count;
          at += count;
        } else {
          const byte = part[at]!;
          const digit = byte ^ ZERO;
          if (digit < 10) {
            if (terminator !== END) {
              terminator = COLON;
              length = length * 10 + digit;
              if (length > maxLength) fail("BENCODE_LIMIT", consumed + at);
            }
          } else if (byte === terminator) terminator = 0;
          else if (terminator > 0) {
            if (terminator === COLON || byte !== MINUS) fail("BENCODE_BAD_NUMBER", consumed + at);
          } else if (byte === INTEGER) terminator = END;
          else if (byte === LIST || byte === DICTIONARY) depth++;
          else if (byte !== END || depth-- === 0) fail("BENCODE_UNEXPECTED_BYTE", consumed + at);
          at++;
        }
        if (depth === 0 && length === 0 && terminator === 0) {
          consumed = 0;
          return at;
        }
      }
      consumed += at;
      if (consumed + length > maxLength) fail("BENCODE_LIMIT", consumed);
      return undefined;
    };
  }
}
