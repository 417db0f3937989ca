import type { OutputStream } from "../io.ts";
import { escapeText } from "./escape.ts";
import { eventLine } from "./event-line.ts";
import { LiveLines } from "./live-lines.ts";
import { plainProgressLine, progressLines } from "./progress-line.ts";
import type { Style } from "./style.ts";
import type { ProgressRow, TransferEvent, TransferView } from "./transfer-event.ts";

/** A log gets a line at each twentieth of the whole (5 %), and when so much time has passed. */
const PLAIN_STEP_COUNT = 20;
const PLAIN_INTERVAL_MS = 10_000;
/** While seeding nothing gets nearer to an end. */
const PLAIN_SEEDING_INTERVAL_MS = 60_000;

export interface HumanViewOptions {
  readonly style: Style;
  readonly quiet: boolean;
  readonly verbose: boolean;
}

/** Text on standard error: a line per event, and below them, on a terminal, one progress line per torrent. */
export class HumanView implements TransferView {
  readonly intervalMs: number;
  readonly #stream: OutputStream;
  readonly #options: HumanViewOptions;
  readonly #live: LiveLines | undefined;
  #last: readonly ProgressRow[] = [];
  readonly #logged = new Map<string, { at: number; step: number; state: string; uploaded: number }>();

  constructor(stream: OutputStream, options: HumanViewOptions) {
    this.#stream = stream;
    this.#options = options;
    this.#live = stream.isTTY && !options.quiet ? new LiveLines(stream) : undefined;
    this.intervalMs = this.#live === undefined ? 1_000 : 200;
  }

  emit(event: TransferEvent): void {
    if (this.#options.quiet && event.event !== "error") return;
    const line = eventLine(event, this.#options.style, this.#options.verbose);
    if (line !== undefined) this.#print(line);
  }

  progress(rows: readonly ProgressRow[], now: number): void {
    if (this.#options.quiet) return;
    if (this.#live === undefined) {
      this.#log(rows, now);
    } else if (!this.#live.isSameWidth || rows.some((row, index) => row !== this.#last[index])) {
      this.#live.draw(this.#screen(rows));
    }
    this.#last = rows;
  }

  say(text: string): void {
    if (!this.#options.quiet) this.#print(escapeText(text));
  }

  detail(text: string): void {
    if (this.#options.verbose) this.#print(this.#options.style.dim(escapeText(text)));
  }

  close(): void {
    this.#live?.clear();
  }

  #print(line: string): void {
    if (this.#live === undefined) this.#stream.write(`${line}\n`);
    else this.#live.print(line);
  }

  /** As many rows as the terminal has lines for; the rest is counted. */
  #screen(rows: readonly ProgressRow[]): string[] {
    const width = this.#stream.columns() - 1;
    const room = Math.max(1, this.#stream.rows() - 1);
    const shown = rows.length <= room ? rows : rows.slice(0, room - 1);
    const lines = progressLines(shown, width, this.#options.style);
    if (shown.length < rows.length) lines.push(`… and ${rows.length - shown.length} more`);
    return lines;
  }

  #log(rows: readonly ProgressRow[], now: number): void {
    for (const row of rows) {
      const { facts, state } = row;
      const fraction =
        state === "checking" ? row.checkedFraction : facts.downloaded / Math.max(1, facts.total);
      const step = Math.floor(fraction * PLAIN_STEP_COUNT + 1e-9);
      const last = this.#logged.get(facts.infoHash);
      if (last === undefined) {
        // The first look only sets the mark: the event lines have just said what begins.
        this.#logged.set(facts.infoHash, { at: now, step, state, uploaded: facts.uploaded });
        continue;
      }
      const elapsedMs = now - last.at;
      const due =
        state === "seeding"
          ? elapsedMs >= PLAIN_SEEDING_INTERVAL_MS && facts.uploaded !== last.uploaded
          : elapsedMs >= PLAIN_INTERVAL_MS || (state === last.state && step > last.step);
      if (!due) continue;
      this.#stream.write(`${plainProgressLine(row)}\n`);
      this.#logged.set(facts.infoHash, { at: now, step, state, uploaded: facts.uploaded });
    }
  }
}
