// Part of a huge torrent of zeros in a sparse file: what bt's memory comes to, seeding and downloading.
import { createHash } from "node:crypto";
import { mkdirSync, openSync, ftruncateSync, closeSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Child } from "../child.mjs";
import { BT_SCRIPT } from "../clients/bt.mjs";
import { encodeTorrent } from "./idle-torrents.mjs";
import { GIBI, MEBI } from "./scenario.mjs";

const SEEDER = "127.77.0.1";
const PORT = 21_503;
/** So much is downloaded; the rest is left. */
const TRANSFER_LENGTH = 4 * GIBI;

/** @type {import("./scenario.mjs").Scenario} */
export const sparse = {
  name: "sparse",
  summary: "memory of bt with a part of a torrent of 100 GiB",
  columns: [
    ["peak MiB", "peakMebibytes", 0],
    ["GiB moved", "gibibytes", 1],
    ["wall s", "wallSeconds", 1],
  ],
  defaults: { totalLength: 100 * GIBI, pieceLength: 4 * MEBI, runCount: 1 },
  prepare: async ({ totalLength, pieceLength, timeoutMs }, base) => {
    const data = path.join(base, "data");
    mkdirSync(data);
    const file = path.join(data, "zeros");
    const descriptor = openSync(file, "w");
    ftruncateSync(descriptor, totalLength);
    closeSync(descriptor);
    const pieceCount = Math.ceil(totalLength / pieceLength);
    const hashOf = (/** @type {number} */ length) => createHash("sha1").update(Buffer.alloc(length)).digest();
    const hashes = Buffer.alloc(20 * pieceCount, hashOf(pieceLength));
    hashOf(totalLength - (pieceCount - 1) * pieceLength).copy(hashes, 20 * (pieceCount - 1));
    const torrentPath = path.join(base, "zeros.torrent");
    const torrent = encodeTorrent({
      name: "zeros",
      announce: "http://127.0.0.1:1/announce",
      totalLength,
      pieceLength,
      hashes,
    });
    writeFileSync(torrentPath, torrent);
    await rememberAsVerified(torrent, data, file);
    let runCount = 0;
    return {
      title: `sparse: ${totalLength / GIBI} GiB, pieces of ${pieceLength / MEBI} MiB`,
      contenders: ["bt seed", "bt download", "bt seed --memory 64M", "bt download --memory 64M"],
      run: async (contender) => {
        const folder = path.join(base, `run-${runCount++}`);
        mkdirSync(folder);
        const [, role, ...extra] = contender.split(" ");
        const start = (/** @type {string} */ name, /** @type {string[]} */ args) =>
          new Child(
            process.execPath,
            [
              BT_SCRIPT,
              name,
              torrentPath,
              ...args,
              "--no-trackers",
              "--json",
              ...(name === role ? extra : []),
            ],
            {
              cwd: folder,
              log: path.join(folder, `${name}.log`),
            },
          );
        const seeder = start("seed", ["--data", data, "--bind", SEEDER, "--port", String(PORT)]);
        const check = (/** @type {Child} */ child) => {
          if (performance.now() - child.startedAt > timeoutMs || child.status !== undefined)
            throw new Error(child.log.slice(-500));
        };
        /** @type {Child | undefined} */
        let leecher;
        try {
          for (; !seeder.log.includes('"seeding"'); await delay(50)) check(seeder);
          leecher = start("download", [
            "--out",
            folder,
            "--bind",
            "127.77.1.1",
            "--peer",
            `${SEEDER}:${PORT}`,
          ]);
          let moved = 0;
          for (; moved < Math.min(TRANSFER_LENGTH, totalLength); await delay(50)) {
            if (leecher.status !== 0) check(leecher);
            seeder.sample();
            leecher.sample();
            moved = Number([...leecher.log.matchAll(/"downloaded":(\d+)/g)].at(-1)?.[1] ?? 0);
          }
          const wallSeconds = (performance.now() - leecher.startedAt) / 1_000;
          const measured = role === "seed" ? seeder : leecher;
          return { peakMebibytes: measured.peakLength / MEBI, gibibytes: moved / GIBI, wallSeconds };
        } finally {
          leecher?.kill("SIGKILL");
          seeder.kill("SIGKILL"); // a clean end would take the journal away
          await leecher?.exited;
          await seeder.exited;
          rmSync(folder, { recursive: true, force: true });
        }
      },
    };
  },
};

/** So that the seeder need not read 100 GiB of zeros first. @param {Buffer} torrent @param {string} root @param {string} file */
async function rememberAsVerified(torrent, root, file) {
  const { parseTorrent } = await import("../../packages/metainfo/dist/index.js");
  const { recordVerified } = await import("../../packages/storage/dist/index.js");
  const { size, mtimeMs } = statSync(file);
  const stats = new Map([[0, { length: size, modifiedMs: mtimeMs }]]);
  await recordVerified({ metainfo: parseTorrent(torrent), root, stats });
}
