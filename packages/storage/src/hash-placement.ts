/** What is known when a piece is opened. */
export interface HashSituation {
  /** Bytes of this piece. */
  readonly pieceLength: number;
  /** Verified payload in bytes per second, lately, of this torrent. */
  readonly byteRate: number;
  /** Worker threads that may be used; 0 when there are none. */
  readonly workerCount: number;
}

/**
 * - `loop`: on the event loop, in slices, as the blocks of the piece come in order
 * - `worker`: in one go in a worker thread, once the piece is whole
 */
export type HashPlacement = "loop" | "worker";

export interface HashPlacementLimits {
  /** Longer pieces go to a worker. */
  readonly loopPieceLength: number;
  /** Above this rate (bytes per second) pieces go to a worker. */
  readonly loopByteRate: number;
}

/**
 * Measured on Node 20 (bench/): SHA-1 on the loop is the cheapest per byte, a worker costs 13 to 22 % more
 * CPU. It pays for pieces beyond 2 MiB, whose hash would hold up the loop (1.2 ms per MiB), and in wall time only
 * where the loop itself is the limit: at 600 MiB/s on two cores it was no faster and took 15 MiB more memory.
 */
export const DEFAULT_HASH_PLACEMENT_LIMITS: HashPlacementLimits = Object.freeze({
  loopPieceLength: 2 * 1024 * 1024,
  loopByteRate: 1024 * 1024 * 1024,
});

/** Where to hash a piece. Pure; replace it with the `placeHash` option of the storage. */
export function placeHash(
  { pieceLength, byteRate, workerCount }: HashSituation,
  { loopPieceLength, loopByteRate }: HashPlacementLimits = DEFAULT_HASH_PLACEMENT_LIMITS,
): HashPlacement {
  if (workerCount === 0) return "loop";
  return pieceLength > loopPieceLength || byteRate > loopByteRate ? "worker" : "loop";
}
