#!/usr/bin/env node
// Puts bt and other clients through a scenario, in turns; README.md tells how to read the result.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { platform } from "node:os";
import path from "node:path";
import { runAll } from "./all.mjs";
import { machine } from "./machine.mjs";
import { parseOptions, usage } from "./options.mjs";
import { formatReport } from "./report.mjs";
import { SCENARIOS } from "./scenarios/index.mjs";

/** A client that fails so often is left out of the following rounds. */
const MAX_FAILURES = 2;

async function main() {
  if (platform() !== "linux") throw new Error("needs Linux: costs are read from /proc");
  const [name = "--help", ...args] = process.argv.slice(2);
  if (name === "all") return runAll(args);
  const scenario = SCENARIOS.find((one) => one.name === name);
  if (scenario === undefined || args.includes("--help")) {
    process.stdout.write(usage(SCENARIOS));
    return name === "--help" || scenario !== undefined ? 0 : 2;
  }
  const options = parseOptions(args, scenario.defaults);
  const say = (/** @type {string} */ text) =>
    (options.json === "-" ? process.stderr : process.stdout).write(`${text}\n`);
  if (!existsSync(options.base))
    throw new Error(`${options.base} does not exist; choose a folder with --base`);
  const base = mkdtempSync(path.join(options.base, "bt-bench-"));
  process.on("exit", () => rmSync(base, { recursive: true, force: true }));
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"]))
    process.on(signal, () => process.exit(130));

  const bench = await scenario.prepare(options, base);
  /** @type {import("./report.mjs").Row[]} */
  const rows = [];
  /** @type {Map<string, number>} */
  const failures = new Map();
  const endsAt = performance.now() + options.budgetMs;
  for (let run = 1; run <= options.runCount; run++)
    for (const contender of bench.contenders) {
      // Interleaved to the end: of the last round some may lack, of the first none.
      if (run > 1 && performance.now() > endsAt) continue;
      if ((failures.get(contender) ?? 0) >= MAX_FAILURES) continue;
      try {
        const figures = await bench.run(contender);
        rows.push({ contender, figures });
        const texts = scenario.columns.map(
          ([heading, key, digits]) => `${heading} ${(figures[key] ?? NaN).toFixed(digits)}`,
        );
        say(`run ${run}  ${contender.padEnd(20)} ${texts.join("  ")}`);
      } catch (error) {
        failures.set(contender, (failures.get(contender) ?? 0) + 1);
        say(`run ${run}  ${contender.padEnd(20)} FAILED: ${/** @type {Error} */ (error).message}`);
      }
    }
  bench.close?.();
  say(`\n${bench.title}; medians\n`);
  say(formatReport(rows, scenario.columns));
  if (options.json !== undefined) {
    const result = {
      scenario: name,
      title: bench.title,
      options,
      environment: machine(),
      failures: failures.size === 0 ? undefined : Object.fromEntries(failures),
      rows,
    };
    const text = `${JSON.stringify(result, null, 2)}\n`;
    if (options.json === "-") process.stdout.write(text);
    else writeFileSync(options.json, text);
  }
  return failures.size > 0 ? 1 : 0;
}

process.exit(
  await main().catch((/** @type {Error} */ error) => {
    process.stderr.write(`bench: ${error.message}\n`);
    return 2;
  }),
);
