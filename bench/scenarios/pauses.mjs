// How long the event loop of bt is held up at most, by its own work, while it downloads and while it seeds.
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout as delay } from "node:timers/promises";
import { Child } from "../child.mjs";
import { BT_SCRIPT } from "../clients/bt.mjs";
import { makePayload } from "../payload.mjs";
import { MEBI } from "./scenario.mjs";

const PROBE = path.join(path.dirname(fileURLToPath(import.meta.url)), "loop-probe.cjs");
const SEEDER = "127.77.0.1";
const PORT = 21_502;

/** @type {import("./scenario.mjs").Scenario} */
export const pauses = {
  name: "pauses",
  summary: "how long bt's event loop is held up at most (processor time of one turn)",
  columns: [
    ["longest ms", "longestMs", 1],
    ["turns over 5 ms", "above5Count", 0],
    ["turns over 10 ms", "above10Count", 0],
    ["wall s", "wallSeconds", 2],
  ],
  defaults: { pieceLength: 16 * MEBI },
  prepare: async ({ totalLength, pieceLength, timeoutMs }, base) => {
    const payload = makePayload(base, totalLength, pieceLength, "http://127.0.0.1:1/announce");
    let runCount = 0;
    return {
      title: `pauses: ${totalLength / MEBI} MiB, pieces of ${pieceLength / 1024} KiB`,
      contenders: ["bt download", "bt seed"],
      run: async (contender) => {
        const folder = path.join(base, `run-${runCount++}`);
        mkdirSync(folder);
        const start = (/** @type {string} */ name, /** @type {string[]} */ args) =>
          new Child(process.execPath, ["--require", PROBE, BT_SCRIPT, ...args, "--no-trackers", "--json"], {
            cwd: folder,
            log: path.join(folder, `${name}.log`),
            env: { BT_BENCH_PROBE: path.join(folder, `${name}.json`) },
          });
        const address = `${SEEDER}:${PORT}`;
        const seeder = start("bt seed", [
          "seed",
          payload.torrentPath,
          "--data",
          payload.directory,
          "--bind",
          SEEDER,
          "--port",
          String(PORT),
        ]);
        try {
          while (!seeder.log.includes('"seeding"')) {
            if (performance.now() - seeder.startedAt > timeoutMs || seeder.status !== undefined)
              throw new Error(seeder.log.slice(-500));
            await delay(20);
          }
          const leecher = start("bt download", [
            "download",
            payload.torrentPath,
            "--out",
            folder,
            "--bind",
            "127.77.1.1",
            "--peer",
            address,
          ]);
          await Promise.race([leecher.exited, delay(timeoutMs, undefined, { ref: false })]);
          if (leecher.status !== 0) throw new Error(leecher.log.slice(-500));
          await seeder.stop();
          const figures = JSON.parse(readFileSync(path.join(folder, `${contender}.json`), "utf8"));
          return { ...figures, wallSeconds: ((leecher.endedAt ?? 0) - leecher.startedAt) / 1_000 };
        } finally {
          await seeder.stop();
          rmSync(folder, { recursive: true, force: true });
        }
      },
    };
  },
};
