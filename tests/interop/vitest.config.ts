import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { MatrixReporter } from "./harness/matrix-reporter.ts";

const jsonFile = process.env["BT_TEST_JSON"];

// Real clients on this machine: everything is bounded in time by the tests themselves.
export default defineConfig({
  root: fileURLToPath(new URL("../..", import.meta.url)),
  test: {
    name: "interop",
    include: ["tests/interop/**/*.test.ts"],
    globalSetup: ["tests/interop/global-setup.ts"],
    testTimeout: 120_000,
    pool: "forks",
    maxWorkers: 2,
    reporters: [
      ["default", { summary: false }],
      ...(jsonFile === undefined ? [] : ["json" as const]),
      new MatrixReporter(),
    ],
    ...(jsonFile === undefined ? {} : { outputFile: { json: jsonFile } }),
  },
});
