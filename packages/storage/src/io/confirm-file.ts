import { StorageError } from "../errors.ts";
import type { FileStat } from "../journal-format.ts";
import type { DiskStat } from "./disk.ts";

/** What a file had at the last look. */
export interface FileMemory {
  /** Its length: we never cut a file. */
  readonly length: number;
  /** Bytes of it that are verified and synced. */
  readonly syncedLength: number;
  /** `DiskStat.blocks` at that time, where known. */
  readonly blocks: number | undefined;
}

/**
 * Whether the file that is open is still the one that its name stands for. An open file goes on working when its folder is
 * moved away, its disk unmounted, or another file put in its place.
 *
 * @throws StorageError NOT_FOUND or FILE_CHANGED
 */
export function confirmName(path: string, open: DiskStat, named: DiskStat | undefined): void {
  if (named === undefined)
    throw refusal("NOT_FOUND", path, "it was deleted or moved away while it was used; put it back");
  if (named.ino !== open.ino || named.dev !== open.dev)
    throw refusal("FILE_CHANGED", path, "another file was put in its place; move that away");
}

/**
 * Whether a file that was written to is whole, before anything of it is journalled.
 *
 * A file that was cut and has grown again, because we wrote behind the cut, is as long as before but has fewer blocks
 * than its verified bytes need. (Fewer blocks alone prove nothing: compression, and room set aside by XFS, take them too.)
 *
 * @throws StorageError NOT_FOUND, FILE_CHANGED or FILE_TRUNCATED
 */
export function confirmWritten(
  path: string,
  open: DiskStat,
  named: DiskStat | undefined,
  memory: FileMemory,
): void {
  confirmName(path, open, named);
  const lostBlocks =
    memory.blocks !== undefined &&
    open.blocks !== undefined &&
    open.blocks < memory.blocks &&
    open.blocks * 512 < memory.syncedLength;
  if (open.size < memory.length || lostBlocks)
    throw refusal("FILE_TRUNCATED", path, "it was cut while it was used; leave it alone");
}

/**
 * Whether a file is as the journal knows it, before anything is read from it. One that we have not written to has the same
 * length and time. One that we have written to may have got another time (some network file systems set it when the file is
 * closed): there another inode together with another time tells. (The inode alone does not: network and FUSE file systems
 * may give a file another one while it is closed.)
 *
 * @throws StorageError FILE_CHANGED or FILE_TRUNCATED
 */
export function confirmKnown(path: string, open: DiskStat, known: FileStat, isWrittenTo: boolean): void {
  if (open.size < known.length)
    throw refusal("FILE_TRUNCATED", path, "it was cut while it was used; leave it alone");
  const isOther = open.mtimeMs !== known.modifiedMs && !(isWrittenTo && open.ino === known.inode);
  if (isOther || (!isWrittenTo && open.size !== known.length))
    throw refusal("FILE_CHANGED", path, "something else has written to it; leave it alone");
}

function refusal(
  code: "NOT_FOUND" | "FILE_CHANGED" | "FILE_TRUNCATED",
  path: string,
  why: string,
): StorageError {
  return new StorageError(
    code,
    `Cannot go on with ${path}: ${why} and start again: what changed is checked.`,
    { path },
  );
}
