import { EXIT, type ExitCode } from "./exit-codes.ts";
import { Interruption } from "./failure.ts";
import type { Io } from "./io.ts";

/** A clean stop (trackers told, state saved) may take this long. */
export const CLEAN_STOP_MS = 2_500;
/** The last resort: the process ends although its clean stop did not, within the 3 seconds that are promised. */
const FORCED_STOP_MS = 2_900;

/** Why and whether the command should stop. The first signal asks for a clean stop, the second ends the process. */
export class Stop {
  readonly #listeners = new Set<(interruption: Interruption) => void>();
  #interruption: Interruption | undefined;
  #controller: AbortController | undefined;

  /** `runsLong`: the command is worth stopping when nobody reads its output any more; a short one just ends. */
  constructor(io: Io, options: { runsLong: boolean }) {
    io.onSignal((name) => {
      const code = name === "SIGINT" ? EXIT.interrupted : EXIT.terminated;
      if (this.isRequested) io.exitNow(code);
      else this.#request(io, code);
    });
    io.onOutputClosed(() => {
      if (options.runsLong && !this.isRequested) this.#request(io, EXIT.interrupted);
    });
  }

  get isRequested(): boolean {
    return this.#interruption !== undefined;
  }

  /** Aborts with the interruption. Made when it is first asked for: short commands start faster without. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      const controller = new AbortController();
      this.#controller = controller;
      this.#onRequest((interruption) => controller.abort(interruption));
    }
    return this.#controller.signal;
  }

  /** Rejects with the interruption as soon as one comes; never resolves. */
  interrupted(): Promise<never> {
    return new Promise((_, reject) => this.#onRequest(reject));
  }

  #onRequest(listener: (interruption: Interruption) => void): void {
    if (this.#interruption === undefined) this.#listeners.add(listener);
    else listener(this.#interruption);
  }

  #request(io: Io, code: ExitCode): void {
    const interruption = new Interruption(code);
    this.#interruption = interruption;
    setTimeout(() => io.exitNow(code), FORCED_STOP_MS).unref();
    for (const listener of this.#listeners) listener(interruption);
  }
}
