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

/** The path, or how to read it from the file's dictionary. */
type StoredPath = readonly Uint8Array[] | ((file: BencodeDictionary) => readonly Uint8Array[] | undefined);

/**
 * The properties that v1 and v2 store alike (BEP 47), from a file's dictionary. `index` is for the error's data. A class,
 * because a million of these are in memory at once, with `path` and `symlink` read anew each time they are asked for.
 */
export class DictionaryFile implements StoredFile {
  readonly length: number;
  readonly pad: boolean;
  readonly executable: boolean;
  readonly hidden: boolean;
  /** Of a hybrid's file it comes from its twin in the tree. */
  piecesRoot: Uint8Array | undefined = undefined;
  readonly sha1: Uint8Array | undefined;
  readonly #dictionary: BencodeDictionary;
  readonly #path: StoredPath;
  readonly #isLink: boolean;

  constructor(dictionary: BencodeDictionary, path: StoredPath, index: number) {
    this.#dictionary = dictionary;
    this.#path = path;
    const attributes = dictionary.getText("attr") ?? "";
    const hasTarget =
      attributes.includes("l") && readBytesList(dictionary.getList("symlink path")) !== undefined;
    const length =
      dictionary.getInteger("length") ?? (hasTarget && dictionary.get("length") === undefined ? 0 : -1);
    if (length < 0 || length > MAX_TOTAL_LENGTH)
      throw new MetainfoError("METAINFO_FILE_LENGTH", `file ${index} has no valid length`, {
        fileIndex: index,
      });
    const sha1 = dictionary.getBytes("sha1");
    this.length = length;
    this.pad = attributes.includes("p");
    this.executable = attributes.includes("x");
    this.hidden = attributes.includes("h");
    // BEP 47: a link's length is always 0. One with bytes is an ordinary file, so that its pieces can be kept.
    this.#isLink = hasTarget && length === 0;
    this.sha1 = sha1?.length === 20 ? sha1 : undefined;
  }

  get symlink(): readonly Uint8Array[] | undefined {
    return this.#isLink ? readBytesList(this.#dictionary.getList("symlink path")) : undefined;
  }

  get path(): readonly Uint8Array[] | undefined {
    return typeof this.#path === "function" ? this.#path(this.#dictionary) : this.#path;
  }
}

/** A list of strings as bytes; `undefined` when it is none. */
export function readBytesList(list: readonly BencodeValue[] | undefined): readonly Uint8Array[] | undefined {
  if (list === undefined) return undefined;
  for (const element of list) if (!(element instanceof Uint8Array)) return undefined;
  return list as readonly Uint8Array[];
}
