import { RemoteProtocolError } from "@bt/primitives";

/** What can be wrong with a torrent or magnet. The codes stay the same across versions. */
export type MetainfoErrorCode =
  /** Not bencode; `cause` is the BencodeError. */
  | "METAINFO_BENCODE"
  /** More bytes, files, pieces or path elements than the limits allow. */
  | "METAINFO_TOO_LARGE"
  /** No dictionary, or one without an `info` dictionary. */
  | "METAINFO_NO_INFO"
  /** A `meta version` that this package does not know (BEP 52 asks to say this first). */
  | "METAINFO_UNSUPPORTED_VERSION"
  | "METAINFO_NAME"
  | "METAINFO_PIECE_LENGTH"
  /** `pieces` is missing, broken, or has another count than the files ask for. */
  | "METAINFO_PIECES"
  /** The file list or tree is missing or not of the right form. */
  | "METAINFO_FILES"
  | "METAINFO_FILE_LENGTH"
  | "METAINFO_FILE_PATH"
  | "METAINFO_PIECES_ROOT"
  /** A piece layer has the wrong size, belongs to no file, or does not hash to its root. */
  | "METAINFO_PIECE_LAYER"
  /** The v1 and v2 halves of a hybrid describe different files. */
  | "METAINFO_HYBRID_MISMATCH"
  /** No payload at all. */
  | "METAINFO_EMPTY"
  /** Not a magnet link, or one without an info-hash. */
  | "METAINFO_MAGNET";

/** A torrent or magnet that is not valid. `data` names the place: a byte offset, a file index, a key. */
export class MetainfoError extends RemoteProtocolError<MetainfoErrorCode> {
  override readonly name: string = "MetainfoError";
}
