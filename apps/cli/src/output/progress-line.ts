import { escapeText } from "./escape.ts";
import type { Style } from "./style.ts";
import { textWidth, truncateText } from "./text-width.ts";
import type { ProgressRow } from "./transfer-event.ts";
import {
  formatCount,
  formatDuration,
  formatFraction,
  formatLength,
  formatPercent,
  formatRate,
} from "./units.ts";

const MAX_NAME_WIDTH = 40;
const MIN_NAME_WIDTH = 8;
const MAX_BAR_WIDTH = 30;
const MIN_BAR_WIDTH = 6;

/** A row of the progress display that fits into `width` cells: `name ━━━━────  45%  12.0/26.4 MiB  ↓ 3.1 MiB/s …`. */
export function progressLine(row: ProgressRow, width: number, style: Style): string {
  return barLine(row.name, fractionOf(row), describeState(row), width, style);
}

/** Rows below one another, their bars in one column. */
export function progressLines(rows: readonly ProgressRow[], width: number, style: Style): string[] {
  const names = rows.map(({ name }) => truncateText(escapeText(name), MAX_NAME_WIDTH));
  const nameWidth = Math.max(...names.map(textWidth));
  return rows.map((row) => barLine(row.name, fractionOf(row), describeState(row), width, style, nameWidth));
}

/** A name, a bar and, from the most to the least important, what else there is to say; the name's column is `column` wide. */
export function barLine(
  name: string,
  fraction: number,
  facts: readonly string[],
  width: number,
  style: Style,
  column = 0,
): string {
  const parts = [...facts];
  const shown = escapeText(name);
  // What matters least goes first when the terminal is narrow.
  while (parts.length > 1 && MIN_NAME_WIDTH + 2 + joinedWidth(parts) > width) parts.pop();
  const room = width - joinedWidth(parts) - 2;
  if (room < MIN_NAME_WIDTH) return truncateText(`${shown}  ${parts.join("  ")}`, width);
  const nameWidth = Math.min(MAX_NAME_WIDTH, Math.max(MIN_NAME_WIDTH, room - MIN_BAR_WIDTH - 1));
  const cut = truncateText(shown, nameWidth);
  const fitted = cut + " ".repeat(Math.max(0, Math.min(column, nameWidth) - textWidth(cut)));
  const barWidth = Math.min(MAX_BAR_WIDTH, room - textWidth(fitted) - 1);
  const bar = barWidth >= MIN_BAR_WIDTH ? ` ${drawBar(fraction, barWidth, style)}` : "";
  return `${style.bold(fitted)}${bar}  ${parts.join("  ")}`;
}

/** A row as a line of a log, without anything that only a terminal understands. */
export function plainProgressLine(row: ProgressRow): string {
  const { facts } = row;
  const name = escapeText(row.name);
  if (row.state === "checking")
    return `${name}: checking existing data, ${Math.floor(row.checkedFraction * 100)}%`;
  const peers = `${formatCount(facts.peers, "peer")} (${formatCount(facts.seeds, "seed")})`;
  if (row.state === "seeding") {
    return `${name}: seeding, ${formatLength(facts.uploaded)} uploaded, up ${formatRate(facts.upRate)}, ${peers}`;
  }
  const eta = facts.etaSeconds === null ? "" : `, ETA ${formatDuration(facts.etaSeconds)}`;
  const rates = `down ${formatRate(facts.downRate)}, up ${formatRate(facts.upRate)}`;
  return `${name}: ${formatPercent(facts.downloaded, facts.total)}, ${formatFraction(facts.downloaded, facts.total)}, ${rates}${eta}, ${peers}`;
}

/** From the most to the least important. */
function describeState(row: ProgressRow): string[] {
  const { facts } = row;
  const peers = `${formatCount(facts.peers, "peer")} (${formatCount(facts.seeds, "seed")})`;
  if (row.state === "checking")
    return [`${Math.floor(row.checkedFraction * 100)}%`, "checking what is there"];
  if (row.state === "complete") return ["100%", formatLength(facts.total), "complete"];
  if (row.state === "seeding") {
    return ["seeding", `↑ ${formatRate(facts.upRate)}`, `${formatLength(facts.uploaded)} uploaded`, peers];
  }
  const parts = [
    formatPercent(facts.downloaded, facts.total),
    formatFraction(facts.downloaded, facts.total),
    `↓ ${formatRate(facts.downRate)}`,
  ];
  if (facts.etaSeconds !== null) parts.push(`ETA ${formatDuration(facts.etaSeconds)}`);
  parts.push(peers);
  if (facts.uploaded > 0) parts.push(`↑ ${formatRate(facts.upRate)}`);
  return parts;
}

function fractionOf(row: ProgressRow): number {
  if (row.state === "checking") return row.checkedFraction;
  return row.facts.total === 0 ? 1 : row.facts.downloaded / row.facts.total;
}

function drawBar(fraction: number, width: number, style: Style): string {
  const full = Math.floor(Math.min(1, Math.max(0, fraction)) * width);
  return style.green("━".repeat(full)) + style.dim("─".repeat(width - full));
}

function joinedWidth(parts: readonly string[]): number {
  return textWidth(parts.join("  "));
}
