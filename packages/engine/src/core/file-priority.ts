import type { PiecePriority } from "@bt/piece-picker";

/** 0: not wanted. 1 (last) to 7 (first), 4 is normal. */
export type FilePriority = PiecePriority;

/** @throws RangeError when there is no such file or priority. */
export function checkPriorities(priorities: ReadonlyMap<number, number>, fileCount: number): void {
  for (const [index, priority] of priorities) {
    if (!(Number.isInteger(index) && index >= 0 && index < fileCount))
      throw new RangeError(`file ${index} of ${fileCount}`);
    if (!(Number.isInteger(priority) && priority >= 0 && priority <= 7))
      throw new RangeError(`priority ${priority} of file ${index}: 0 to 7`);
  }
}
