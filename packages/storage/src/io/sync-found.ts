import { toStorageError, type StorageError } from "../errors.ts";
import { asVoidPromise, isSystemError } from "./disk.ts";
import { eachOf } from "./each-of.ts";
import type { PayloadFiles } from "./payload-files.ts";

/** How a system says that it syncs no file that is open for reading only. */
const REFUSALS = ["EPERM", "EINVAL", "EROFS", "ENOTSUP"];

/** Whether the system has nothing to sync there, so that there is nothing it could have lost. */
export function isSyncRefusal(cause: unknown): boolean {
  return REFUSALS.some((code) => isSystemError(cause, code));
}

/**
 * Syncs files that others wrote, or a process of ours that was killed: what is found in them may be in the memory of the system
 * alone. Takes those that are safe out of `fileIndices`. `onFault`: a sync failed, and the next one would report success
 * whatever was lost.
 */
export async function syncFound(
  payload: PayloadFiles,
  fileIndices: Set<number>,
  onFault: (error: StorageError) => void,
): Promise<void> {
  await eachOf([...fileIndices], payload.syncDepth, async (fileIndex) => {
    const open = await payload.borrow(fileIndex, false);
    try {
      await asVoidPromise((done) => payload.disk.fsync(open.fd, done));
    } catch (cause) {
      if (!isSyncRefusal(cause)) {
        const error = toStorageError(cause, "save", payload.pathOf(fileIndex));
        onFault(error);
        throw error;
      }
    } finally {
      payload.giveBack(open);
    }
    fileIndices.delete(fileIndex);
  });
}
