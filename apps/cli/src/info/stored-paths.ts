import { type BencodeDictionary, type BencodeValue, decodePrefix } from "@bt/bencode";
import type { Metainfo } from "@bt/metainfo";

/** Names as a torrent has them, before they were made safe. */
export interface StoredPaths {
  readonly name: string;
  /** Path elements below the torrent's folder, in the order of the files; `undefined` where a pad file has none. */
  readonly paths: readonly (readonly string[] | undefined)[];
}

/** Reads the names of a torrent that was parsed before, so that the shapes are known to be right. */
export function storedPaths({ infoBytes }: Pick<Metainfo, "infoBytes">): StoredPaths {
  const { value } = decodePrefix(infoBytes, { tolerant: true });
  const info = value as BencodeDictionary;
  const name = info.getText("name.utf-8") ?? info.getText("name") ?? "";
  const tree = info.getDictionary("file tree");
  if (tree !== undefined && info.get("pieces") === undefined) return { name, paths: [...leaves(tree, [])] };
  const paths = info.getList("files")?.map((file) => {
    const entry = file as BencodeDictionary;
    return texts(entry.getList("path.utf-8")) ?? texts(entry.getList("path"));
  });
  return { name, paths: paths ?? [[name]] };
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
