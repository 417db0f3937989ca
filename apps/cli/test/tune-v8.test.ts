import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";
import { tuneV8 } from "../src/process/tune-v8.ts";

it("asks of V8 only what this version knows: it complains on standard error about other flags", () => {
  const { stdout } = spawnSync(process.execPath, ["--v8-options"], { encoding: "utf8" });
  for (const flag of ["--max-inlined-bytecode-size-cumulative", "--semi-space-growth-factor"])
    expect(stdout).toContain(flag);
  expect(tuneV8()).toBe(true);
});

it("leaves V8 alone where nobody has tried", () => {
  expect(tuneV8("14.0.1")).toBe(false);
  expect(tuneV8("not a version")).toBe(false);
});
