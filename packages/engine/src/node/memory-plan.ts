import { FRAME_LENGTH } from "../core/frame-pool.ts";

/** How the memory that a session may use is divided. Lengths in bytes. */
export interface MemoryPlan {
  /** Buffers of pieces that are downloaded, checked and written. */
  readonly memoryBudgetLength: number;
  /** Frames of half a MiB from which peers are served. */
  readonly frameCount: number;
  /** What may wait for one peer to read it. */
  readonly maximumUnsentLength: number;
  /** Threads that check what is on the disk. Pieces that are downloaded are hashed on the loop. */
  readonly hashThreadCount: number;
}

/** The smallest target that can be kept, bytes. */
export const MINIMUM_MEMORY_LENGTH: number = 64 * 1024 * 1024;

/** What Node, the code and the heap of a session take before there is any buffer, bytes (measured on Node 20). */
const FLOOR_LENGTH = 54 * 1024 * 1024;
/** The part of the rest that goes to pieces; another quarter serves peers, and the last quarter is for the heap to breathe. */
const PIECE_SHARE = 1 / 2;
const FRAME_SHARE = 1 / 4;
/** A batch of blocks and a long list of `have`. */
const LEAST_UNSENT_LENGTH = 1024 * 1024;
const MOST_UNSENT_LENGTH = 4 * 1024 * 1024;

/**
 * Divides a target for the memory of the whole process. Only buffers can be bounded, so the process keeps near the target, not
 * below it to the byte; a single piece that is longer than its share is granted all the same.
 *
 * @throws RangeError below `MINIMUM_MEMORY_LENGTH`.
 */
export function planMemory(memoryLength: number): MemoryPlan {
  if (!Number.isSafeInteger(memoryLength) || memoryLength < MINIMUM_MEMORY_LENGTH)
    throw new RangeError(`memory of ${memoryLength} bytes; at least ${MINIMUM_MEMORY_LENGTH}`);
  const rest = memoryLength - FLOOR_LENGTH;
  return {
    memoryBudgetLength: Math.floor(rest * PIECE_SHARE),
    frameCount: Math.max(2, Math.floor((rest * FRAME_SHARE) / FRAME_LENGTH)),
    maximumUnsentLength: Math.min(MOST_UNSENT_LENGTH, Math.max(LEAST_UNSENT_LENGTH, Math.floor(rest / 8))),
    hashThreadCount: 1,
  };
}
