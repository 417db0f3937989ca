import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";
import { limitInlining } from "../src/process/limit-inlining.ts";

it("asks of V8 only what this version knows: it complains on standard error about other flags", () => {
  const { stdout } = spawnSync(process.execPath, ["--v8-options"], { encoding: "utf8" });
  expect(stdout).toContain("--max-inlined-bytecode-size-cumulative");
  expect(limitInlining()).toBe(true);
});

it("leaves V8 alone where nobody has tried", () => {
  expect(limitInlining("14.0.1")).toBe(false);
  expect(limitInlining("not a version")).toBe(false);
});
