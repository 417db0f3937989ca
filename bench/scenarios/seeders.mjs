// Programs that seed a whole folder of torrents, for the scenarios in which hardly anything happens.
import path from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout as delay } from "node:timers/promises";
import { BT_SCRIPT } from "../clients/bt.mjs";
import { clientNamed } from "../clients/index.mjs";
import { libtorrent } from "../clients/libtorrent.mjs";
import { residentLength, threadCpuSeconds } from "../process-cost.mjs";

/** @typedef {{ torrents: string, data: string, count: number, host: string, port: number, connectionCount: number }} FolderJob */

const LIBTORRENT_MANY = path.join(
  path.dirname(fileURLToPath(import.meta.url)),
  "../clients/libtorrent_many.py",
);

const SEEDERS = {
  bt: {
    isInstalled: () => clientNamed("bt") !== undefined,
    command: (/** @type {FolderJob} */ { torrents, data, host, port, connectionCount }) => [
      ...[process.execPath, BT_SCRIPT, "seed", torrents, "--data", data, "--json", "--bind", host],
      ...["--port", String(port), "--max-peers", String(connectionCount)],
    ],
    isReady: (/** @type {string} */ log, /** @type {FolderJob} */ { count }) =>
      log.split('"event":"seeding"').length > count,
  },
  libtorrent: {
    isInstalled: libtorrent.isInstalled,
    command: (/** @type {FolderJob} */ { torrents, data, host, port, connectionCount }) => [
      ...["/usr/bin/python3", LIBTORRENT_MANY, torrents, data, host, String(port), String(connectionCount)],
    ],
    isReady: (/** @type {string} */ log) => log.includes("SEEDING"),
  },
};

/** @param {readonly string[] | undefined} names */
export function chooseSeeders(names) {
  return Object.entries(SEEDERS)
    .filter(([name, { isInstalled }]) => (names?.includes(name) ?? true) && isInstalled())
    .map(([name]) => name);
}

/** @param {string} name */
export function seederNamed(name) {
  return SEEDERS[/** @type {keyof typeof SEEDERS} */ (name)];
}

/**
 * Percent of one core that a process takes over some seconds, after it has settled, and what it then holds.
 *
 * @param {number} pid @param {number} seconds
 */
export async function lookAtIdle(pid, seconds) {
  await delay(3_000);
  const before = threadCpuSeconds(pid);
  const startedAt = performance.now();
  await delay(seconds * 1_000);
  let spent = 0;
  // A thread that ended meanwhile is left out: it had nothing to do.
  for (const [thread, seconds] of threadCpuSeconds(pid)) spent += seconds - (before.get(thread) ?? 0);
  const idlePercent = (spent / ((performance.now() - startedAt) / 1_000)) * 100;
  return { idlePercent, residentMebibytes: residentLength(pid) / 1024 ** 2 };
}
