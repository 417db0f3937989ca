import { BencodeError } from "./errors.ts";
import { DICTIONARY, END, INTEGER, LIST } from "./scan.ts";

/** What a `BencodeFramer` takes. */
export interface FramerOptions {
  /** Bytes of one value; 1 MiB by default. */
  readonly maxLength?: number;
}

/** What a `BencodeFramer` does without options. */
export const DEFAULT_FRAMER_OPTIONS: Required<FramerOptions> = Object.freeze({ maxLength: 1_048_576 });

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
  /** The length of a string as read so far, or -1 outside of one. */
  #stringLength = -1;
  #inInteger = false;

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
        if (this.#skip > 0) break;
      } else {
        this.#step(part[at]!, this.#consumed + at);
        at++;
      }
      if (this.#depth === 0 && this.#skip === 0 && this.#stringLength < 0 && !this.#inInteger) {
        this.#consumed = 0;
        return at;
      }
    }
    this.#consumed += at;
    if (this.#consumed + this.#skip > this.#maxLength)
      throw new BencodeError("BENCODE_LIMIT", this.#consumed);
    return undefined;
  }

  #step(byte: number, offset: number): void {
    const digit = byte - 0x30;
    const isDigit = digit >= 0 && digit <= 9;
    if (this.#inInteger) {
      if (byte === END) this.#inInteger = false;
      else if (!isDigit && byte !== 0x2d) throw new BencodeError("BENCODE_BAD_NUMBER", offset);
    } else if (this.#stringLength >= 0 && byte === 0x3a) {
      this.#skip = this.#stringLength;
      this.#stringLength = -1;
    } else if (isDigit) {
      this.#stringLength = Math.max(this.#stringLength, 0) * 10 + digit;
      if (this.#stringLength > this.#maxLength) throw new BencodeError("BENCODE_LIMIT", offset);
    } else if (this.#stringLength >= 0) throw new BencodeError("BENCODE_BAD_NUMBER", offset);
    else if (byte === INTEGER) this.#inInteger = true;
    else if (byte === LIST || byte === DICTIONARY) this.#depth++;
    else if (byte === END && this.#depth > 0) this.#depth--;
    else throw new BencodeError("BENCODE_UNEXPECTED_BYTE", offset);
  }
}
