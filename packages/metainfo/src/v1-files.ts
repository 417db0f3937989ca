import { BencodeDictionary } from "@bt/bencode";
import { MetainfoError } from "./errors.ts";
import { DictionaryFile, readBytesList } from "./stored-file.ts";

export interface V1Files {
  readonly files: readonly DictionaryFile[];
  readonly isMultiFile: boolean;
}

/** BEP 3 `files`, if it is a list with something in it, or `length`; `undefined` when the info dictionary has neither. */
export function readV1Files(
  info: BencodeDictionary,
  name: Uint8Array,
  maxPathDepth: number,
): V1Files | undefined {
  const list = info.getList("files");
  if (!list?.length) {
    if (info.get("length") === undefined) return undefined;
    return { files: [new DictionaryFile(info, [name], 0)], isMultiFile: false };
  }
  const files = list.map((entry, index) => {
    if (!(entry instanceof BencodeDictionary))
      throw new MetainfoError("METAINFO_FILES", `file ${index} is no dictionary`, { fileIndex: index });
    const file = new DictionaryFile(entry, readPath, index);
    const { path } = file;
    if (path === undefined ? !file.pad : path.length === 0 || path.length > maxPathDepth)
      throw new MetainfoError("METAINFO_FILE_PATH", `file ${index} has no valid path`, { fileIndex: index });
    return file;
  });
  return { files, isMultiFile: true };
}

/** `path.utf-8` comes from creators that write `path` in the encoding of their system. */
function readPath(file: BencodeDictionary): readonly Uint8Array[] | undefined {
  return readBytesList(file.getList("path.utf-8")) ?? readBytesList(file.getList("path"));
}
