import type { StorageError } from "../errors.ts";
import { removeFile } from "./move-data.ts";
import type { PayloadFiles } from "./payload-files.ts";

/**
 * Deletes the files of a torrent, and the folders that are empty then, never the download folder itself. What somebody else put
 * there stays: files that the torrent does not name, those that nothing proves to be ours (`isForeign`), those that are
 * longer than ours, and whatever is no regular file.
 *
 * @throws StorageError the first that was in the way, after everything else was deleted.
 */
export async function deleteData(
  payload: PayloadFiles,
  isForeign: (fileIndex: number) => boolean,
): Promise<void> {
  const { files } = payload.metainfo;
  let firstError: StorageError | undefined;
  for (let index = 0; index <= files.length; index++) {
    const file = files[index];
    if (file?.pad === true || isForeign(index)) continue;
    try {
      if (file?.symlink !== undefined) {
        await payload.root.unlinkLink(payload.elementsOf(index));
        continue;
      }
      const stat = await payload.inspectFile(index);
      if (stat !== undefined && stat.size <= (file?.length ?? Infinity)) await removeFile(payload, index);
      else if (stat === undefined) await payload.root.removeEmptyFolders(payload.elementsOf(index));
    } catch (error) {
      const { code } = error as StorageError;
      if (code !== "OUTSIDE_ROOT" && code !== "NOT_A_FILE") firstError ??= error as StorageError;
    }
  }
  if (firstError !== undefined) throw firstError;
}
