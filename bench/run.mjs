#!/usr/bin/env node
// Measures bt beside other clients on this machine; README.md tells how to read the result.
import { existsSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { cpus, platform, release } from "node:os";
import path from "node:path";
import { aria2 } from "./clients/aria2.mjs";
import { bt } from "./clients/bt.mjs";
import { libtorrent } from "./clients/libtorrent.mjs";
import { qbittorrent } from "./clients/qbittorrent.mjs";
import { rtorrent } from "./clients/rtorrent.mjs";
import { transmission } from "./clients/transmission.mjs";
import { webtorrent } from "./clients/webtorrent.mjs";
import { measure } from "./measure.mjs";
import { parseOptions, USAGE } from "./options.mjs";
import { makePayload } from "./payload.mjs";
import { formatReport } from "./report.mjs";
import { startTracker } from "./tracker.mjs";

const CLIENTS = [bt, aria2, libtorrent, rtorrent, qbittorrent, transmission, webtorrent];
/** A client that fails so often is left out of the following rounds. */
const MAX_FAILURES = 2;

/** @param {string} message @returns {never} */
function fail(message) {
  process.stderr.write(`bench: ${message}\n`);
  process.exit(2);
}

/** @param {string} name */
function clientNamed(name) {
  const client = CLIENTS.find((one) => one.name === name);
  if (client === undefined)
    fail(`no client "${name}"; there are ${CLIENTS.map((one) => one.name).join(", ")}`);
  if (!client.isInstalled())
    fail(name === "bt" ? "bt is not built; run npm run build first" : `${name} is not installed`);
  return client;
}

async function main() {
  if (platform() !== "linux") fail("needs Linux: costs are read from /proc");
  const options = (() => {
    try {
      return parseOptions(process.argv.slice(2));
    } catch (error) {
      return fail(/** @type {Error} */ (error).message);
    }
  })();
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  clientNamed("bt"); // It makes the torrent, too.
  const chosen = options.clients?.map(clientNamed) ?? CLIENTS.filter((client) => client.isInstalled());
  const counterpart = clientNamed(options.counterpart);
  const say = (/** @type {string} */ text) =>
    (options.json === "-" ? process.stderr : process.stdout).write(`${text}\n`);

  if (!existsSync(options.base)) fail(`${options.base} does not exist; choose a folder with --base`);
  const { bavail, bsize } = statfsSync(options.base);
  if (bavail * bsize < options.totalLength * 2.2) fail(`${options.base} has no room for twice the payload`);
  const base = mkdtempSync(path.join(options.base, "bt-bench-"));
  process.on("exit", () => rmSync(base, { recursive: true, force: true }));
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"]))
    process.on(signal, () => process.exit(130));

  const tracker = await startTracker();
  const payload = makePayload(base, options.totalLength, options.pieceLength, tracker.url);
  /** @type {import("./measure.mjs").Row[]} */
  const rows = [];
  /** @type {Map<string, number>} */
  const failures = new Map();
  for (let run = 1; run <= options.runCount; run++)
    for (const client of chosen) {
      if ((failures.get(client.name) ?? 0) >= MAX_FAILURES) continue;
      try {
        const { role, timeoutMs, verify } = options;
        const row = await measure({ client, counterpart, role, payload, tracker, base, timeoutMs, verify });
        rows.push(row);
        say(
          `run ${run}  ${client.name.padEnd(12)} wall ${row.wallSeconds.toFixed(2)} s  CPU ${row.cpuSecondsPerGiB.toFixed(2)} s/GiB  peak ${row.peakMebibytes.toFixed(0)} MiB  (${counterpart.name}: ${row.counterpartCpuSecondsPerGiB.toFixed(2)} s/GiB)`,
        );
      } catch (error) {
        failures.set(client.name, (failures.get(client.name) ?? 0) + 1);
        say(`run ${run}  ${client.name.padEnd(12)} FAILED: ${/** @type {Error} */ (error).message}`);
      }
    }
  tracker.close();
  say(
    `\n${options.role}, ${options.totalLength / 2 ** 20} MiB, pieces of ${options.pieceLength / 1024} KiB, other end ${counterpart.name}, medians\n`,
  );
  say(formatReport(rows));
  if (options.json !== undefined) {
    const environment = {
      node: process.version,
      kernel: release(),
      cpu: cpus()[0]?.model,
      cpuCount: cpus().length,
    };
    const text = `${JSON.stringify({ options, environment, failures: Object.fromEntries(failures), rows }, null, 2)}\n`;
    if (options.json === "-") process.stdout.write(text);
    else writeFileSync(options.json, text);
  }
  return failures.size > 0 ? 1 : 0;
}

process.exit(await main());
