// Bencode of @bt/bencode beside other packages: a large torrent, small tracker and DHT messages.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { median } from "./report.mjs";

const ROOT = path.join(path.dirname(fileURLToPath(import.meta.url)), "..");
const NAMES = ["bencode", "bencode-js", "bencodec"];
/** One turn of one library at one task lasts about so long. */
const TURN_MS = 40;

/**
 * @typedef {object} Library
 * @property {string} name
 * @property {(bytes: Uint8Array) => unknown} decode
 * @property {(value: any) => Uint8Array} encode
 */

/** Those that can be found: `folder` holds a node_modules; `bencode` is also a development dependency of ours. @param {string | undefined} folder @returns {Promise<Library[]>} */
export async function loadLibraries(folder) {
  const ours = await importFile(path.join(ROOT, "packages/bencode/dist/index.js"));
  /** @type {Library[]} */
  const found = [{ name: "@bt/bencode", decode: ours.decode, encode: ours.encode }];
  const folders = [...(folder === undefined ? [] : [folder]), path.join(ROOT, "packages/bencode")];
  for (const name of NAMES) {
    const home = folders.map((one) => path.join(one, "node_modules", name)).find((one) => existsSync(one));
    if (home === undefined) continue;
    const manifest = JSON.parse(readFileSync(path.join(home, "package.json"), "utf8"));
    const entry = entryOf(manifest.exports) ?? manifest.module ?? manifest.main ?? "index.js";
    const loaded = await importFile(path.join(home, entry));
    const door = typeof loaded.decode === "function" ? loaded : (loaded.default ?? {});
    if (typeof door.decode === "function" && typeof door.encode === "function")
      found.push({ name: `${name} ${manifest.version}`, decode: door.decode, encode: door.encode });
    else process.stderr.write(`bench: ${name} has no decode and encode; left out\n`);
  }
  return found;
}

/** @param {any} exports @returns {string | undefined} */
function entryOf(exports) {
  if (typeof exports === "string" || exports === undefined || exports === null) return exports ?? undefined;
  return entryOf(exports["."] ?? exports.import ?? exports.node ?? exports.default ?? exports.require);
}

/** @param {string} file @returns {Promise<any>} */
function importFile(file) {
  return import(pathToFileURL(file).href);
}

/** @param {(value: object) => Uint8Array} encode @returns {{ name: string, bytes: Uint8Array }[]} */
function makeInputs(encode) {
  const bytes = (/** @type {number} */ length, /** @type {number} */ seed) =>
    Uint8Array.from({ length }, (_, i) => (i * 31 + seed * 17) & 0xff);
  const files = Array.from({ length: 10_000 }, (_, i) => ({
    length: 2_500_000 + i,
    path: [`disc ${i % 40}`, `file number ${i}.flac`],
  }));
  const info = { name: "album", "piece length": 262_144, pieces: bytes(100_000 * 20, 1), files };
  const id = bytes(20, 2);
  const values = Array.from({ length: 8 }, (_, i) => bytes(6, i));
  return Object.entries({
    "torrent, 100,000 pieces, 10,000 files": {
      announce: "http://tracker.example/announce",
      "creation date": 1_700_000_000,
      info,
    },
    "tracker answer, 50 peers": { interval: 1_800, complete: 41, incomplete: 9, peers: bytes(300, 3) },
    "DHT query get_peers": { t: bytes(2, 4), y: "q", q: "get_peers", a: { id, info_hash: bytes(20, 5) } },
    "DHT answer, 8 nodes, 8 peers": {
      t: bytes(2, 4),
      y: "r",
      r: { id, nodes: bytes(208, 6), token: bytes(8, 7), values },
    },
  }).map(([name, value]) => ({ name, bytes: encode(value) }));
}

/** Every library encodes what it decoded. Prints a table. @param {readonly Library[]} libraries @param {number} rounds */
export function measureBencode(libraries, rounds) {
  const rows = [
    ["", "operation", ...libraries.flatMap(({ name }, i) => (i === 0 ? [name] : [name, "x bt"]))],
  ];
  for (const { name, bytes } of makeInputs(/** @type {Library} */ (libraries[0]).encode))
    for (const operation of /** @type {const} */ (["decode", "encode"])) {
      /** @type {(() => unknown)[]} */
      const tasks = libraries.map((library) => {
        // Some take a Buffer only.
        const input = Buffer.from(bytes);
        const value = library.decode(input);
        if (!Buffer.from(library.encode(value)).equals(input))
          process.stderr.write(`bench: ${library.name} does not give the bytes back: ${name}\n`);
        return operation === "decode" ? () => library.decode(input) : () => library.encode(value);
      });
      const counts = tasks.map(countPerTurn);
      /** @type {number[][]} */
      const micros = tasks.map(() => []);
      for (let round = 0; round < rounds; round++)
        for (const [i, task] of tasks.entries()) micros[i]?.push(time(task, counts[i] ?? 1));
      const medians = micros.map(median);
      rows.push([
        name,
        operation,
        ...medians.flatMap((value, i) => {
          const text = `${value.toPrecision(3)} µs`;
          return i === 0 ? [text] : [text, (value / (medians[0] ?? NaN)).toFixed(2)];
        }),
      ]);
    }
  return rows;
}

/** Warms up, too. @param {() => unknown} task */
function countPerTurn(task) {
  const end = performance.now() + TURN_MS * 2;
  let count = 0;
  for (; performance.now() < end; count++) task();
  return Math.max(1, Math.floor(count / 2));
}

/** Microseconds of one call. @param {() => unknown} task @param {number} count */
function time(task, count) {
  const start = performance.now();
  for (let i = 0; i < count; i++) task();
  return ((performance.now() - start) * 1_000) / count;
}
