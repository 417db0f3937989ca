// `run.mjs all`: every measurement of docs/performance.md in one call, as one Markdown file with date and machine.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statfsSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout as delay } from "node:timers/promises";
import { describeMachine } from "./machine.mjs";
import { formatLength, parseCount, parseLength } from "./options.mjs";
import { parseArgs } from "node:util";
import { formatReport } from "./report.mjs";
import { SCENARIOS } from "./scenarios/index.mjs";
import { GIBI, MEBI } from "./scenarios/scenario.mjs";

const RUN_SCRIPT = path.join(path.dirname(fileURLToPath(import.meta.url)), "run.mjs");
/** A call that was told to end and does not is killed after so long. */
const GRACE_MS = 30_000;

/**
 * @typedef {object} Call of run.mjs
 * @property {string} scenario
 * @property {number} [size] bytes of payload, capped by --size
 * @property {number} [piece]
 * @property {string[]} [args] more arguments
 * @property {boolean} [disk] in the folder on a disk, not in memory
 * @property {number} [copies] how often the payload lies there at the same time, itself included
 */

/** @type {readonly Call[]} */
const CALLS = [
  { scenario: "download", size: GIBI, piece: MEBI },
  { scenario: "download", size: GIBI, piece: MEBI / 4 },
  { scenario: "download", size: GIBI, piece: 16 * MEBI },
  { scenario: "download", size: GIBI, piece: MEBI, args: ["--counterpart", "libtorrent"] },
  { scenario: "download", size: 16 * MEBI, piece: MEBI / 4 },
  { scenario: "fan-in", size: GIBI, piece: MEBI },
  { scenario: "seed", size: GIBI, piece: MEBI },
  { scenario: "seed", size: GIBI, piece: MEBI / 4 },
  { scenario: "seed", size: GIBI, piece: 16 * MEBI },
  { scenario: "fan-out", size: GIBI / 4, piece: MEBI, copies: 9 },
  { scenario: "recheck", size: GIBI, piece: MEBI, copies: 1 },
  { scenario: "create", size: GIBI, piece: MEBI, copies: 1 },
  { scenario: "start-up", copies: 1 },
  { scenario: "pauses", size: GIBI, piece: 16 * MEBI },
  { scenario: "idle-torrents", copies: 1 },
  { scenario: "idle-peers", copies: 1 },
  { scenario: "download", size: GIBI, piece: MEBI, disk: true },
  { scenario: "seed", size: GIBI, piece: MEBI, disk: true },
  { scenario: "sparse", copies: 1 },
  { scenario: "download", size: 8 * GIBI, piece: MEBI },
  { scenario: "seed", size: 8 * GIBI, piece: MEBI },
  { scenario: "download", size: 8 * GIBI, piece: MEBI, disk: true },
  { scenario: "seed", size: 8 * GIBI, piece: MEBI, disk: true },
];

/** Scenarios that choose their own number of runs when nobody says it. */
const OWN_RUN_COUNT = ["start-up"];

export const ALL_USAGE = `Usage: node bench/run.mjs all [options]

Runs every scenario as docs/performance.md has them, one after the other, and writes a Markdown file. A client that fails
is left out, a call that takes too long is ended, and what has been measured by then is in the file.

  --out FILE             the Markdown file (default bench-<date>.md); written anew after each call
  --json FILE            every run of every call
  --runs N               runs per client, in turns (default 5)
  --minutes N            end of it all: what has not begun by then is left out (default 120)
  --call-minutes N       no run of a call begins later than that (default 8)
  --only A,B             only scenarios of these names
  --clients A,B          only these clients
  --size LENGTH          no payload is longer; for a quick look
  --memory DIR           folder in memory (default /dev/shm)
  --disk DIR             folder on a disk (default /var/tmp)
  --list                 print the calls and end
`;

/** @param {string[]} argv */
export async function runAll(argv) {
  const text = { type: /** @type {const} */ ("string") };
  const yes = { type: /** @type {const} */ ("boolean"), default: false };
  const { values } = parseArgs({
    args: argv,
    options: {
      ...{ out: text, json: text, runs: text, minutes: text, "call-minutes": text, only: text },
      ...{ clients: text, size: text, memory: text, disk: text, list: yes, help: yes },
    },
  });
  if (values.help) {
    process.stdout.write(ALL_USAGE);
    return 0;
  }
  const only = values.only?.split(",");
  for (const name of only ?? [])
    if (!CALLS.some(({ scenario }) => scenario === name)) throw new Error(`no scenario "${name}"`);
  const most = values.size === undefined ? Infinity : parseLength(values.size);
  const calls = CALLS.filter(({ scenario }) => only?.includes(scenario) ?? true).map((call) =>
    call.size === undefined ? call : { ...call, size: Math.min(call.size, most) },
  );
  const folders = { memory: values.memory ?? "/dev/shm", disk: values.disk ?? "/var/tmp" };
  const runCount = parseCount(values.runs ?? "5");
  const callSeconds = 60 * parseCount(values["call-minutes"] ?? "8");
  const common = values.clients === undefined ? [] : ["--clients", values.clients];
  const commands = calls.map((call) => ({
    call,
    args: [...argumentsOf(call, folders, runCount), ...common, "--budget", String(callSeconds)],
  }));
  if (values.list) {
    for (const { args } of commands) process.stdout.write(`node bench/run.mjs ${args.join(" ")}\n`);
    return 0;
  }
  const endsAt = performance.now() + 60_000 * parseCount(values.minutes ?? "120");
  const out = values.out ?? `bench-${new Date().toISOString().slice(0, 10)}.md`;
  const head = `# Benchmarks\n\n${describeMachine(folders)}\n\nTo repeat: \`node bench/run.mjs all${argv.length === 0 ? "" : ` ${argv.join(" ")}`}\`.\n`;
  /** @type {string[]} */
  const sections = [];
  /** @type {unknown[]} */
  const results = [];
  let failureCount = 0;
  for (const [index, { call, args }] of commands.entries()) {
    process.stdout.write(`\n[${index + 1}/${commands.length}] ${args.join(" ")}\n`);
    const refusal =
      performance.now() > endsAt
        ? "left out: the time was over"
        : lacksRoom(call, call.disk ? folders.disk : folders.memory);
    const { result, problem } =
      refusal === undefined
        ? await runCall(args, callSeconds * 1_000)
        : { result: undefined, problem: refusal };
    if (result !== undefined) results.push(result);
    if (problem !== undefined || result?.failures !== undefined) failureCount++;
    sections.push(sectionOf(args, result, problem));
    writeFileSync(out, `${head}\n${sections.join("\n")}`);
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`);
  }
  process.stdout.write(`\n${out} is written\n`);
  return failureCount > 0 ? 1 : 0;
}

/** @param {Call} call @param {{ memory: string, disk: string }} folders @param {number} runCount */
function argumentsOf({ scenario, size, piece, args = [], disk = false }, folders, runCount) {
  return [
    scenario,
    ...(size === undefined ? [] : ["--size", formatLength(size)]),
    ...(piece === undefined ? [] : ["--piece", formatLength(piece)]),
    ...(OWN_RUN_COUNT.includes(scenario) ? [] : ["--runs", String(runCount)]),
    ...["--base", disk ? folders.disk : folders.memory],
    ...args,
  ];
}

/** @param {Call} call @param {string} folder @returns {string | undefined} */
function lacksRoom({ size = 0, copies = 2 }, folder) {
  if (!existsSync(folder)) return `left out: there is no ${folder}`;
  const { bavail, bsize } = statfsSync(folder);
  const needed = size * copies + 256 * MEBI;
  if (bavail * bsize < needed)
    return `left out: it takes ${formatLength(needed)} in ${folder}, which has ${formatLength(bavail * bsize)}`;
  return undefined;
}

/**
 * @typedef {object} Result what run.mjs writes with --json
 * @property {string} scenario
 * @property {string} title
 * @property {Record<string, number>} [failures]
 * @property {import("./report.mjs").Row[]} rows
 */

/**
 * @param {readonly string[]} args @param {number} budgetMs
 * @returns {Promise<{ result?: Result | undefined, problem?: string | undefined }>}
 */
async function runCall(args, budgetMs) {
  const folder = mkdtempSync(path.join(tmpdir(), "bt-bench-all-"));
  const json = path.join(folder, "result.json");
  const child = spawn(process.execPath, [RUN_SCRIPT, ...args, "--json", json], { stdio: "inherit" });
  const stop = () => child.kill("SIGTERM");
  process.once("exit", stop);
  try {
    const ended = new Promise((resolve) => child.once("exit", resolve).once("error", resolve));
    const timer = new AbortController();
    // A run that began in time has its own --timeout; making the payload takes time as well.
    const isOver = delay(2 * budgetMs + GRACE_MS, "over", { signal: timer.signal }).catch(() => "ended");
    const how = await Promise.race([ended, isOver]);
    timer.abort();
    if (how === "over") {
      stop();
      await Promise.race([ended, delay(GRACE_MS)]);
      child.kill("SIGKILL");
    }
    if (existsSync(json) && statSync(json).size > 0)
      return { result: JSON.parse(readFileSync(json, "utf8")) };
    return {
      problem:
        how === "over" ? "was ended: it took too long" : `ended with ${child.exitCode ?? child.signalCode}`,
    };
  } finally {
    process.off("exit", stop);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {readonly string[]} args @param {Result | undefined} result @param {string | undefined} problem */
function sectionOf(args, result, problem) {
  const command = `\`node bench/run.mjs ${args.join(" ")}\``;
  if (result === undefined) return `## ${args[0]}\n\n${command} ${problem}.\n`;
  const columns = SCENARIOS.find(({ name }) => name === result.scenario)?.columns ?? [];
  const failed = Object.entries(result.failures ?? {}).map(
    ([name, count]) => `${name} failed ${count} times`,
  );
  const table = result.rows.length === 0 ? "No run succeeded." : formatReport(result.rows, columns);
  return `## ${result.title}\n\n${command}${failed.length === 0 ? "" : `; ${failed.join(", ")}`}\n\n${table}\n`;
}
