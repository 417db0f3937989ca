import { escapeText } from "./escape.ts";
import type { Style } from "./style.ts";
import type { TransferEvent } from "./transfer-event.ts";
import { formatCount, formatDuration, formatLength, formatRate } from "./units.ts";

/** An event in a sentence for people, or `undefined` when only `--verbose` wants to read of it. */
export function eventLine(event: TransferEvent, style: Style, verbose: boolean): string | undefined {
  switch (event.event) {
    case "listening":
      return verbose ? style.dim(`listening on port ${event.port}`) : undefined;
    case "metadata": {
      const size = `${formatLength(event.totalLength)}, ${formatCount(event.pieceCount, "piece")}`;
      const hash = verbose ? `, info-hash ${event.infoHash ?? event.infoHashV2 ?? ""}` : "";
      return `${style.bold(escapeText(event.name))}: ${size}${hash}`;
    }
    case "file":
      return verbose ? style.dim(`file complete: ${escapeText(event.path)}`) : undefined;
    case "complete":
      return `${style.green("complete:")} ${escapeText(event.name)}, ${completion(event)}`;
    case "seeding":
      return `${style.cyan("seeding:")} ${escapeText(event.name)}; Ctrl-C stops`;
    case "warning":
      return `${style.yellow("warning:")} ${escapeText(event.message)}`;
    case "error":
      return `${style.red("bt:")} ${escapeText(event.message)}`;
    case "progress":
      return undefined;
  }
}

function completion(event: Extract<TransferEvent, { event: "complete" }>): string {
  if (event.receivedLength === 0) return `${formatLength(event.totalLength)} were already there`;
  const rate = formatRate(event.receivedLength / Math.max(event.seconds, 0.001));
  return `${formatLength(event.receivedLength)} in ${formatSeconds(event.seconds)} (${rate})`;
}

function formatSeconds(seconds: number): string {
  if (seconds < 1) return `${seconds.toFixed(2)}s`;
  return seconds < 10 ? `${seconds.toFixed(1)}s` : formatDuration(seconds);
}
