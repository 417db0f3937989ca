/** What is known when verified pieces wait to be written. */
export interface WriteSituation {
  /** Bytes of a piece. */
  readonly pieceLength: number;
  /** Verified payload in bytes per second, lately, of this torrent. */
  readonly byteRate: number;
  /** What all piece buffers of the session may take, bytes. */
  readonly budgetLength: number;
}

/**
 * The longest run of pieces that is written in one go, bytes: at most 256 buffers of one block each, or one piece that is
 * longer. More than is waited for, so that a disk that fell behind catches up.
 */
export const MAX_RUN_LENGTH: number = 4 * 1024 * 1024;
/** What is waited for at most, bytes: a write of so much costs four times what handing it over does. */
const GATHER_LENGTH = 1024 * 1024;
/** How long a verified piece waits at most for its neighbours, ms. */
export const GATHER_MS = 10;
/** The part of the piece buffers that may wait like this. */
const BUDGET_SHARE = 1 / 8;

/**
 * How many bytes are worth waiting for before a run of neighbouring pieces is written; 0: write at once. Handing a write
 * to the thread pool costs 0.1 to 0.2 ms, as much as writing 256 KiB into the page cache (measured on Node 20, bench/), so at
 * hundreds of MiB/s small pieces go together. What will not come within `GATHER_MS` at the present rate is not waited for.
 * Pure; replace it with the `gatherWrites` option of the storage.
 */
export function gatherWrites({ pieceLength, byteRate, budgetLength }: WriteSituation): number {
  const soon = (byteRate * GATHER_MS) / 1000;
  const wanted = Math.min(GATHER_LENGTH, soon, budgetLength * BUDGET_SHARE);
  return wanted >= 2 * pieceLength ? wanted : 0;
}
