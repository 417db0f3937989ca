/** Lets so many through at a time; the others wait in line. */
export class Gate {
  readonly #width: number;
  #insideCount = 0;
  readonly #line: (() => void)[] = [];

  constructor(width: number) {
    this.#width = width;
  }

  /** Does `work` when it is its turn. */
  async pass<T>(work: () => Promise<T>): Promise<T> {
    if (this.#insideCount < this.#width) this.#insideCount++;
    else await new Promise<void>((resolve) => this.#line.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#line.shift();
      // Whoever comes next takes the place over.
      if (next === undefined) this.#insideCount--;
      else next();
    }
  }
}
