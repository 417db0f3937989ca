// Medians and ratios as a table.

/** @typedef {import("./measure.mjs").Row} Row */

/** @type {readonly (readonly [heading: string, key: "wallSeconds" | "cpuSecondsPerGiB" | "peakMebibytes" | "anonymousMebibytes", digits: number])[]} */
const COLUMNS = [
  ["wall s", "wallSeconds", 2],
  ["CPU s/GiB", "cpuSecondsPerGiB", 2],
  ["peak MiB", "peakMebibytes", 0],
  ["anon MiB", "anonymousMebibytes", 0],
];

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? NaN)) / 2;
}

/** @param {readonly Row[]} rows @returns {string} */
export function formatReport(rows) {
  const names = [...new Set(rows.map(({ client }) => client))];
  const of = (/** @type {string} */ name, /** @type {typeof COLUMNS[number][1]} */ key) =>
    rows.filter(({ client }) => client === name).map((row) => row[key]);
  const lines = [["client", "runs", ...COLUMNS.flatMap(([heading]) => [heading, "x bt"]), "wall min..max"]];
  for (const name of names) {
    const walls = of(name, "wallSeconds");
    const cells = COLUMNS.flatMap(([, key, digits]) => {
      const value = median(of(name, key));
      const ratio = value / median(of("bt", key));
      return [value.toFixed(digits), Number.isFinite(ratio) ? ratio.toFixed(2) : "-"];
    });
    lines.push([
      name,
      String(walls.length),
      ...cells,
      `${Math.min(...walls).toFixed(2)}..${Math.max(...walls).toFixed(2)}`,
    ]);
  }
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((line) => (line[column] ?? "").length)),
  );
  const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
  const texts = lines.map(
    (line) => `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`,
  );
  return [texts[0], rule, ...texts.slice(1)].join("\n");
}
