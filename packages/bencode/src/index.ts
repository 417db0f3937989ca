/**
 * Bencode, the encoding of torrent files, trackers, the DHT and peer extensions (BEP 3). Strict and canonical: what is
 * accepted has exactly one encoding, and the exact bytes of every value can be had, because an info-hash is taken over
 * the original bytes. It does not know what the values mean, and it makes no JavaScript objects of dictionaries: their
 * keys are bytes that strangers choose.
 *
 * ```ts
 * import { BencodeDictionary, decode, encode } from "@bt/bencode";
 *
 * const bytes = encode({ name: "a.txt", length: 3, info: { private: 1 } });
 * const value = decode(bytes); // throws BencodeError with the offset of the fault
 * if (value instanceof BencodeDictionary) {
 *   value.getText("name"); // "a.txt"
 *   value.getInteger("length"); // 3
 *   value.spanOf("info"); // where d7:privatei1ee lies in bytes
 * }
 * ```
 *
 * @packageDocumentation
 */
export { decode, decodePrefix } from "./decode.ts";
export { DEFAULT_DECODE_OPTIONS, MAX_DEPTH, type DecodeOptions } from "./options.ts";
export { BencodeDictionary, type BencodeValue, type ByteSpan } from "./dictionary.ts";
export { encode, encodeInto, type Encodable } from "./encode.ts";
export { BencodeFramer, DEFAULT_FRAMER_OPTIONS, type FramerOptions } from "./framer.ts";
export { BencodeError, type BencodeErrorCode } from "./errors.ts";
