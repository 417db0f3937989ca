/** As much of a terminal as the progress display uses: what a person would see after all the writing. */
export class Screen {
  readonly columns: number;
  #lines: string[][] = [[]];
  #row = 0;
  #column = 0;

  constructor(columns: number) {
    this.columns = columns;
  }

  write(text: string): void {
    for (const [token, digits, letter] of text.matchAll(/\u001b\[([0-9;]*)([A-Za-z])|[^]/gu)) {
      if (letter === "A") this.#row = Math.max(0, this.#row - Number(digits || 1));
      else if (letter === "J") this.#eraseBelow();
      else if (letter === "m") continue;
      else if (letter !== undefined) throw new Error(`unknown sequence ${JSON.stringify(token)}`);
      else if (token === "\r") this.#column = 0;
      else if (token === "\n") this.#newLine();
      else this.#put(token);
    }
  }

  /** Lines without trailing blanks; blank lines at the end are left out. */
  get lines(): string[] {
    const lines = this.#lines.map((line) => line.join("").trimEnd());
    while (lines.at(-1) === "") lines.pop();
    return lines;
  }

  #put(character: string): void {
    if (this.#column >= this.columns) this.#newLine();
    const line = this.#lines[this.#row]!;
    while (line.length < this.#column) line.push(" ");
    line[this.#column++] = character;
  }

  #newLine(): void {
    this.#row++;
    this.#column = 0;
    this.#lines[this.#row] ??= [];
  }

  #eraseBelow(): void {
    this.#lines[this.#row]!.length = this.#column;
    this.#lines.length = this.#row + 1;
  }
}
