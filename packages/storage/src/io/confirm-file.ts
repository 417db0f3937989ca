import { StorageError } from "../errors.ts";
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
 * Whether the file that was written to is still the one that its name stands for, and whole. An open file goes on working
 * when its folder is moved away, its disk unmounted, or another file put in its place; then nothing of it may be journalled.
 *
 * A file that was cut and has grown again, because we wrote behind the cut, is as long as before but has fewer blocks
 * than its verified bytes need. (Fewer blocks alone prove nothing: compression, and room set aside by XFS, take them too.)
 *
 * @throws StorageError NOT_FOUND, FILE_CHANGED or FILE_TRUNCATED
 */
export function confirmFile(
  path: string,
  open: DiskStat,
  named: DiskStat | undefined,
  memory: FileMemory | undefined,
): void {
  if (open.nlink === 0 || named === undefined) {
    throw refusal("NOT_FOUND", path, "it was deleted or moved away while it was written to; put it back");
  }
  if (named.ino !== open.ino || named.dev !== open.dev) {
    throw refusal("FILE_CHANGED", path, "another file was put in its place; move that away");
  }
  if (memory === undefined) return;
  const lostBlocks =
    memory.blocks !== undefined &&
    open.blocks !== undefined &&
    open.blocks < memory.blocks &&
    open.blocks * 512 < memory.syncedLength;
  if (open.size < memory.length || lostBlocks) {
    throw refusal("FILE_TRUNCATED", path, "it was cut while it was written to; leave it alone");
  }
}

function refusal(
  code: "NOT_FOUND" | "FILE_CHANGED" | "FILE_TRUNCATED",
  path: string,
  why: string,
): StorageError {
  return new StorageError(
    code,
    `Cannot go on with ${path}: ${why} and resume, and the data is checked again.`,
    { path },
  );
}
