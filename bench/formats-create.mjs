// Making and checking the torrent of one large file: bt beside other makers. The file is in the page cache.
import { mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout as delay } from "node:timers/promises";
import { Child } from "./child.mjs";
import { BT_SCRIPT } from "./clients/bt.mjs";
import { isOnPath } from "./clients/client.mjs";
import { libtorrent } from "./clients/libtorrent.mjs";
import { median } from "./report.mjs";

const PYTHON = "/usr/bin/python3";
const LIBTORRENT_SCRIPT = path.join(
  path.dirname(fileURLToPath(import.meta.url)),
  "../tests/interop/peers/libtorrent_peer.py",
);
const GIBI = 1024 ** 3;
const MEBI = 1024 ** 2;
/** The peak that the kernel keeps is looked up so often, so that the last look comes shortly before the end. */
const SAMPLE_MS = 50;
const ANNOUNCE = "http://127.0.0.1:1/announce";

/**
 * @typedef {object} Maker
 * @property {string} name
 * @property {(file: string, target: string, pieceLength: number) => string[]} create the command
 * @property {(torrent: string, folder: string) => string[]} [check]
 * @property {boolean} [staysWhenChecked] it prints COMPLETE and goes on
 */

/** @param {string} format @returns {Maker["create"]} */
const btCreate = (format) => (file, target, pieceLength) => [
  ...[process.execPath, BT_SCRIPT, "create", file, "-o", target, "--format", format, "--quiet"],
  ...["--piece-length", String(pieceLength)],
];

/** Those that are installed. @returns {Maker[]} */
export function installedMakers() {
  /** @type {Maker["check"]} */
  const btCheck = (torrent, folder) => [process.execPath, BT_SCRIPT, "verify", torrent, folder, "--quiet"];
  /** @type {Maker[]} */
  const makers = ["v1", "v2", "hybrid"].map((format) => ({
    name: `bt ${format}`,
    create: btCreate(format),
    check: btCheck,
  }));
  if (isOnPath("mktorrent"))
    makers.push({
      name: "mktorrent",
      create: (file, target, pieceLength) => [
        ...["mktorrent", "-a", ANNOUNCE, "-l", String(Math.log2(pieceLength)), "-o", target, file],
      ],
    });
  if (isOnPath("transmission-create"))
    makers.push({
      name: "transmission-create",
      create: (file, target, pieceLength) => [
        ...["transmission-create", "-s", String(pieceLength / 1024), "-o", target, file],
      ],
    });
  if (libtorrent.isInstalled())
    makers.push({
      name: "libtorrent v1",
      create: (file, target, pieceLength) => [
        ...[PYTHON, LIBTORRENT_SCRIPT, "create", file, target, ANNOUNCE, String(pieceLength)],
      ],
      check: (torrent, folder) => [PYTHON, LIBTORRENT_SCRIPT, "run", torrent, folder, "127.77.0.1", "0"],
      staysWhenChecked: true,
    });
  return makers;
}

/**
 * Seconds and CPU seconds per GiB, medians, as rows of a table; the ratios are to the first maker.
 *
 * @param {readonly Maker[]} makers
 * @param {{ base: string, file: string, totalLength: number, pieceLength: number, rounds: number, timeoutMs: number }} setup
 */
export async function measureCreate(makers, { base, file, totalLength, pieceLength, rounds, timeoutMs }) {
  const folder = path.join(base, "create");
  mkdirSync(folder);
  /** @type {Map<string, { wall: number[], cpu: number[], peak: number[] }>} */
  const results = new Map();
  for (let round = 0; round < rounds; round++)
    for (const maker of makers) {
      const torrent = path.join(folder, "made.torrent");
      rmSync(torrent, { force: true });
      const jobs = [{ what: "create", command: maker.create(file, torrent, pieceLength), stays: false }];
      if (maker.check !== undefined)
        jobs.push({
          what: "check",
          command: maker.check(torrent, path.dirname(file)),
          stays: maker.staysWhenChecked === true,
        });
      for (const { what, command, stays } of jobs) {
        const log = path.join(folder, `log-${round}-${maker.name}-${what}`);
        const { wall, cpu, peak } = await runMaker(command, { folder, log, stays, timeoutMs });
        const key = `${what}\t${maker.name}`;
        const seen = results.get(key) ?? { wall: [], cpu: [], peak: [] };
        results.set(key, seen);
        seen.wall.push(wall);
        seen.cpu.push((cpu * GIBI) / totalLength);
        seen.peak.push(peak);
      }
    }
  const rows = [["operation", "maker", "wall s", "x bt v1", "CPU s/GiB", "x bt v1", "peak MiB"]];
  for (const what of ["create", "check"]) {
    const first = results.get(`${what}\t${makers[0]?.name ?? ""}`);
    for (const [key, { wall, cpu, peak }] of results) {
      const [operation = "", name = ""] = key.split("\t");
      if (operation !== what || first === undefined) continue;
      const ratio = (/** @type {number[]} */ a, /** @type {number[]} */ b) =>
        (median(a) / median(b)).toFixed(2);
      rows.push([
        ...[what, name, median(wall).toFixed(2), ratio(wall, first.wall)],
        ...[median(cpu).toFixed(2), ratio(cpu, first.cpu), Math.max(...peak).toFixed(0)],
      ]);
    }
  }
  return rows;
}

/**
 * @param {readonly string[]} command
 * @param {{ folder: string, log: string, stays: boolean, timeoutMs: number }} options
 */
export async function runMaker([command = "", ...args], { folder, log, stays, timeoutMs }) {
  const child = new Child(command, args, { cwd: folder, log });
  const deadline = child.startedAt + timeoutMs;
  const sampling = setInterval(() => child.sample(), SAMPLE_MS);
  try {
    // No looks at the log of one that ends by itself: they would cost it time.
    if (stays)
      while (child.status === undefined && !child.log.includes("COMPLETE")) await tick(deadline, log);
    else await Promise.race([child.exited, delay(timeoutMs, undefined, { ref: false })]);
    clearInterval(sampling);
    const wall = ((child.endedAt ?? performance.now()) - child.startedAt) / 1_000;
    const cpu = child.cpuSeconds();
    const peak = child.peakLength / MEBI;
    if (stays ? child.status !== undefined : child.status !== 0)
      throw new Error(`${command} ${args.join(" ")}: ${child.status ?? "timeout"}\n${child.log.slice(-500)}`);
    return { wall, cpu, peak };
  } finally {
    clearInterval(sampling);
    await child.stop();
  }
}

/** @param {number} deadline @param {string} log */
async function tick(deadline, log) {
  if (performance.now() > deadline) throw new Error(`timeout; see ${log}`);
  await delay(5);
}
