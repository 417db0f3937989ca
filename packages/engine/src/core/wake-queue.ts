import type { Clock } from "../ports.ts";

/** Whoever wants to be woken. `wakeAt` is its own and is read by the queue. */
export interface Sleeper {
  wake(): void;
}

/**
 * One timer for everybody in the session: thousands of idle torrents cost one pending timer. A binary heap of
 * deadlines; an entry that was superseded stays in the heap and is skipped when it comes up.
 */
export class WakeQueue {
  readonly #clock: Clock;
  readonly #heap: { at: number; sleeper: Sleeper }[] = [];
  readonly #deadlines = new Map<Sleeper, number>();
  #cancelTimer: (() => void) | undefined;
  #timerAt = Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Wakes `sleeper` at `at` instead of whenever it was to be woken before; `Infinity`: not at all. */
  set(sleeper: Sleeper, at: number): void {
    if (this.#deadlines.get(sleeper) === at) return;
    if (at === Infinity) {
      this.#deadlines.delete(sleeper);
      return;
    }
    this.#deadlines.set(sleeper, at);
    this.#push({ at, sleeper });
    this.#arm();
  }

  close(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#heap.length = 0;
    this.#deadlines.clear();
  }

  #arm(): void {
    let next = this.#heap[0];
    while (next !== undefined && this.#deadlines.get(next.sleeper) !== next.at) {
      this.#pop();
      next = this.#heap[0];
    }
    const at = next?.at ?? Infinity;
    if (at === this.#timerAt) return;
    this.#cancelTimer?.();
    this.#timerAt = at;
    this.#cancelTimer = at === Infinity ? undefined : this.#clock.callAt(at, () => this.#fire());
  }

  #fire(): void {
    this.#timerAt = Infinity;
    this.#cancelTimer = undefined;
    const now = this.#clock.now();
    for (let next = this.#heap[0]; next !== undefined && next.at <= now; next = this.#heap[0]) {
      this.#pop();
      if (this.#deadlines.get(next.sleeper) !== next.at) continue;
      this.#deadlines.delete(next.sleeper);
      next.sleeper.wake();
    }
    this.#arm();
  }

  #push(entry: { at: number; sleeper: Sleeper }): void {
    const heap = this.#heap;
    let i = heap.push(entry) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (heap[parent]!.at <= entry.at) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.at < heap[child]!.at) child++;
      if (heap[child]!.at >= last.at) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
  }
}
