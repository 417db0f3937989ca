/** The time of a server, and who is called now and then: a port, so that tests need not wait. */
export interface ServerClock {
  /** Monotonic ms. */
  now(): number;
  /** Ms since 1970; the same in all trackers that share a `connectionIdKey`. */
  wallNow(): number;
  /** Calls `look` about every `intervalMs` until what is returned is called. */
  every(intervalMs: number, look: () => void): () => void;
}
