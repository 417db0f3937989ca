import path from "node:path";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** `BT_BENCH_BT` names another build, e.g. to compare two of them. */
export const BT_SCRIPT =
  process.env["BT_BENCH_BT"] ??
  path.join(path.dirname(fileURLToPath(import.meta.url)), "../../apps/cli/dist/bt.js");

/** @type {import("./client.mjs").Client} */
export const bt = {
  name: "bt",
  isInstalled: () => existsSync(BT_SCRIPT),
  prepare: ({ role, torrentPath, directory, host, port }) => ({
    command: process.execPath,
    args: [
      BT_SCRIPT,
      ...(role === "seeder"
        ? ["seed", torrentPath, "--data", directory]
        : ["download", torrentPath, "--out", directory]),
      ...["--bind", host, "--port", String(port), "--json"],
    ],
  }),
};
