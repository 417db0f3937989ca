import { type BencodeDictionary, type BencodeValue, decodePrefix } from "@bt/bencode";
import type { Metainfo } from "@bt/metainfo";

/** Path elements below the torrent's folder as a file has them; `undefined` where a pad file has none. */
type StoredPath = readonly string[] | undefined;

/** Names as a torrent has them, before they were made safe. */
export interface StoredPaths {
  readonly name: string;
  /** In the order of the files. One at a time: there may be a million. */
  readonly paths: Iterable<StoredPath>;
}

/** Reads the names of a torrent that was parsed before, so that the shapes are known to be right. */
export function storedPaths({ infoBytes }: Pick<Metainfo, "infoBytes">): StoredPaths {
  // It was parsed within the limits before.
  const { value } = decodePrefix(infoBytes, { tolerant: true, maxValueCount: Infinity });
  const info = value as BencodeDictionary;
  const name = info.getText("name.utf-8") ?? info.getText("name") ?? "";
  const tree = info.getDictionary("file tree");
  if (tree !== undefined && info.get("pieces") === undefined) return { name, paths: leaves(tree, []) };
  const files = info.getList("files");
  return { name, paths: files === undefined ? [[name]] : listed(files) };
}

function* listed(files: readonly BencodeValue[]): IterableIterator<StoredPath> {
  for (const file of files) {
    const entry = file as BencodeDictionary;
    yield texts(entry.getList("path.utf-8")) ?? texts(entry.getList("path"));
  }
}

/** BEP 52 `file tree`: an empty key describes the path itself as a file. */
function* leaves(tree: BencodeDictionary, path: readonly string[]): IterableIterator<string[]> {
  for (const [key, entry] of tree.entries()) {
    if (key === "") yield [...path];
    else yield* leaves(entry as BencodeDictionary, [...path, key]);
  }
}

function texts(list: readonly BencodeValue[] | undefined): string[] | undefined {
  if (list === undefined || !list.every((element) => element instanceof Uint8Array)) return undefined;
  return list.map((element) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(element));
}
