import type { Io } from "../io.ts";
import { LiveLines } from "./live-lines.ts";
import { barLine } from "./progress-line.ts";
import { styleFor } from "./style.ts";

const DRAW_INTERVAL_MS = 100;

/** A bar for work with a known end (hashing), on a terminal only. */
export interface CheckProgress {
  readonly show: (doneCount: number, totalCount: number) => void;
  clear(): void;
}

export function checkProgress(
  name: string,
  io: Io,
  options: { quiet: boolean; noColor: boolean },
): CheckProgress {
  if (options.quiet || !io.stderr.isTTY) return { show: () => undefined, clear: () => undefined };
  const live = new LiveLines(io.stderr);
  const style = styleFor(io.stderr, io.env, options.noColor);
  let drawnAt = 0;
  return {
    show(doneCount, totalCount) {
      const now = performance.now();
      if (now - drawnAt < DRAW_INTERVAL_MS) return;
      drawnAt = now;
      const fraction = totalCount === 0 ? 1 : doneCount / totalCount;
      live.draw([
        barLine(name, fraction, [`${Math.floor(fraction * 100)}%`], io.stderr.columns() - 1, style),
      ]);
    },
    clear: () => live.clear(),
  };
}
