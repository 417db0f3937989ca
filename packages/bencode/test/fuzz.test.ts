import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";

const script = join(import.meta.dirname, "../../../scripts/fuzz.mjs");

it("refuses or takes 10,000 changed encodings, each with BencodeError or with exactly one encoding", () => {
  const run = spawnSync(process.execPath, [script, "bencode-decode", "10000", "1"], { encoding: "utf8" });
  const last = run.stdout.trim().split("\n").at(-1) ?? "";
  expect(JSON.parse(last || "null"), run.stdout + run.stderr).toMatchObject({ tried: 10_000, failed: 0 });
  expect(run.status).toBe(0);
});
