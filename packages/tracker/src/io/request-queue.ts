/** Lets at most `limit` works be under way at a time; the others wait in the order in which they came. */
export class RequestQueue {
  readonly #limit: number;
  readonly #waiting = new Set<() => void>();
  #workingCount = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Runs `work` when it is its turn; with `urgent`, or as soon as `cancel` is aborted, at once. */
  async run<T>(work: () => Promise<T>, urgent: boolean, cancel: AbortSignal): Promise<T> {
    if (!urgent && !cancel.aborted && this.#workingCount >= this.#limit) await this.#turn(cancel);
    this.#workingCount++;
    try {
      return await work();
    } finally {
      this.#workingCount--;
      this.#admit();
    }
  }

  #turn(cancel: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const go = (): void => {
        this.#waiting.delete(go);
        cancel.removeEventListener("abort", go);
        resolve();
      };
      this.#waiting.add(go);
      cancel.addEventListener("abort", go);
    });
  }

  #admit(): void {
    const [first] = this.#waiting;
    if (first !== undefined && this.#workingCount < this.#limit) first();
  }
}
