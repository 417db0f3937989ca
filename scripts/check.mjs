// Everything that must hold before a change is good, in the order in which it is cheapest to fail:
// build → lint and arrows → types and format → tests (→ packages as users get them, with --full).
// Stops after the first stage that fails (with --keep-going after the last), says what was and what was not run,
// and exits non-zero then. What happened stands in .reports/ for .ci/run.
//
//   node scripts/check.mjs [--full] [--keep-going] [stage…]      stages: build lint types tests packages
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const binaries = join(root, "node_modules", ".bin");
const reports = join(root, ".reports");
const unitReport = join(reports, "unit.json");
const windows = process.platform === "win32";
const rooms = ["packages", "apps", "tests", "bench"].filter((folder) => existsSync(join(root, folder)));
const turbo = ["--concurrency=2", "--output-logs=errors-only", "--ui=stream"];

/** A stage's tasks run side by side: never more than two heavy ones, for machines with two cores. */
const STAGES = [
  { name: "build", tasks: [{ name: "build", command: [process.execPath, "scripts/bootstrap.mjs"] }] },
  {
    name: "lint",
    tasks: [
      { name: "eslint", command: ["eslint", "--max-warnings=0", "."] },
      { name: "arrows", command: ["depcruise", "--config", ".dependency-cruiser.cjs", ...rooms] },
    ],
  },
  {
    name: "types",
    tasks: [
      { name: "types of packages", command: ["turbo", "run", "typecheck", ...turbo] },
      {
        name: "API reference",
        command: ["typedoc", "--options", "typedoc.check.json", "--logLevel", "Warn"],
      },
      { name: "types of the house", command: ["tsc", "-p", "tsconfig.json"] },
      { name: "format", command: ["prettier", "--check", "--log-level=warn", "."] },
    ],
  },
  {
    name: "tests",
    tasks: [
      {
        name: "tests",
        command: [
          "vitest",
          "run",
          "--reporter=default",
          "--reporter=json",
          `--outputFile.json=${unitReport}`,
        ],
        live: true,
        after: testCounts,
      },
    ],
  },
  {
    name: "packages",
    onlyFull: true,
    tasks: [{ name: "packages", command: [process.execPath, "scripts/pack-check.mjs"], live: true }],
  },
];

function environment() {
  const path = binaries + delimiter + (process.env["PATH"] ?? "");
  return {
    ...process.env,
    PATH: path,
    TURBO_TELEMETRY_DISABLED: "1",
    TURBO_NO_UPDATE_NOTIFIER: "1",
    DO_NOT_TRACK: "1",
  };
}

/** Runs one task to its end. Its output appears at once when it is `live`, else only when the task fails. */
function run({ name, command: [command, ...args], live = false, after }) {
  const startedAt = Date.now();
  return new Promise((resolve) => {
    const stdio = ["ignore", live ? "inherit" : "pipe", live ? "inherit" : "pipe"];
    const child = spawn(command, args, { cwd: root, env: environment(), stdio, shell: windows });
    const output = [];
    child.stdout?.on("data", (chunk) => output.push(chunk));
    child.stderr?.on("data", (chunk) => output.push(chunk));
    child.on("error", (error) => output.push(Buffer.from(`${error.message}\n`)));
    child.on("close", (code) => {
      const ok = code === 0;
      const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
      if (!ok) process.stdout.write(Buffer.concat(output));
      console.log(`${ok ? "ok    " : "FAILED"}  ${name}  (${seconds} s)${after ? `  ${after()}` : ""}`);
      resolve(ok);
    });
  });
}

function testCounts() {
  if (!existsSync(unitReport)) return "no report was written";
  const { numPassedTests, numFailedTests, numPendingTests, testResults } = JSON.parse(
    readFileSync(unitReport, "utf8"),
  );
  const brokenFiles = testResults.filter(
    (file) => file.status === "failed" && file.assertionResults.length === 0,
  );
  const broken = brokenFiles.length > 0 ? `, ${brokenFiles.length} test files did not load` : "";
  return `${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} not run${broken}`;
}

const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const full = process.argv.includes("--full");
const unknown = wanted.filter((name) => !STAGES.some((stage) => stage.name === name));
if (unknown.length > 0) {
  console.error(`no stage ${unknown.join(", ")}; there are: ${STAGES.map((stage) => stage.name).join(" ")}`);
  process.exit(2);
}
const planned = STAGES.filter(({ name, onlyFull }) =>
  wanted.length > 0 ? wanted.includes(name) : full || onlyFull !== true,
);

mkdirSync(reports, { recursive: true });
if (planned.some((stage) => stage.name === "tests")) rmSync(unitReport, { force: true });
const verdicts = new Map(planned.map((stage) => [stage.name, "not run"]));
for (const stage of planned) {
  const results = await Promise.all(stage.tasks.map(run));
  verdicts.set(stage.name, results.every(Boolean) ? "passed" : "failed");
  if (verdicts.get(stage.name) === "failed" && !process.argv.includes("--keep-going")) break;
}
writeFileSync(join(reports, "stages.json"), JSON.stringify(Object.fromEntries(verdicts)));

const named = (verdict) =>
  planned.map((stage) => stage.name).filter((name) => verdicts.get(name) === verdict);
const summary = ["failed", "passed", "not run"].filter((verdict) => named(verdict).length > 0);
console.log(`\n${summary.map((verdict) => `${verdict}: ${named(verdict).join(", ")}`).join(" · ")}`);
process.exitCode = named("failed").length > 0 ? 1 : 0;
