// Parsing torrents of a million files and of a million pieces: time and memory, each in a process of its own.
//
//   node bench/formats-large.mjs [COUNT]        build first
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { argv, execPath, memoryUsage, resourceUsage } from "node:process";
import { fileURLToPath } from "node:url";

const SELF = fileURLToPath(import.meta.url);
const MEBI = 2 ** 20;
const PIECE_LENGTH = 16_384;
const metainfo = await import(new URL("../packages/metainfo/dist/index.js", import.meta.url).href);

/** @param {number} count @returns {Record<string, () => Uint8Array>} */
function makers(count) {
  const { createTorrent, merklePadRoot, merkleRoot } = metainfo;
  const numbered = (/** @type {number} */ length) => {
    const bytes = new Uint8Array(length);
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < length / 32; i++) view.setUint32(32 * i, i + 1);
    return bytes;
  };
  const files = () =>
    Array.from({ length: count }, (_, i) => ({
      path: [
        `dir ${String(Math.floor(i / 1000)).padStart(4, "0")}`,
        `file ${String(i).padStart(8, "0")}.bin`,
      ],
      length: 100,
    }));
  const pieceHashes = (/** @type {number} */ length) => new Uint8Array(Math.ceil(length / PIECE_LENGTH) * 20);
  return {
    "files, v1": () =>
      createTorrent({
        ...{ name: "files", files: files(), pieceLength: PIECE_LENGTH },
        pieceHashes: pieceHashes(100 * count),
      }),
    "files, v2": () => {
      const roots = numbered(32 * count);
      const hashed = files().map((file, i) => ({ ...file, piecesRoot: roots.subarray(32 * i, 32 * i + 32) }));
      return createTorrent({ name: "files", files: hashed, pieceLength: PIECE_LENGTH });
    },
    "pieces, v1": () =>
      createTorrent({
        ...{ name: "pieces", files: [{ path: [], length: PIECE_LENGTH * count }], pieceLength: PIECE_LENGTH },
        pieceHashes: pieceHashes(PIECE_LENGTH * count),
      }),
    "pieces, v2": () => {
      const pieceLayer = numbered(32 * count);
      const piecesRoot = merkleRoot(pieceLayer, { pad: merklePadRoot(1) });
      const file = { path: [], length: PIECE_LENGTH * count, piecesRoot, pieceLayer };
      return createTorrent({ name: "pieces", files: [file], pieceLength: PIECE_LENGTH });
    },
  };
}

/** One torrent in this process: a line of JSON. @param {string} file */
function parse(file) {
  const bytes = readFileSync(file);
  const before = memoryUsage().rss;
  const startedAt = performance.now();
  const torrent = metainfo.parseTorrent(bytes);
  const seconds = (performance.now() - startedAt) / 1_000;
  const peakLength = resourceUsage().maxRSS * 1024 - before;
  globalThis.gc?.();
  console.log(
    JSON.stringify({
      ...{
        "MB of torrent": round(bytes.length / 1e6),
        files: torrent.files.length,
        pieces: torrent.pieceCount,
      },
      ...{ seconds: round(seconds), "peak MiB more": round(peakLength / MEBI) },
      "kept MiB of objects": round(memoryUsage().heapUsed / MEBI),
    }),
  );
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 10) / 10;
}

function main() {
  const count = Number(argv[2] ?? 1_000_000);
  const folder = mkdtempSync(path.join(tmpdir(), "bt-bench-"));
  try {
    /** @type {Record<string, unknown>} */
    const rows = {};
    for (const [name, make] of Object.entries(makers(count))) {
      const file = path.join(folder, "large.torrent");
      writeFileSync(file, make());
      const { stdout, stderr } = spawnSync(execPath, ["--expose-gc", SELF, "--parse", file], {
        encoding: "utf8",
      });
      if (stdout === "") throw new Error(stderr);
      rows[name] = JSON.parse(stdout);
    }
    console.table(rows);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (argv[2] === "--parse") parse(/** @type {string} */ (argv[3]));
else main();
