/** Time as the storage needs it; a port, so that tests decide what time it is. */
export interface StorageClock {
  /** Milliseconds that never go back. */
  monotonicMs(): number;
  /** Unix time in ms: only compared with the times of files. */
  unixMs(): number;
  /** Calls `callback` once after `delayMs`; the returned function cancels that. */
  startTimer(delayMs: number, callback: () => void): () => void;
}
