// The command line of run.mjs.
import { parseArgs } from "node:util";

const UNITS = ["", "K", "M", "G"];

/** `64K`, `1GiB` or plain bytes. @param {string} text */
export function parseLength(text) {
  const match = /^(\d+)([KMG]?)(?:i?B)?$/i.exec(text);
  if (match === null) throw new Error(`"${text}" is not a length; write 64K, 256M or 1G`);
  return Number(match[1]) * 1024 ** UNITS.indexOf((match[2] ?? "").toUpperCase());
}

/** As `parseLength` reads it. @param {number} length */
export function formatLength(length) {
  const power = [3, 2, 1].find((one) => length >= 1024 ** one && length % 1024 ** one === 0);
  if (power !== undefined) return `${length / 1024 ** power}${UNITS[power]}`;
  return length > 1024 ** 2 ? `${Math.round(length / 1024 ** 2)}M` : String(length);
}

/** @param {string} text */
export function parseCount(text) {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new Error(`"${text}" is not a number; write 1 to 99999`);
  return Number(text);
}

/**
 * @typedef {object} Options
 * @property {readonly string[] | undefined} clients
 * @property {string} counterpart
 * @property {number} totalLength
 * @property {number} pieceLength
 * @property {number} peerCount
 * @property {number} torrentCount
 * @property {number} runCount
 * @property {number} seconds
 * @property {string} base
 * @property {number} timeoutMs
 * @property {number} budgetMs
 * @property {boolean} verify
 * @property {string | undefined} json
 */

/** @type {Options} */
const DEFAULTS = {
  clients: undefined,
  counterpart: "bt",
  totalLength: 1024 ** 3,
  pieceLength: 1024 ** 2,
  peerCount: 8,
  torrentCount: 1_000,
  runCount: 3,
  seconds: 15,
  base: "/dev/shm",
  timeoutMs: 180_000,
  budgetMs: Infinity,
  verify: true,
  json: undefined,
};

/** @param {readonly import("./scenarios/scenario.mjs").Scenario[]} scenarios */
export function usage(scenarios) {
  return `Usage: node bench/run.mjs <scenario> [options]
       node bench/run.mjs all [options]      every scenario as docs/performance.md has them; see all --help

Scenarios:
${scenarios.map(({ name, summary }) => `  ${name.padEnd(16)}${summary}`).join("\n")}

Options, where they mean something:
  --clients a,b,c        which clients (default: bt and all that are installed and can do it)
  --counterpart NAME     who is at the other end of a transfer (default bt)
  --size LENGTH          payload (default 1G)
  --piece LENGTH         piece length (default 1M)
  --peers N              peers where there are several
  --torrents N           torrents where there are many (default 1000)
  --seconds N            how long idleness is looked at (default 15)
  --runs N               runs per client, in turns (default 3)
  --base DIR             folder for everything (default /dev/shm, that is memory)
  --timeout SECONDS      for one run (default 180)
  --budget SECONDS       no run begins after that (default: no end)
  --no-verify            do not compare the downloads with the payload
  --json FILE            write every run and the environment there ("-": standard output, the table goes to stderr)
`;
}

/** @param {string[]} argv @param {Partial<Options>} [defaults] of the scenario @returns {Options} */
export function parseOptions(argv, defaults = {}) {
  const text = { type: /** @type {const} */ ("string") };
  const { values } = parseArgs({
    args: argv,
    options: {
      clients: text,
      counterpart: text,
      size: text,
      piece: text,
      peers: text,
      torrents: text,
      seconds: text,
      runs: text,
      base: text,
      timeout: text,
      budget: text,
      "no-verify": { type: "boolean", default: false },
      json: text,
    },
  });
  const all = { ...DEFAULTS, ...defaults };
  const count = (/** @type {string | undefined} */ given, /** @type {number} */ standard) =>
    given === undefined ? standard : parseCount(given);
  const length = (/** @type {string | undefined} */ given, /** @type {number} */ standard) =>
    given === undefined ? standard : parseLength(given);
  return {
    clients: values.clients?.split(",").map((name) => name.trim()) ?? all.clients,
    counterpart: values.counterpart ?? all.counterpart,
    totalLength: length(values.size, all.totalLength),
    pieceLength: length(values.piece, all.pieceLength),
    peerCount: count(values.peers, all.peerCount),
    torrentCount: count(values.torrents, all.torrentCount),
    runCount: count(values.runs, all.runCount),
    seconds: count(values.seconds, all.seconds),
    base: values.base ?? all.base,
    timeoutMs: values.timeout === undefined ? all.timeoutMs : parseCount(values.timeout) * 1_000,
    budgetMs: values.budget === undefined ? all.budgetMs : parseCount(values.budget) * 1_000,
    verify: all.verify && !values["no-verify"],
    json: values.json ?? all.json,
  };
}
