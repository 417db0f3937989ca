import { IoError, type ErrorData } from "@bt/primitives";

/**
 * What went wrong on the disk, in words that do not depend on the system.
 *
 * - `DISK_FULL` no space or quota left · `FILE_TOO_LARGE` the file system cannot hold so large a file
 * - `READ_ONLY` · `PERMISSION` · `NOT_FOUND` a file or folder is gone · `NOT_A_FILE` a folder, device or pipe is in the way
 * - `FILE_TRUNCATED` the file ends before the bytes that were asked for · `FILE_CHANGED` it changed while it was hashed
 * - `FOREIGN_DATA` somebody else's file is where a piece would go, and writing would destroy it
 * - `OUTSIDE_ROOT` a path or a symbolic link leads out of the download folder
 * - `TOO_MANY_OPEN_FILES` · `NAME_INVALID` the file system refuses the name
 * - `WORKER_FAILED` a hash thread did not start or died · `CLOSED` the storage was closed · `IO` everything else
 */
export type StorageErrorCode =
  | "DISK_FULL"
  | "FILE_TOO_LARGE"
  | "READ_ONLY"
  | "PERMISSION"
  | "NOT_FOUND"
  | "NOT_A_FILE"
  | "FILE_TRUNCATED"
  | "FILE_CHANGED"
  | "FOREIGN_DATA"
  | "OUTSIDE_ROOT"
  | "TOO_MANY_OPEN_FILES"
  | "NAME_INVALID"
  | "WORKER_FAILED"
  | "CLOSED"
  | "IO";

/** A disk or a hash thread failed. `data.path` names the file where there is one; `cause` is the system's error. */
export class StorageError extends IoError<StorageErrorCode> {
  override readonly name: string = "StorageError";

  constructor(code: StorageErrorCode, message: string, data: ErrorData = {}, options?: { cause?: unknown }) {
    super(code, message, data, options);
  }
}

const BY_SYSTEM_CODE: Readonly<Record<string, readonly [StorageErrorCode, why: string, cure: string]>> = {
  ENOSPC: ["DISK_FULL", "the disk is full", "free some space"],
  EDQUOT: ["DISK_FULL", "the disk quota is used up", "free some space"],
  EFBIG: ["FILE_TOO_LARGE", "the file system cannot hold so large a file", "choose a folder on another one"],
  EROFS: ["READ_ONLY", "the file system is read-only", "choose another folder"],
  EACCES: ["PERMISSION", "permission is denied", "change the permissions or choose another folder"],
  EPERM: ["PERMISSION", "the operation is not permitted", "change the permissions or choose another folder"],
  ENOENT: ["NOT_FOUND", "it does not exist", "put it back or check the data again"],
  ENOTDIR: ["NOT_A_FILE", "a file is where a folder should be", "move it away"],
  EISDIR: ["NOT_A_FILE", "a folder is where a file should be", "move it away"],
  EEXIST: ["NOT_A_FILE", "something else is in its place", "move it away"],
  ELOOP: ["OUTSIDE_ROOT", "it is a symbolic link", "replace the link by what it points to"],
  EMFILE: [
    "TOO_MANY_OPEN_FILES",
    "too many files are open",
    "raise the limit, for example with ulimit -n 1024",
  ],
  ENFILE: ["TOO_MANY_OPEN_FILES", "too many files are open in the whole system", "close some programs"],
  ENAMETOOLONG: [
    "NAME_INVALID",
    "the name is too long for the file system",
    "choose a folder nearer to the root",
  ],
  EILSEQ: ["NAME_INVALID", "the file system refuses the name", "choose a folder on another file system"],
};

/** The typed error for what the system reported while `doing` (e.g. "write") to `path`; a StorageError stays itself. */
export function toStorageError(cause: unknown, doing: string, path: string): StorageError {
  if (cause instanceof StorageError) return cause;
  const systemCode = (cause as { code?: unknown } | null)?.code;
  const known = typeof systemCode === "string" ? BY_SYSTEM_CODE[systemCode] : undefined;
  const [code, why, cure] = known ?? [
    "IO",
    `the system reports ${String(systemCode ?? cause)}`,
    "check the disk",
  ];
  return new StorageError(code, `Cannot ${doing} ${path}: ${why}; ${cure}.`, { path, systemCode }, { cause });
}
