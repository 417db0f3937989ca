import { RemoteProtocolError } from "@bt/primitives";

/** What can be wrong with bencode. The codes stay the same across versions. */
export type BencodeErrorCode =
  /** The input ends inside a value, or a string claims more bytes than are left. */
  | "BENCODE_UNEXPECTED_END"
  /** A byte that cannot stand here: no value, no key, or no end of one begins with it. */
  | "BENCODE_UNEXPECTED_BYTE"
  /** An integer or a length without digits, with leading zeros, or with something else among its digits. */
  | "BENCODE_BAD_NUMBER"
  /** A dictionary's keys do not rise, or one of them stands twice. */
  | "BENCODE_KEY_ORDER"
  /** Something follows the value. */
  | "BENCODE_TRAILING_BYTES"
  /** More nesting, values, digits or bytes than the options allow. */
  | "BENCODE_LIMIT";

/** The input is not bencode, or not canonical. `offset` is the place of the fault, in bytes from the start. */
export class BencodeError extends RemoteProtocolError<BencodeErrorCode> {
  override readonly name: string = "BencodeError";
  readonly offset: number;

  constructor(code: BencodeErrorCode, offset: number) {
    super(code, `${code} at byte ${offset}`, { offset });
    this.offset = offset;
  }
}
