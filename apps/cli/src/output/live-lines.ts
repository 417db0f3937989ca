import type { OutputStream } from "../io.ts";
import { textWidth } from "./text-width.ts";

const COLOR_SEQUENCE = /\u001b\[[0-9;]*m/g;

/** The last lines of a terminal, drawn again and again in place; other text scrolls by above them. */
export class LiveLines {
  readonly #stream: OutputStream;
  #drawn: readonly string[] = [];
  #columns = 0;
  /** How to get rid of them, on a terminal that is so wide. */
  #erase: { readonly columns: number; readonly sequence: string } | undefined;

  constructor(stream: OutputStream) {
    this.#stream = stream;
  }

  draw(lines: readonly string[]): void {
    this.#stream.write(this.#eraseSequence() + lines.join("\n"));
    this.#drawn = lines;
    this.#erase = undefined;
    this.#columns = this.#stream.columns();
  }

  /** Whether the terminal is still as wide as when the lines were drawn. */
  get isSameWidth(): boolean {
    return this.#columns === this.#stream.columns();
  }

  /** Prints text for good; the live lines move below it. */
  print(text: string): void {
    const lines = this.#drawn;
    this.#stream.write(`${this.#eraseSequence()}${text}\n${lines.join("\n")}`);
  }

  clear(): void {
    if (this.#drawn.length > 0) this.#stream.write(this.#eraseSequence());
    this.#drawn = [];
    this.#erase = undefined;
  }

  /** To the first drawn cell, and away with everything from there. */
  #eraseSequence(): string {
    if (this.#drawn.length === 0) return "";
    const columns = Math.max(1, this.#stream.columns());
    if (this.#erase?.columns === columns) return this.#erase.sequence;
    let height = 0;
    for (const line of this.#drawn) {
      // A terminal that became narrower has wrapped the line.
      height += Math.max(1, Math.ceil(textWidth(line.replace(COLOR_SEQUENCE, "")) / columns));
    }
    const sequence = `\r${height > 1 ? `\u001b[${height - 1}A` : ""}\u001b[J`;
    this.#erase = { columns, sequence };
    return sequence;
  }
}
