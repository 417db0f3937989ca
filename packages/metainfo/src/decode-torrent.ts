import { BencodeDictionary, BencodeError, decodePrefix } from "@bt/bencode";
import { MetainfoError } from "./errors.ts";
import { DEFAULT_PARSE_OPTIONS, type ParseOptions } from "./options.ts";

/** A torrent or info dictionary, decoded. */
export interface DecodedTorrent {
  readonly torrent: BencodeDictionary;
  /** Bytes that the dictionary takes. */
  readonly length: number;
  /** Whether the encoding is canonical. BEP 52 takes nothing else; of v1, other clients take more. */
  readonly isCanonical: boolean;
}

/**
 * Strict first, then tolerant: libtorrent takes unsorted keys and leading zeros, in v1 and outside of the info dictionary.
 *
 * @throws MetainfoError
 */
export function decodeTorrent(bytes: Uint8Array, options?: ParseOptions): DecodedTorrent {
  const { maxLength, maxValueCount } = { ...DEFAULT_PARSE_OPTIONS, ...options };
  if (bytes.length > maxLength) throw new MetainfoError("METAINFO_TOO_LARGE", `${bytes.length} bytes`);
  for (let isCanonical = true; ; isCanonical = false) {
    try {
      return decodeDictionary(bytes, maxValueCount, isCanonical);
    } catch (error) {
      if (!(error instanceof BencodeError)) throw error;
      if (!isCanonical) throw wrapped(error);
    }
  }
}

/** The bencode's fault as one of this package. */
export function wrapped(cause: BencodeError): MetainfoError {
  return new MetainfoError("METAINFO_BENCODE", cause.message, { offset: cause.offset }, { cause });
}

function decodeDictionary(bytes: Uint8Array, maxValueCount: number, isCanonical: boolean): DecodedTorrent {
  const { value, length } = decodePrefix(bytes, { maxValueCount, tolerant: !isCanonical });
  if (value instanceof BencodeDictionary) return { torrent: value, length, isCanonical };
  throw new MetainfoError("METAINFO_NO_INFO", "this is no dictionary");
}
