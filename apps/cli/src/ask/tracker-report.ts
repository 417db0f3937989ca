import { EXIT, type ExitCode } from "../exit-codes.ts";
import { explainError } from "../explain-error.ts";
import type { Io } from "../io.ts";
import { escapeText, formatJson } from "../output/escape.ts";
import { styleFor } from "../output/style.ts";

/** Tells what trackers said, as lines for people or as JSON, and how to exit. */
export class TrackerReport {
  readonly #io: Io;
  readonly #json: boolean;
  readonly #noColor: boolean;
  #answerCount = 0;

  constructor(io: Io, options: { readonly json: boolean; readonly noColor: boolean }) {
    this.#io = io;
    this.#json = options.json;
    this.#noColor = options.noColor;
  }

  /** `event` for programs, `lines` (escaped by the caller) for people. */
  answer(event: Readonly<Record<string, unknown>>, lines: readonly string[]): void {
    this.#answerCount++;
    this.#io.stdout.write(this.#json ? `${formatJson(event)}\n` : `${lines.join("\n")}\n`);
  }

  error(tracker: string, infoHash: string | undefined, error: unknown): void {
    const { code, message } = explainError(error);
    if (this.#json) {
      const event = { event: "error", tracker, infoHash: infoHash ?? null, code, message };
      this.#io.stdout.write(`${formatJson(event)}\n`);
    }
    const style = styleFor(this.#io.stderr, this.#io.env, this.#noColor);
    this.#io.stderr.write(`${style.red("error:")} ${escapeText(tracker)}: ${escapeText(message)}\n`);
  }

  /** 0 when at least one tracker answered. */
  get exitCode(): ExitCode {
    return this.#answerCount > 0 ? EXIT.ok : EXIT.network;
  }
}
