import { BencodeDictionary, type BencodeValue } from "@bt/bencode";
import { MetainfoError } from "./errors.ts";
import { MERKLE_HASH_LENGTH } from "./merkle.ts";
import { DictionaryFile, type StoredFile } from "./stored-file.ts";

type Entry = readonly [key: Uint8Array, value: BencodeValue];

export interface V2Files {
  /** In the order of the tree, which is the order in piece space (BEP 52 "piece length"). */
  readonly files: readonly StoredFile[];
  /** A tree whose only entry is a file is a single-file torrent; any other lies in a folder, as clients agree. */
  readonly isMultiFile: boolean;
}

/**
 * The files of a BEP 52 `file tree`. Recursion is bounded by `maxPathDepth`.
 *
 * @throws MetainfoError
 */
export function readFileTree(tree: BencodeDictionary, maxPathDepth: number): V2Files {
  const files: StoredFile[] = [];
  const path: Uint8Array[] = [];

  function visit(directory: readonly Entry[]): void {
    for (const [key, entry] of directory) {
      // An empty key among others, or at the top, describes nothing.
      if (!(entry instanceof BencodeDictionary) || key.length === 0)
        throw fault("an entry of the file tree is no file and no directory");
      if (path.length >= maxPathDepth)
        throw new MetainfoError("METAINFO_FILE_PATH", "the file tree is too deep");
      path.push(key);
      const entries = entry.byteEntries();
      const [first] = entries;
      // An empty key describes the path itself as a file. Siblings make it fail in the visit.
      if (entries.length === 1 && first![0].length === 0 && first![1] instanceof BencodeDictionary)
        files.push(readLeaf(first![1]));
      else visit(entries);
      path.pop();
    }
  }

  function readLeaf(leaf: BencodeDictionary): StoredFile {
    const index = files.length;
    const file = new DictionaryFile(leaf, path.slice(), index);
    // Alignment is implied in v2; libtorrent refuses pad files as well.
    if (file.pad) throw fault("a pad file in the file tree");
    if (file.length === 0) return file;
    const piecesRoot = leaf.getBytes("pieces root");
    if (piecesRoot?.length !== MERKLE_HASH_LENGTH || piecesRoot.every((byte) => byte === 0))
      throw new MetainfoError("METAINFO_PIECES_ROOT", `file ${index} has no pieces root`, {
        fileIndex: index,
      });
    file.piecesRoot = piecesRoot;
    return file;
  }

  function fault(message: string): MetainfoError {
    return new MetainfoError("METAINFO_FILES", message, { fileIndex: files.length });
  }

  const roots = tree.byteEntries();
  visit(roots);
  if (files.length === 0) throw fault("the file tree holds no file");
  return { files, isMultiFile: files.length > 1 || files[0]!.path!.length > 1 || roots.length > 1 };
}
