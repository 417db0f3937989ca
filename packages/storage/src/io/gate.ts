/** Lets so many through at a time; the others wait in line. */
export class Gate {
  readonly #width: number;
  #insideCount = 0;
  readonly #line = new Set<() => void>();

  constructor(width: number) {
    this.#width = width;
  }

  /**
   * Does `work` when it is its turn.
   *
   * @throws the reason of `signal`, when it is aborted before that.
   */
  async pass<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    if (this.#insideCount < this.#width) this.#insideCount++;
    else await this.#wait(signal);
    try {
      return await work();
    } finally {
      const [next] = this.#line;
      // Whoever comes next takes the place over.
      if (next === undefined) this.#insideCount--;
      else next();
    }
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        this.#line.delete(enter);
        signal?.removeEventListener("abort", leave);
        resolve();
      };
      const leave = (): void => {
        this.#line.delete(enter);
        reject(signal!.reason as Error);
      };
      this.#line.add(enter);
      signal?.addEventListener("abort", leave, { once: true });
    });
  }
}
