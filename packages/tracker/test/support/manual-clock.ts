import type { ServerClock } from "@bt/tracker/server";

/** A server's clock that stands still until it is told. */
export class ManualClock implements ServerClock {
  #now = 1_000_000;
  readonly #looks = new Set<{ readonly intervalMs: number; readonly look: () => void; dueAt: number }>();

  now(): number {
    return this.#now;
  }

  wallNow(): number {
    return 1_800_000_000_000 + this.#now;
  }

  every(intervalMs: number, look: () => void): () => void {
    const entry = { intervalMs, look, dueAt: this.#now + intervalMs };
    this.#looks.add(entry);
    return () => this.#looks.delete(entry);
  }

  /** Lets time pass; who is due is called in between, each time that he is. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const next = [...this.#looks].sort((a, b) => a.dueAt - b.dueAt)[0];
      if (next === undefined || next.dueAt > end) break;
      this.#now = Math.max(this.#now, next.dueAt);
      next.dueAt += next.intervalMs;
      next.look();
    }
    this.#now = end;
  }

  /** How many want to be called. */
  get lookCount(): number {
    return this.#looks.size;
  }
}
