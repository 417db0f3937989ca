import type { FileStat, JournalState } from "../journal-format.ts";
import type { RecheckMode } from "../torrent-storage.ts";
import type { DiskStat } from "./disk.ts";

/**
 * After an unclean stop a file may have been written to for a while after the last journal entry: the write window and
 * a sync on a slow disk. Changes later than this are somebody else's.
 */
export const UNCLEAN_GRACE_MS = 60_000;

/** Two times of one file may be rounded differently. */
const BIRTH_GRAIN_MS = 1;

/**
 * Whether the journal's word on a file's pieces is taken:
 *
 * - `trusted`: yes
 * - `moved`: as `trusted`, but it is another file with the same length and time, a copy perhaps
 * - `suspect`: no, they are hashed
 * - `unknown`: no, they count as missing
 */
export type FileVerdict = "trusted" | "moved" | "suspect" | "unknown";

/** File systems give the number of a deleted file to the next one: it was made after the time that the journal knows. */
function isYounger({ ino, birthtimeMs = 0 }: DiskStat, { modifiedMs, inode }: FileStat): boolean {
  return ino !== 0 && ino === inode && birthtimeMs > modifiedMs + BIRTH_GRAIN_MS;
}

/** Compares a file with what the journal says of it. The rules are in JOURNAL.md, "Opening". */
export function judgeFile(
  stat: DiskStat,
  index: number,
  journal: JournalState | undefined,
  recheck: RecheckMode,
): FileVerdict {
  if (recheck === "all") return "suspect";
  const open = recheck === "none" ? "unknown" : "suspect";
  if (journal === undefined) return open;
  const known = journal.stats.get(index);
  if (known === undefined) {
    // Nobody hashes the holes of a file that was just begun when the process was killed.
    return journal.clean ? open : "unknown";
  }
  const isSameFile = stat.ino === known.inode || known.inode === 0 || stat.ino === 0;
  if (stat.size === known.length && stat.mtimeMs === known.modifiedMs) {
    if (isSameFile) return "trusted";
    return recheck === "none" ? "unknown" : "moved";
  }
  const isOurs =
    !journal.clean &&
    isSameFile &&
    !isYounger(stat, known) &&
    stat.size >= known.length &&
    stat.mtimeMs >= known.modifiedMs &&
    stat.mtimeMs <= journal.lastWriteMs + UNCLEAN_GRACE_MS;
  return isOurs ? "trusted" : open;
}
