// One torrent between seeders and leechers: one side is measured, the other is always the same client.
import { mkdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Child, groupCpuSeconds } from "../child.mjs";
import { chooseClients, clientNamed } from "../clients/index.mjs";
import { makePayload, sameBytes } from "../payload.mjs";
import { startTracker } from "../tracker.mjs";
import { GIBI, MEBI } from "./scenario.mjs";

/** @typedef {import("../clients/client.mjs").Client} Client */
/** @typedef {import("../clients/client.mjs").Job} Job */
/** @typedef {import("./scenario.mjs").Scenario} Scenario */

/** @type {Scenario["columns"]} */
const COLUMNS = [
  ["wall s", "wallSeconds", 2],
  ["CPU s/GiB", "cpuSecondsPerGiB", 2],
  ["peak MiB", "peakMebibytes", 0],
  ["anon MiB", "anonymousMebibytes", 0],
  ["other end CPU", "otherCpuSecondsPerGiB", 2],
];

/**
 * @param {string} name @param {string} summary
 * @param {{ role: "seeder" | "leecher", seeders?: boolean, leechers?: boolean, size?: number }} shape who is measured, and of whom there are several
 * @returns {Scenario}
 */
function transfer(name, summary, { role, seeders = false, leechers = false, size = GIBI }) {
  return {
    name,
    summary,
    columns: COLUMNS,
    defaults: { totalLength: size, peerCount: 8 },
    prepare: async (options, base) => {
      const contenders = chooseClients(options.clients);
      const counterpart = clientNamed(options.counterpart);
      const tracker = await startTracker();
      const payload = makePayload(base, options.totalLength, options.pieceLength, tracker.url);
      const counts = {
        seeder: seeders ? options.peerCount : 1,
        leecher: leechers ? options.peerCount : 1,
      };
      const setup = { ...options, counterpart, role, counts, payload, tracker, base };
      const piece = `pieces of ${options.pieceLength / 1024} KiB`;
      return {
        title: `${name}: ${options.totalLength / MEBI} MiB, ${piece}, ${counts.seeder} to ${counts.leecher}, other end ${counterpart.name}`,
        contenders: contenders.map((client) => client.name),
        run: (contender) => measure({ client: clientNamed(contender), ...setup }),
        close: () => tracker.close(),
      };
    },
  };
}

export const download = transfer("download", "one leecher from one seeder", { role: "leecher" });
export const seed = transfer("seed", "one seeder to one leecher", { role: "seeder" });
export const fanIn = transfer("fan-in", "one leecher from several seeders", {
  role: "leecher",
  seeders: true,
});
export const fanOut = transfer("fan-out", "one seeder to several leechers", {
  role: "seeder",
  leechers: true,
  size: GIBI / 4,
});

let runCount = 0;

/**
 * @param {object} setup
 * @param {Client} setup.client the one that is measured
 * @param {Client} setup.counterpart
 * @param {"seeder" | "leecher"} setup.role of the measured one
 * @param {{ seeder: number, leecher: number }} setup.counts
 * @param {import("../payload.mjs").Payload} setup.payload
 * @param {import("../tracker.mjs").BenchTracker} setup.tracker
 * @param {string} setup.base
 * @param {number} setup.timeoutMs
 * @param {boolean} setup.verify
 */
async function measure({ client, counterpart, role, counts, payload, tracker, base, timeoutMs, verify }) {
  const folder = path.join(base, `run-${runCount++}`);
  tracker.reset();
  const kinds =
    role === "seeder" ? { seeder: client, leecher: counterpart } : { seeder: counterpart, leecher: client };
  if (kinds.seeder.waitsToBeDialled && kinds.leecher.waitsToBeDialled)
    throw new Error("neither side would dial");
  /** @type {{ seeder: { child: Child, job: Job }[], leecher: { child: Child, job: Job }[] }} */
  const started = { seeder: [], leecher: [] };
  const all = () => [...started.seeder, ...started.leecher];
  const children = (/** @type {"seeder" | "leecher"} */ side) => started[side].map(({ child }) => child);
  const deadline = performance.now() + timeoutMs;
  const check = (/** @type {string} */ what) => {
    if (performance.now() > deadline) throw new Error(`timeout: ${what}`);
    for (const { child } of all())
      if (child.status !== undefined && child.status !== 0)
        throw new Error(`a client ended with ${child.status}: ${child.log.slice(-500)}`);
  };
  const start = async (/** @type {"seeder" | "leecher"} */ side) => {
    const kind = kinds[side];
    for (let i = 0; i < counts[side]; i++) {
      const home = path.join(folder, `${side}-${i}`);
      const directory = side === "seeder" ? payload.directory : path.join(home, "download");
      mkdirSync(side === "seeder" ? home : directory, { recursive: true });
      const host = `127.77.${side === "seeder" ? 0 : 1}.${i + 1}`;
      const job = {
        role: side,
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
      started[side].push({ child, job });
      await kind.started?.(job);
    }
  };
  const waitForSeeders = async () => {
    for (; tracker.seederCount() < counts.seeder; await delay(20))
      check(`${kinds.seeder.name} announces itself as a seeder`);
    await delay(300); // They settle.
  };
  try {
    let seederCpuBefore = 0;
    if (kinds.leecher.waitsToBeDialled) {
      // Only a seeder that comes later is told of the leecher and dials it.
      await start("leecher");
      for (; tracker.peerCount() < counts.leecher; await delay(10))
        check(`${kinds.leecher.name} announces itself`);
      await start("seeder");
    } else {
      await start("seeder");
      await waitForSeeders();
      seederCpuBefore = groupCpuSeconds(children("seeder"));
      await start("leecher");
    }
    /** @type {Set<Child>} */
    const complete = new Set();
    let completedAt = 0;
    while (complete.size < counts.leecher) {
      check(`${kinds.leecher.name} completes from ${kinds.seeder.name}`);
      for (const { child, job } of started.leecher) {
        if (complete.has(child)) continue;
        child.sample();
        if (child.status === undefined && !(await kinds.leecher.isComplete?.(job, () => child.log))) continue;
        complete.add(child);
        completedAt = Math.max(completedAt, child.endedAt ?? performance.now());
      }
      for (const { child } of started.seeder) child.sample();
      await delay(20);
    }
    check("end");
    const cpu = {
      leecher: groupCpuSeconds(children("leecher")),
      seeder: groupCpuSeconds(children("seeder")) - seederCpuBefore,
    };
    const wallSeconds = (completedAt - /** @type {Child} */ (children("leecher")[0]).startedAt) / 1_000;
    for (const { child } of started.leecher) await child.stop();
    for (const { job } of verify ? started.leecher : [])
      if (!sameBytes(payload.file, path.join(job.directory, path.basename(payload.file))))
        throw new Error("the download differs from the payload");
    const gibibytes = (payload.totalLength * counts.leecher) / GIBI;
    const other = role === "seeder" ? "leecher" : "seeder";
    return {
      wallSeconds,
      cpuSecondsPerGiB: cpu[role] / gibibytes,
      otherCpuSecondsPerGiB: cpu[other] / gibibytes,
      peakMebibytes: Math.max(...children(role).map((child) => child.peakLength)) / MEBI,
      anonymousMebibytes: Math.max(...children(role).map((child) => child.anonymousLength)) / MEBI,
    };
  } finally {
    for (const { child } of all().reverse()) await child.stop();
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
