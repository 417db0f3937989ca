// Bencode of @bt/bencode beside other packages: a large torrent, its file list, small messages of trackers, DHT and peers.
//
// Each library works in a process of its own, and all of them take turns. In one process a turn pays for what the turn
// before it left: V8 collects it when the next one allocates, with threads whose time counts. After a wasteful library
// every other one took up to three times as long.
import { fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { median } from "./report.mjs";

const ROOT = path.join(path.dirname(fileURLToPath(import.meta.url)), "..");
const NAMES = ["bencode", "bencode-js", "bencodec", "bncode"];
/** One turn of one library at one task lasts about so long. */
const TURN_MS = 40;
/** The argument of a library's own process. */
const CHILD = "--library";

/**
 * @typedef {object} Library
 * @property {string} name
 * @property {(bytes: Buffer) => unknown} decode
 * @property {(value: any) => unknown} encode
 * @property {(value: any) => any} prepare  a plain value, as this library wants it
 * @property {(value: any) => void} visit  takes all that is in a decoded value
 */

/** @param {any} value @returns {void} */
function visitPlain(value) {
  if (Array.isArray(value)) for (const item of value) visitPlain(item);
  else if (typeof value === "object" && !ArrayBuffer.isView(value))
    for (const key in value) visitPlain(value[key]);
}

/** Those that can be found: `folder` holds a node_modules; `bencode` is also a development dependency of ours. @param {string | undefined} folder @returns {Promise<Library[]>} */
export async function loadLibraries(folder) {
  const found = [await loadOurs("@bt/bencode", path.join(ROOT, "packages/bencode/dist/index.js"))];
  const other = process.env["BT_BENCH_BENCODE"];
  if (other !== undefined) found.push(await loadOurs("other build", other));
  const folders = [...(folder === undefined ? [] : [folder]), path.join(ROOT, "packages/bencode")];
  for (const name of NAMES) {
    const home = folders.map((one) => path.join(one, "node_modules", name)).find((one) => existsSync(one));
    if (home === undefined) continue;
    const manifest = JSON.parse(readFileSync(path.join(home, "package.json"), "utf8"));
    const entry = entryOf(manifest.exports) ?? manifest.module ?? manifest.main ?? "index.js";
    const loaded = await importFile(path.join(home, entry));
    const door = typeof loaded.decode === "function" ? loaded : (loaded.default ?? {});
    if (typeof door.decode !== "function" || typeof door.encode !== "function") {
      process.stderr.write(`bench: ${name} has no decode and encode; left out\n`);
      continue;
    }
    const title = `${name} ${manifest.version}`;
    if (name === "bencode-js") found.push(...overText(title, door));
    else
      found.push({
        name: title,
        decode: door.decode,
        encode: door.encode,
        prepare: bytesAsBuffers,
        visit: visitPlain,
      });
  }
  return found;
}

/** @param {string} name @param {string} file @returns {Promise<Library>} */
async function loadOurs(name, file) {
  const { BencodeDictionary, decode, encode } = await importFile(file);
  const visit = (/** @type {any} */ value) => {
    if (Array.isArray(value)) for (const item of value) visit(item);
    else if (value instanceof BencodeDictionary) for (const [, item] of value) visit(item);
  };
  return { name, decode, encode, prepare: (value) => value, visit };
}

/**
 * bencode-js knows text alone, a character for each byte: once with the way from and to bytes, which everyone has to go
 * who sends or reads a file, and once without.
 *
 * @param {string} name
 * @param {{ decode: (text: string) => unknown, encode: (value: any) => string }} door
 * @returns {Library[]}
 */
function overText(name, { decode, encode }) {
  const prepare = (/** @type {any} */ value) => bytesAsText(value);
  return [
    {
      name,
      decode: (bytes) => decode(bytes.latin1Slice()),
      encode: (value) => Buffer.from(encode(value), "latin1"),
      prepare,
      visit: visitPlain,
    },
    { name: `${name}, text`, decode: asText(decode), encode, prepare, visit: visitPlain },
  ];
}

/** The text is made once, outside of the measured time. @param {(text: string) => unknown} decode */
function asText(decode) {
  let last = Buffer.alloc(0);
  let text = "";
  return (/** @type {Buffer} */ bytes) => {
    if (bytes !== last) [last, text] = [bytes, bytes.toString("latin1")];
    return decode(text);
  };
}

/** @param {any} value @returns {any} */
function bytesAsText(value) {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("latin1");
  return mapInside(value, bytesAsText);
}

/** Some take a Buffer only. @param {any} value @returns {any} */
function bytesAsBuffers(value) {
  return value instanceof Uint8Array ? Buffer.from(value) : mapInside(value, bytesAsBuffers);
}

/** @param {any} value @param {(value: any) => any} change @returns {any} */
function mapInside(value, change) {
  if (Array.isArray(value)) return value.map(change);
  if (typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, change(item)]));
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

/** Plain values, as a program writes them: text for what is text, bytes for the rest. @returns {Record<string, any>} */
function makeValues() {
  const bytes = (/** @type {number} */ length, /** @type {number} */ seed) =>
    Uint8Array.from({ length }, (_, i) => (i * 31 + seed * 17) & 0xff);
  const files = Array.from({ length: 10_000 }, (_, i) => ({
    length: 2_500_000 + i,
    path: [`disc ${i % 40}`, `file number ${i}.flac`],
  }));
  const id = bytes(20, 2);
  const values = Array.from({ length: 20 }, (_, i) => bytes(6, i));
  return {
    "torrent, 100,000 pieces, 10,000 files": {
      announce: "http://tracker.example/announce",
      "creation date": 1_700_000_000,
      info: { files, name: "album", "piece length": 262_144, pieces: bytes(100_000 * 20, 1) },
    },
    "list of 10,000 files": files,
    "tracker answer, 50 peers": {
      complete: 41,
      incomplete: 9,
      interval: 1_800,
      "min interval": 900,
      peers: bytes(300, 3),
    },
    "DHT query get_peers": { a: { id, info_hash: bytes(20, 5) }, q: "get_peers", t: bytes(2, 4), y: "q" },
    "DHT answer, 8 nodes, 20 peers": {
      r: { id, nodes: bytes(208, 6), token: bytes(8, 7), values },
      t: bytes(2, 4),
      y: "r",
    },
    "extension handshake": {
      m: { lt_donthave: 7, upload_only: 3, ut_holepunch: 4, ut_metadata: 2, ut_pex: 1 },
      metadata_size: 31_235,
      p: 6881,
      reqq: 250,
      v: "bt 1.0",
      yourip: bytes(4, 8),
    },
    // As people write it.
    "extension handshake, unsorted": {
      m: { ut_pex: 1, ut_metadata: 2, upload_only: 3, ut_holepunch: 4, lt_donthave: 7 },
      v: "bt 1.0",
      p: 6881,
      reqq: 250,
      metadata_size: 31_235,
      yourip: bytes(4, 8),
    },
  };
}

/**
 * - decode: the call alone. @bt/bencode checks everything and builds values when they are asked for
 * - read: decode, and take every key and value
 * - encode: a plain value
 * - encode again: what the library decoded
 */
const OPERATIONS = /** @type {const} */ (["decode", "read", "encode", "encode again"]);

/**
 * A library's process: `ask` has it get ready for a task or take a turn at it.
 *
 * @typedef {object} Runner
 * @property {string} name
 * @property {(question: Question) => Promise<number | undefined>} ask
 * @property {() => void} close
 */
/** @typedef {{ task: [value: string, operation: (typeof OPERATIONS)[number]] } | "turn" | "warm up"} Question */

/** @param {string | undefined} folder @returns {Promise<Runner[]>} */
async function startRunners(folder) {
  return (await loadLibraries(folder)).map(({ name }, i) => {
    const child = fork(fileURLToPath(import.meta.url), [CHILD, String(i), folder ?? ""]);
    const failed = once(child, "exit").then(([status]) => {
      throw new Error(`the process of ${name} ended with ${status}`);
    });
    failed.catch(() => undefined);
    return {
      name,
      ask: async (question) => {
        child.send(question);
        const [answer] = await Promise.race([once(child, "message"), failed]);
        return answer ?? undefined;
      },
      close: () => child.kill(),
    };
  });
}

/** The other end. @param {number} index @param {string} folder */
async function answerQuestions(index, folder) {
  const libraries = await loadLibraries(folder === "" ? undefined : folder);
  const library = /** @type {Library} */ (libraries[index]);
  const encodeOurs = /** @type {Library} */ (libraries[0]).encode;
  const values = makeValues();
  /** @type {(() => unknown) | undefined} */
  let task;
  let count = 1;
  const taskFor = (/** @type {string} */ name, /** @type {(typeof OPERATIONS)[number]} */ operation) => {
    const bytes = Buffer.from(/** @type {Uint8Array} */ (encodeOurs(values[name])));
    return taskOf(library, operation, bytes, values[name]);
  };
  process.on("message", (/** @type {Question} */ question) => {
    if (question === "warm up") {
      for (const name in values) for (const operation of OPERATIONS) countPerTurn(taskFor(name, operation));
      return void process.send?.(null);
    }
    if (question === "turn") return void process.send?.(task === undefined ? null : time(task, count));
    const [name, operation] = question.task;
    task = taskFor(name, operation);
    count = countPerTurn(task);
    process.send?.(task === undefined ? null : count);
  });
}

/**
 * Prints nothing; rows of a table: microseconds, and for others how many times ours.
 *
 * @param {string | undefined} folder  has a node_modules with other packages
 * @param {number} rounds
 */
export async function measureBencode(folder, rounds) {
  const runners = await startRunners(folder);
  const rows = [
    ["", "operation", ...runners.flatMap(({ name }, i) => (i === 0 ? [name] : [name, "x bt"])), "least x"],
  ];
  try {
    // Or the first rows compare how long V8 waits before it compiles.
    await Promise.all(runners.map((runner) => runner.ask("warm up")));
    for (const name of Object.keys(makeValues()))
      for (const operation of OPERATIONS) {
        /** @type {number[][]} */
        const micros = runners.map(() => []);
        for (const runner of runners) await runner.ask({ task: [name, operation] });
        for (let round = 0; round < rounds; round++)
          for (const [i, runner] of runners.entries()) {
            const taken = await runner.ask("turn");
            if (taken !== undefined) micros[i]?.push(taken);
          }
        rows.push([name, operation, ...compare(micros)]);
      }
  } finally {
    for (const runner of runners) runner.close();
  }
  return rows;
}

/** @param {readonly number[][]} micros  of each library's turns, ours first @returns {string[]} */
function compare(micros) {
  const [own = NaN, ...others] = micros.map((turns) => (turns.length === 0 ? undefined : median(turns)));
  const ratios = others.map((other) => (other === undefined ? NaN : other / own));
  return [
    micro(own),
    ...others.flatMap((other, i) =>
      other === undefined ? ["fails", ""] : [micro(other), ratios[i]?.toFixed(1) ?? ""],
    ),
    Math.min(...ratios.filter((ratio) => !Number.isNaN(ratio))).toFixed(2),
  ];
}

/** @param {number} value */
function micro(value) {
  return `${value.toPrecision(3)} µs`;
}

/**
 * `undefined` when the library fails at it or makes other bytes.
 *
 * @param {Library} library
 * @param {(typeof OPERATIONS)[number]} operation
 * @param {Buffer} bytes
 * @param {any} value
 * @returns {(() => unknown) | undefined}
 */
function taskOf(library, operation, bytes, value) {
  const { decode, encode, prepare, visit } = library;
  const isRight = (/** @type {any} */ result) => Buffer.from(result, "latin1").equals(bytes);
  try {
    if (operation === "encode") {
      const prepared = prepare(value);
      return isRight(encode(prepared)) ? () => encode(prepared) : undefined;
    }
    const decoded = decode(bytes);
    if (operation === "encode again") return isRight(encode(decoded)) ? () => encode(decoded) : undefined;
    visit(decoded);
    return operation === "decode" ? () => decode(bytes) : () => visit(decode(bytes));
  } catch {
    return undefined;
  }
}

/** Warms up, too. @param {(() => unknown) | undefined} task */
function countPerTurn(task) {
  if (task === undefined) return 0;
  const end = performance.now() + TURN_MS * 2;
  let count = 0;
  for (; performance.now() < end; count++) task();
  return Math.max(1, Math.floor(count / 2));
}

/** Microseconds of processor time of one call: other work on the machine adds nothing. @param {() => unknown} task @param {number} count */
function time(task, count) {
  const start = process.cpuUsage();
  for (let i = 0; i < count; i++) task();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / count;
}

if (process.argv[2] === CHILD) await answerQuestions(Number(process.argv[3]), process.argv[4] ?? "");
