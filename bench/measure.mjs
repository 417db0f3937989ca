// One run: one seeder, one leecher, one of them measured.
import { mkdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Child } from "./child.mjs";
import { sameBytes } from "./payload.mjs";

/** @typedef {import("./clients/client.mjs").Client} Client */
/**
 * @typedef {object} Row
 * @property {string} client
 * @property {string} counterpart
 * @property {"seeder" | "leecher"} role
 * @property {number} wallSeconds leecher's start to its completion
 * @property {number} cpuSecondsPerGiB user and system, of the measured client's process tree
 * @property {number} counterpartCpuSecondsPerGiB
 * @property {number} peakMebibytes
 * @property {number} anonymousMebibytes
 */

const GIBI = 1024 ** 3;
const MEBI = 1024 ** 2;
let runCount = 0;

/**
 * @param {object} setup
 * @param {Client} setup.client the one that is measured
 * @param {Client} setup.counterpart
 * @param {"seeder" | "leecher"} setup.role of the measured one
 * @param {import("./payload.mjs").Payload} setup.payload
 * @param {import("./tracker.mjs").BenchTracker} setup.tracker
 * @param {string} setup.base
 * @param {number} setup.timeoutMs
 * @param {boolean} setup.verify
 * @returns {Promise<Row>}
 */
export async function measure({ client, counterpart, role, payload, tracker, base, timeoutMs, verify }) {
  const folder = path.join(base, `run-${runCount++}`);
  const out = path.join(folder, "download");
  mkdirSync(out, { recursive: true });
  tracker.reset();
  const [seederKind, leecherKind] = role === "seeder" ? [client, counterpart] : [counterpart, client];
  if (seederKind.waitsToBeDialled && leecherKind.waitsToBeDialled) throw new Error("neither side would dial");
  /** @type {{ child: Child, job: import("./clients/client.mjs").Job }[]} */
  const started = [];
  const deadline = performance.now() + timeoutMs;
  const check = (/** @type {string} */ what) => {
    if (performance.now() > deadline) throw new Error(`timeout: ${what}`);
    for (const { child } of started)
      if (child.status !== undefined && child.status !== 0)
        throw new Error(`a client ended with ${child.status}: ${child.log.slice(-500)}`);
  };
  /** @param {Client} kind @param {"seeder" | "leecher"} as */
  const start = async (kind, as) => {
    const home = path.join(folder, as);
    mkdirSync(home);
    const host = as === "seeder" ? "127.77.0.1" : "127.77.0.2";
    const directory = as === "seeder" ? payload.directory : out;
    const job = {
      role: as,
      torrentPath: payload.torrentPath,
      directory,
      host,
      port: await freePort(host),
      home,
    };
    const { command, args, env } = kind.prepare(job);
    const child = new Child(command, args, {
      cwd: home,
      log: path.join(home, "log"),
      ...(env ? { env } : {}),
    });
    started.push({ child, job });
    await kind.started?.(job);
    return { child, job };
  };
  const waitForSeeder = async () => {
    for (; !tracker.hasSeeder(); await delay(20)) check(`${seederKind.name} announces itself as a seeder`);
    await delay(300); // It settles.
  };
  try {
    let seeder;
    let leecher;
    let seederCpuBefore = 0;
    if (leecherKind.waitsToBeDialled) {
      // Only a seeder that comes later is told of the leecher and dials it.
      leecher = await start(leecherKind, "leecher");
      for (; !tracker.hasPeer(); await delay(10)) check(`${leecherKind.name} announces itself`);
      seeder = await start(seederKind, "seeder");
    } else {
      seeder = await start(seederKind, "seeder");
      await waitForSeeder();
      seederCpuBefore = seeder.child.cpuSeconds();
      leecher = await start(leecherKind, "leecher");
    }
    const isComplete = async () =>
      leecher.child.status !== undefined ||
      ((await leecherKind.isComplete?.(leecher.job, () => leecher.child.log)) ?? false);
    while (!(await isComplete())) {
      check(`${leecherKind.name} completes from ${seederKind.name}`);
      seeder.child.sample();
      leecher.child.sample();
      await delay(20);
    }
    check("end");
    const wallSeconds = ((leecher.child.endedAt ?? performance.now()) - leecher.child.startedAt) / 1_000;
    const leecherCpu = leecher.child.cpuSeconds();
    const seederCpu = seeder.child.cpuSeconds() - seederCpuBefore;
    const measured = role === "seeder" ? seeder.child : leecher.child;
    const [own, other] = role === "seeder" ? [seederCpu, leecherCpu] : [leecherCpu, seederCpu];
    await leecher.child.stop();
    if (verify && !sameBytes(payload.file, path.join(out, path.basename(payload.file))))
      throw new Error("the download differs from the payload");
    return {
      client: client.name,
      counterpart: counterpart.name,
      role,
      wallSeconds,
      cpuSecondsPerGiB: (own * GIBI) / payload.totalLength,
      counterpartCpuSecondsPerGiB: (other * GIBI) / payload.totalLength,
      peakMebibytes: measured.peakLength / MEBI,
      anonymousMebibytes: measured.anonymousLength / MEBI,
    };
  } finally {
    for (const { child } of started.reverse()) await child.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A port that is free here, and the next one with it: some clients need a second for their remote control. @param {string} host */
async function freePort(host) {
  for (;;) {
    // Below the range of outgoing connections.
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if ((await isFree(host, port)) && (await isFree("127.0.0.1", port + 1))) return port;
  }
}

/** @param {string} host @param {number} port @returns {Promise<boolean>} */
function isFree(host, port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ host, port }, () => server.close(() => resolve(true)));
  });
}
