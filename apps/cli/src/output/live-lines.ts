import type { OutputStream } from "../io.ts";
import { textWidth } from "./text-width.ts";

const COLOR_SEQUENCE = /\u001b\[[0-9;]*m/g;

/** The last lines of a terminal, drawn again and again in place; other text scrolls by above them. */
export class LiveLines {
  readonly #stream: OutputStream;
  #drawn: readonly string[] = [];

  constructor(stream: OutputStream) {
    this.#stream = stream;
  }

  draw(lines: readonly string[]): void {
    this.#stream.write(this.#eraseSequence() + lines.join("\n"));
    this.#drawn = lines;
  }

  /** Prints text for good; the live lines move below it. */
  print(text: string): void {
    const lines = this.#drawn;
    this.#stream.write(`${this.#eraseSequence()}${text}\n${lines.join("\n")}`);
  }

  clear(): void {
    if (this.#drawn.length > 0) this.#stream.write(this.#eraseSequence());
    this.#drawn = [];
  }

  /** To the first drawn cell, and away with everything from there. */
  #eraseSequence(): string {
    if (this.#drawn.length === 0) return "";
    const columns = Math.max(1, this.#stream.columns());
    let height = 0;
    for (const line of this.#drawn) {
      // A terminal that became narrower has wrapped the line.
      height += Math.max(1, Math.ceil(textWidth(line.replace(COLOR_SEQUENCE, "")) / columns));
    }
    return `\r${height > 1 ? `\u001b[${height - 1}A` : ""}\u001b[J`;
  }
}
