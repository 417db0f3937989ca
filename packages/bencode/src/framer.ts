import { BencodeError, type BencodeErrorCode } from "./errors.ts";
import { COLON, DICTIONARY, END, INTEGER, LIST, MINUS } from "./scan.ts";

/** What a `BencodeFramer` takes. */
export interface FramerOptions {
  /** Bytes of one value; 1 MiB by default. */
  readonly maxLength?: number;
}

/** What a `BencodeFramer` does without options. */
export const DEFAULT_FRAMER_OPTIONS: Required<FramerOptions> = Object.freeze({ maxLength: 1_048_576 });

const NO_NUMBER = -1;
const IN_INTEGER = -2;

/**
 * Finds where a value ends in a stream, without keeping or copying a byte: give it each part as it comes, keep the
 * parts, and decode them once `push` has said how far the value goes. It looks at the frame alone (lengths and ends);
 * `decode` judges the rest.
 */
export class BencodeFramer {
  readonly #maxLength: number;
  #consumed = 0;
  #depth = 0;
  /** Payload bytes of a string that are still to come. */
  #skip = 0;
  /** The length of a string as read so far, or one of the two below. */
  #number = NO_NUMBER;

  constructor(options: FramerOptions = {}) {
    this.#maxLength = options.maxLength ?? DEFAULT_FRAMER_OPTIONS.maxLength;
  }

  /**
   * Returns how many bytes of `part` belong to the value, once it is complete; the framer is then ready for the next
   * value. `undefined` when all of `part` does and more must come.
   *
   * @throws BencodeError when this can become no value, or one that is too long.
   */
  push(part: Uint8Array): number | undefined {
    let at = 0;
    while (at < part.length) {
      if (this.#skip > 0) {
        const count = Math.min(this.#skip, part.length - at);
        this.#skip -= count;
        at += count;
      } else {
        const fault = this.#step(part[at]!);
        if (fault !== undefined) throw new BencodeError(fault, this.#consumed + at);
        at++;
      }
      if (this.#depth === 0 && this.#skip === 0 && this.#number === NO_NUMBER) {
        this.#consumed = 0;
        return at;
      }
    }
    this.#consumed += at;
    if (this.#consumed + this.#skip > this.#maxLength)
      throw new BencodeError("BENCODE_LIMIT", this.#consumed);
    return undefined;
  }

  #step(byte: number): BencodeErrorCode | undefined {
    const digit = byte - 0x30;
    const isDigit = digit >= 0 && digit <= 9;
    if (this.#number === IN_INTEGER) {
      if (byte === END) this.#number = NO_NUMBER;
      else if (!isDigit && byte !== MINUS) return "BENCODE_BAD_NUMBER";
    } else if (isDigit) {
      this.#number = Math.max(this.#number, 0) * 10 + digit;
      if (this.#number > this.#maxLength) return "BENCODE_LIMIT";
    } else if (this.#number !== NO_NUMBER) {
      if (byte !== COLON) return "BENCODE_BAD_NUMBER";
      this.#skip = this.#number;
      this.#number = NO_NUMBER;
    } else if (byte === INTEGER) this.#number = IN_INTEGER;
    else if (byte === LIST || byte === DICTIONARY) this.#depth++;
    else if (byte !== END || this.#depth-- === 0) return "BENCODE_UNEXPECTED_BYTE";
    return undefined;
  }
}
