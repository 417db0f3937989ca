import type { Reporter, TestModule } from "vitest/node";

/** Where a test stands in the table at the end; put by the test into `task.meta.interopCell`. */
export interface Cell {
  readonly row: string;
  readonly column: string;
  readonly note: string;
}

/** Prints which client did what with which result, after everything else. */
export class MatrixReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const rows = new Map<string, Map<string, string>>();
    const columns = new Set<string>();
    const skipped: string[] = [];
    for (const test of modules.flatMap((module) => [...module.children.allTests()])) {
      const result = test.result();
      // Without a note it was left out by a filter of the command line.
      if (result.state === "skipped" && result.note !== undefined)
        skipped.push(`${test.fullName}: ${result.note}`);
      const cell = (test.meta() as { interopCell?: Cell }).interopCell;
      if (cell === undefined) continue;
      const seconds = ((test.diagnostic()?.duration ?? 0) / 1_000).toFixed(1);
      const word = { passed: `ok ${seconds} s`, failed: `FAILED ${seconds} s`, skipped: "skipped" }[
        result.state as string
      ];
      columns.add(cell.column);
      const row = rows.get(cell.row) ?? new Map<string, string>();
      row.set(cell.column, `${word ?? result.state} (${cell.note})`);
      rows.set(cell.row, row);
    }
    if (rows.size > 0) console.log(`\n${formatTable([...columns].sort(), rows)}\n`);
    for (const line of skipped) console.log(`skipped: ${line}`);
  }
}

function formatTable(
  columns: readonly string[],
  rows: ReadonlyMap<string, ReadonlyMap<string, string>>,
): string {
  const lines = [["", ...columns]];
  for (const [name, cells] of [...rows].sort(([a], [b]) => (a < b ? -1 : 1)))
    lines.push([name, ...columns.map((column) => cells.get(column) ?? "")]);
  const widths = lines[0]!.map((_, index) => Math.max(...lines.map((line) => line[index]!.length)));
  return lines
    .map((line) =>
      line
        .map((text, index) => text.padEnd(widths[index]!))
        .join("   ")
        .trimEnd(),
    )
    .join("\n");
}
