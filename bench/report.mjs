// Medians and ratios as a table.

/** @typedef {{ contender: string, figures: import("./scenarios/scenario.mjs").Figures }} Row */

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? NaN)) / 2;
}

/**
 * A line for each contender; the ratios are to the first one. Of the first column the extremes are told, too.
 *
 * @param {readonly Row[]} rows @param {readonly import("./scenarios/scenario.mjs").Column[]} columns
 */
export function formatReport(rows, columns) {
  const names = [...new Set(rows.map(({ contender }) => contender))];
  const [reference = ""] = names;
  const of = (/** @type {string} */ name, /** @type {string} */ key) =>
    rows.filter(({ contender }) => contender === name).map(({ figures }) => figures[key] ?? NaN);
  const [first] = columns;
  const lines = [
    [
      "client",
      "runs",
      ...columns.flatMap(([heading]) => [heading, `x ${reference}`]),
      `${first?.[0] ?? ""} min..max`,
    ],
  ];
  for (const name of names) {
    const cells = columns.flatMap(([, key, digits]) => {
      const value = median(of(name, key));
      const ratio = value / median(of(reference, key));
      return [value.toFixed(digits), Number.isFinite(ratio) ? ratio.toFixed(2) : "-"];
    });
    const range = of(name, first?.[1] ?? "");
    const extremes = [Math.min(...range), Math.max(...range)].map((value) => value.toFixed(first?.[2] ?? 2));
    lines.push([name, String(range.length), ...cells, extremes.join("..")]);
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
