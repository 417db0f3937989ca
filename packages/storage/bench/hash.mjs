// Hashing a payload to make a torrent, and rechecking it, against mktorrent where it is installed.
// usage: node bench/hash.mjs [folder, default /dev/shm] [MiB, default 1024]; needs the packages' builds
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { createStorage, hashFiles, hashFileTrees, HashWorkers } from "@bt/storage";
import { benchTorrent, measure } from "./torrent.mjs";

const [folder = "/dev/shm", size = "1024"] = process.argv.slice(2);
const totalLength = Number(size) * 1024 * 1024;
const pieceLength = 1024 * 1024;
const root = mkdtempSync(join(folder, "bt-bench-"));
try {
  const { metainfo, content } = benchTorrent(totalLength, pieceLength);
  const absolutePath = join(root, "payload");
  const fd = openSync(absolutePath, "w");
  for (let at = 0; at < totalLength; at += content.length) writeSync(fd, content);
  closeSync(fd);
  const files = [{ absolutePath, length: totalLength }];

  for (let round = 0; round < 3; round++) {
    for (const threads of [1, 2]) {
      await measure(`hashFiles, ${threads} workers`, totalLength, () =>
        hashFiles({ files, pieceLength, workers: threads }),
      );
      mktorrent(absolutePath, threads);
    }
    await measure("hashFileTrees (v2), 2 workers", totalLength, () =>
      hashFileTrees({ files, pieceLength, workers: 2 }),
    );
    const hashers = new HashWorkers({ count: 2 });
    const storage = createStorage({ metainfo, root, hashers });
    await measure("recheck, 2 workers", totalLength, () => storage.open({ recheck: "all" }));
    await storage.close();
    await hashers.close();
  }
} finally {
  rmSync(root, { recursive: true, force: true });
}

function mktorrent(path, threads) {
  const output = join(root, "out.torrent");
  rmSync(output, { force: true });
  const command = `TIMEFORMAT="%R %U %S"; time mktorrent -l 20 -t ${threads} -o "${output}" "${path}" >/dev/null`;
  const { status, stderr } = spawnSync("bash", ["-c", command], { encoding: "utf8" });
  if (status !== 0) return;
  const [wall, user, system] = stderr
    .trim()
    .split(" ")
    .map((text) => (Number(text) * 1024) / Number(size));
  console.log(JSON.stringify({ name: `mktorrent -t ${threads}`, wall, cpu: user + system, user, system }));
}
