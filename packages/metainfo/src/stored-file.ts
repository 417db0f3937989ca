import type { BencodeDictionary, BencodeValue } from "@bt/bencode";
import { MetainfoError } from "./errors.ts";
import { MAX_TOTAL_LENGTH } from "./options.ts";

/** A file as the info dictionary has it: nothing cleaned yet, but of the right types and ranges. */
export interface StoredFile {
  /** Absent only for a v1 pad file, which needs none (BEP 47). */
  readonly path: readonly Uint8Array[] | undefined;
  readonly length: number;
  readonly pad: boolean;
  readonly executable: boolean;
  readonly hidden: boolean;
  readonly symlink: readonly Uint8Array[] | undefined;
  readonly piecesRoot: Uint8Array | undefined;
  readonly sha1: Uint8Array | undefined;
}

/** The properties that v1 and v2 store alike (BEP 47), from a file's dictionary. `index` is for the error's data. */
export function readStoredFile(
  dictionary: BencodeDictionary,
  path: readonly Uint8Array[] | undefined,
  index: number,
): StoredFile {
  const attributes = dictionary.getText("attr") ?? "";
  const target = attributes.includes("l") ? readPath(dictionary.getList("symlink path")) : undefined;
  const length =
    dictionary.get("length") !== undefined || target === undefined ? dictionary.getInteger("length") : 0;
  if (length === undefined || length < 0 || length > MAX_TOTAL_LENGTH)
    throw new MetainfoError("METAINFO_FILE_LENGTH", `file ${index} has no valid length`, {
      fileIndex: index,
    });
  const sha1 = dictionary.getBytes("sha1");
  return {
    path,
    length,
    pad: attributes.includes("p"),
    executable: attributes.includes("x"),
    hidden: attributes.includes("h"),
    // BEP 47: a link's length is always 0. One with bytes is an ordinary file, so that its pieces can be kept.
    symlink: length === 0 ? target : undefined,
    piecesRoot: undefined,
    sha1: sha1?.length === 20 ? sha1 : undefined,
  };
}

/** A list of strings as bytes; `undefined` when it is none. */
export function readPath(list: readonly BencodeValue[] | undefined): readonly Uint8Array[] | undefined {
  if (list === undefined) return undefined;
  for (const element of list) if (!(element instanceof Uint8Array)) return undefined;
  return list as readonly Uint8Array[];
}
