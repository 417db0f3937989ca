import type { Clock } from "@bt/engine";

interface Timer {
  readonly at: number;
  /** Order of creation decides between timers of the same instant, so that every run is the same. */
  readonly order: number;
  callback: (() => void) | undefined;
}

/** Turns of the microtask queue that are granted after each event: enough for a promise through several async functions. */
const MICROTASK_TURNS = 12;

/** Time that stands still until it is advanced, and then jumps from event to event. Starts at 0, in ms. */
export class VirtualClock implements Clock {
  #now = 0;
  #order = 0;
  readonly #heap: Timer[] = [];
  /** Events that were run so far. */
  eventCount = 0;

  now(): number {
    return this.#now;
  }

  callAt(at: number, callback: () => void): () => void {
    const timer: Timer = { at: Math.max(at, this.#now), order: this.#order++, callback };
    this.#push(timer);
    return () => {
      timer.callback = undefined;
    };
  }

  /**
   * Runs events in order until `isDone` holds, nothing is left to happen, or `until` is reached. Returns whether `isDone`
   * held. Promises that an event settles are followed before the next event.
   */
  async run(isDone: () => boolean, until: number): Promise<boolean> {
    await settlePromises();
    while (!isDone()) {
      const timer = this.#heap[0];
      if (timer === undefined || timer.at > until) {
        if (until !== Infinity) this.#now = Math.max(this.#now, until);
        return isDone();
      }
      this.#pop();
      if (timer.callback === undefined) continue;
      this.#now = timer.at;
      this.eventCount++;
      timer.callback();
      await settlePromises();
    }
    return true;
  }

  #push(timer: Timer): void {
    const heap = this.#heap;
    let i = heap.push(timer) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!isBefore(timer, heap[parent]!)) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = timer;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.at !== b.at ? a.at < b.at : a.order < b.order;
}

async function settlePromises(): Promise<void> {
  for (let turn = 0; turn < MICROTASK_TURNS; turn++) await Promise.resolve();
}
