import type { PiecePriority } from "@bt/piece-picker";

/** 0: not wanted. 1 (last) to 7 (first), 4 is normal. */
export type FilePriority = PiecePriority;
