// A thousand small torrents that nobody wants anything of.
import { createHash, randomFillSync } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Child } from "../child.mjs";
import { startTracker } from "../tracker.mjs";
import { chooseSeeders, lookAtIdle, seederNamed } from "./seeders.mjs";
import { MEBI } from "./scenario.mjs";

const FILE_LENGTH = 256 * 1024;
const PIECE_LENGTH = 64 * 1024;

/** @type {import("./scenario.mjs").Scenario} */
export const idleTorrents = {
  name: "idle-torrents",
  summary: "many complete torrents: loading, checking, and doing nothing",
  columns: [
    ["ready s", "readySeconds", 2],
    ["CPU s", "loadCpuSeconds", 2],
    ["CPU s to announce", "announceCpuSeconds", 2],
    ["RSS MiB", "residentMebibytes", 0],
    ["peak MiB", "peakMebibytes", 0],
    ["idle % of a core", "idlePercent", 3],
  ],
  prepare: async ({ clients, torrentCount, seconds, timeoutMs }, base) => {
    const tracker = await startTracker();
    const torrents = path.join(base, "torrents");
    const data = path.join(base, "data");
    mkdirSync(torrents);
    mkdirSync(data);
    for (let i = 0; i < torrentCount; i++)
      makeTorrent(torrents, data, `idle-${String(i).padStart(5, "0")}`, tracker.url);
    let runCount = 0;
    return {
      title: `${torrentCount} idle torrents of ${FILE_LENGTH / 1024} KiB, each with a tracker`,
      contenders: chooseSeeders(clients),
      run: async (name) => {
        tracker.reset();
        const seeder = seederNamed(name);
        const job = {
          torrents,
          data,
          count: torrentCount,
          host: "127.77.0.1",
          port: 21_500,
          connectionCount: 200,
        };
        const [command = "", ...args] = seeder.command(job);
        const child = new Child(command, args, { cwd: base, log: path.join(base, `log-${runCount++}`) });
        try {
          while (!seeder.isReady(child.log, job)) {
            if (child.status !== undefined)
              throw new Error(`ended with ${child.status}: ${child.log.slice(-500)}`);
            if (performance.now() - child.startedAt > timeoutMs) throw new Error("timeout");
            await delay(50);
          }
          const readySeconds = (performance.now() - child.startedAt) / 1_000;
          const loadCpuSeconds = child.cpuSeconds();
          // Trackers are told of one torrent after another, so that none is stormed: that comes to its end first.
          for (let seen = -1; seen !== tracker.announceCount(); await delay(3_000))
            seen = tracker.announceCount();
          const announceCpuSeconds = child.cpuSeconds() - loadCpuSeconds;
          const idle = await lookAtIdle(child.pid, seconds);
          child.sample();
          return {
            readySeconds,
            loadCpuSeconds,
            announceCpuSeconds,
            ...idle,
            peakMebibytes: child.peakLength / MEBI,
          };
        } finally {
          await child.stop();
        }
      },
      close: () => tracker.close(),
    };
  },
};

/** @param {string} torrents @param {string} data @param {string} name @param {string} announce */
function makeTorrent(torrents, data, name, announce) {
  const bytes = randomFillSync(Buffer.alloc(FILE_LENGTH));
  const hashes = [];
  for (let at = 0; at < FILE_LENGTH; at += PIECE_LENGTH)
    hashes.push(
      createHash("sha1")
        .update(bytes.subarray(at, at + PIECE_LENGTH))
        .digest(),
    );
  writeFileSync(path.join(data, name), bytes);
  writeFileSync(
    path.join(torrents, `${name}.torrent`),
    encodeTorrent({
      name,
      announce,
      totalLength: FILE_LENGTH,
      pieceLength: PIECE_LENGTH,
      hashes: Buffer.concat(hashes),
    }),
  );
}

/**
 * A v1 torrent of one file.
 *
 * @param {{ name: string, announce: string, totalLength: number, pieceLength: number, hashes: Buffer }} torrent
 */
export function encodeTorrent({ name, announce, totalLength, pieceLength, hashes }) {
  const text = (/** @type {string} */ value) => `${Buffer.byteLength(value)}:${value}`;
  const head =
    `d8:announce${text(announce)}4:infod6:lengthi${totalLength}e4:name${text(name)}` +
    `12:piece lengthi${pieceLength}e6:pieces${hashes.length}:`;
  return Buffer.concat([Buffer.from(head), hashes, Buffer.from("ee")]);
}
