// Adds up what .ci/run did and prints one last line. What went wrong outside of a test (a stage of check.mjs, a test file
// that did not load, a run that left no report) counts as one failure each: "0 failed" never stands beside a red run.
//
//   node scripts/ci-summary.mjs CHECKS_STATUS INTEROP_STATUS
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const reports = join(dirname(fileURLToPath(import.meta.url)), "..", ".reports");
const read = (name) =>
  existsSync(join(reports, name)) ? JSON.parse(readFileSync(join(reports, name), "utf8")) : undefined;
const [checksStatus, interopStatus] = process.argv.slice(2).map(Number);

const total = { passed: 0, failed: 0, skipped: 0 };
const failure = (text) => {
  total.failed++;
  console.log(`failed: ${text}`);
};

/** Counts the tests of one run. */
function addRun(name, file) {
  const report = read(file);
  if (report === undefined) {
    failure(`${name} left no report`);
    return;
  }
  total.passed += report.numPassedTests;
  total.failed += report.numFailedTests;
  total.skipped += report.numPendingTests + report.numTodoTests;
  for (const { name: path, status, assertionResults } of report.testResults)
    if (status === "failed" && !assertionResults.some((test) => test.status === "failed"))
      failure(`${path} did not run to its end`);
  const { numPassedTests: passed, numFailedTests: failed, numPendingTests: skipped } = report;
  console.log(`${name}: ${passed} passed, ${failed} failed, ${skipped} skipped`);
}

addRun("unit and house tests", "unit.json");
addRun("tests against real clients", "interop.json");
for (const [stage, verdict] of Object.entries(read("stages.json") ?? { checks: "failed" }))
  if (stage !== "tests" && verdict !== "passed") failure(`stage ${stage}: ${verdict}`);
if (total.failed === 0 && checksStatus !== 0) failure(`npm test exited with ${checksStatus}`);
if (total.failed === 0 && interopStatus !== 0) failure(`npm run test:interop exited with ${interopStatus}`);

const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : "";
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
process.exitCode = total.failed === 0 ? 0 : 1;
