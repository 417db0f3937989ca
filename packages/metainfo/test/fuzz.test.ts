import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";

const script = join(import.meta.dirname, "../../../scripts/fuzz.mjs");

it.each([
  ["torrent", 4000],
  ["magnet", 8000],
  ["path", 3000],
  ["piece-layers", 1500],
])("takes or refuses changed inputs of the target %s, as promised", (target, count) => {
  const run = spawnSync(process.execPath, [script, target, `${count}`, "1"], { encoding: "utf8" });
  const last = run.stdout.trim().split("\n").at(-1) ?? "";
  expect(JSON.parse(last || "null"), run.stdout + run.stderr).toMatchObject({ tried: count, failed: 0 });
  expect(run.status).toBe(0);
});
