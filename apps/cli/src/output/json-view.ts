import type { OutputStream } from "../io.ts";
import { formatJson } from "./escape.ts";
import type { ProgressRow, TransferEvent, TransferView } from "./transfer-event.ts";

/** One JSON object a line on standard output. People are told of errors by `human`, on standard error. */
export class JsonView implements TransferView {
  readonly intervalMs = 1_000;
  readonly #stream: OutputStream;
  readonly #human: TransferView;
  #last: readonly ProgressRow[] = [];

  constructor(stream: OutputStream, human: TransferView) {
    this.#stream = stream;
    this.#human = human;
  }

  emit(event: TransferEvent): void {
    this.#stream.write(`${formatJson(event)}\n`);
    this.#human.emit(event);
  }

  progress(rows: readonly ProgressRow[]): void {
    let lines = "";
    for (const [index, row] of rows.entries())
      if (row !== this.#last[index]) lines += `${formatJson({ event: "progress", ...row.facts })}\n`;
    // People are not told of each: that is what `human` would leave out, too.
    if (lines !== "") this.#stream.write(lines);
    this.#last = rows;
  }

  say(): void {
    // For people only, and they asked for JSON.
  }

  detail(text: string): void {
    this.#human.detail(text);
  }

  close(): void {
    this.#human.close();
  }
}
