// Making the torrent of one large file, and checking it: the file is in the page cache.
import path from "node:path";
import { mkdirSync, rmSync } from "node:fs";
import { GIBI } from "./scenario.mjs";
import { makePayload } from "../payload.mjs";
import { installedMakers, runMaker } from "../formats-create.mjs";

/** @type {import("./scenario.mjs").Scenario["columns"]} */
const COLUMNS = [
  ["wall s", "wallSeconds", 2],
  ["CPU s/GiB", "cpuSecondsPerGiB", 2],
];

/** @param {"create" | "check"} operation @param {string} name @param {string} summary @returns {import("./scenario.mjs").Scenario} */
function making(operation, name, summary) {
  return {
    name,
    summary,
    columns: COLUMNS,
    prepare: async ({ totalLength, pieceLength, clients, timeoutMs }, base) => {
      const payload = makePayload(base, totalLength, pieceLength, "http://127.0.0.1:1/announce");
      const folder = path.join(base, operation);
      mkdirSync(folder);
      const makers = installedMakers().filter(
        (maker) =>
          maker[operation] !== undefined && (clients?.some((one) => maker.name.startsWith(one)) ?? true),
      );
      let runCount = 0;
      return {
        title: `${name}: ${totalLength / 1024 ** 2} MiB, pieces of ${pieceLength / 1024} KiB`,
        contenders: makers.map((maker) => maker.name),
        run: async (contender) => {
          const maker = /** @type {typeof makers[number]} */ (makers.find((one) => one.name === contender));
          const made = path.join(folder, "made.torrent");
          rmSync(made, { force: true });
          const command =
            operation === "create"
              ? maker.create(payload.file, made, pieceLength)
              : /** @type {NonNullable<typeof maker.check>} */ (maker.check)(
                  payload.torrentPath,
                  payload.directory,
                );
          const stays = operation === "check" && maker.staysWhenChecked === true;
          const log = path.join(folder, `log-${runCount++}`);
          const { wall, cpu } = await runMaker(command, { folder, log, stays, timeoutMs });
          return { wallSeconds: wall, cpuSecondsPerGiB: (cpu * GIBI) / totalLength };
        },
      };
    },
  };
}

export const create = making("create", "create", "making a torrent of a file");
export const recheck = making("check", "recheck", "checking a file against its torrent");
