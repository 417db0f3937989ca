// How many announces a second trackers answer, and what each costs: bt beside opentracker and npm's bittorrent-tracker.
// The load comes from a small C program (bench/tracker-server/load.c), which gcc makes when this starts.
//
//   npm run build && node bench/tracker-server.mjs [--runs 3] [--seconds 3] [--modes udp,keepalive,close]
//                                                  [--swarms 1000] [--peers 20000] [--targets bt,…] [--json FILE]
//   node bench/tracker-server.mjs --memory         # memory per peer at 1,000,000 peers in 100,000 swarms
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const HERE = fileURLToPath(new URL("./tracker-server", import.meta.url));
const MASK = (1n << 64n) - 1n;
const NUM_WANT = 50;

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "3" },
    seconds: { type: "string", default: "3" },
    modes: { type: "string", default: "udp,keepalive,close" },
    swarms: { type: "string", default: "1000" },
    peers: { type: "string", default: "20000" },
    targets: { type: "string" },
    memory: { type: "boolean", default: false },
    json: { type: "string" },
  },
});

/**
 * @typedef {{ name: string, processes: import("node:child_process").ChildProcess[], port: number }} Target
 * @typedef {{ target: string, mode: string, rate: number, cpu: number, bad: number }} Row
 */

const folder = mkdtempSync(path.join(tmpdir(), "bt-tracker-bench-"));
chmodSync(folder, 0o755);
const load = path.join(folder, "load");
execFileSync("gcc", ["-O2", "-o", load, path.join(HERE, "load.c")]);
/** @type {import("node:child_process").ChildProcess[]} */
const children = [];

/** splitmix64, as in load.c. @param {bigint} x */
function mix(x) {
  x = (x + 0x9e3779b97f4a7c15n) & MASK;
  x = ((x ^ (x >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
  x = ((x ^ (x >> 27n)) * 0x94d049bb133111ebn) & MASK;
  return x ^ (x >> 31n);
}

/** The info-hashes that load.c asks for: Debian's opentracker serves only what is on its list. @param {number} count */
function infoHashes(count) {
  const bytes = Buffer.alloc(24);
  return Array.from({ length: count }, (_, i) => {
    const swarm = BigInt(i);
    bytes.writeBigUInt64LE(mix(2n * swarm), 0);
    bytes.writeBigUInt64LE(mix(2n * swarm + 1n), 8);
    bytes.writeBigUInt64LE(mix(swarm ^ MASK), 16);
    return bytes.toString("hex", 0, 20).toUpperCase();
  });
}

/** @param {string} command @param {string[]} args @param {string} [readyText] */
async function start(command, args, readyText) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  let text = "";
  child.stdout.on("data", (part) => (text += part));
  for (let tries = 0; readyText !== undefined && !text.includes(readyText); tries++) {
    if (tries > 300 || child.exitCode !== null) throw new Error(`${command} did not start: ${text}`);
    await delay(50);
  }
  if (readyText === undefined) await delay(800);
  return child;
}

const has = (/** @type {string} */ command) => spawnSync("which", [command]).status === 0;

/** @type {Record<string, (port: number, swarms: number) => Promise<Target | undefined>>} */
const TARGETS = {
  async bt(port) {
    return {
      name: "bt",
      port,
      processes: [await start(process.execPath, [`${HERE}/serve.mjs`, "bt", `${port}`], "ready")],
    };
  },
  async opentracker(port, swarms) {
    if (!has("opentracker")) return undefined;
    const home = path.join(folder, `opentracker-${swarms}`);
    mkdirSync(home, { recursive: true });
    writeFileSync(path.join(home, "list"), `${infoHashes(swarms).join("\n")}\n`);
    const args = [
      "-i",
      "127.0.0.1",
      "-p",
      `${port}`,
      "-P",
      `${port}`,
      "-d",
      home,
      "-u",
      "nobody",
      "-w",
      "list",
    ];
    return { name: "opentracker", port, processes: [await start("opentracker", args)] };
  },
  async "bittorrent-tracker"(port) {
    const child = await start(
      process.execPath,
      [`${HERE}/serve.mjs`, "bittorrent-tracker", `${port}`],
      "ready",
    );
    return { name: "bittorrent-tracker", port, processes: [child] };
  },
  async "bt+redis"(port) {
    if (!has("redis-server")) return undefined;
    const redis = await start(
      "redis-server",
      ["--port", `${port + 1}`, "--bind", "127.0.0.1", "--save", ""],
      "Ready to accept",
    );
    const args = [`${HERE}/serve.mjs`, "bt", `${port}`, `redis://127.0.0.1:${port + 1}`];
    return { name: "bt+redis", port, processes: [await start(process.execPath, args, "ready"), redis] };
  },
};

/** User and system time in seconds. @param {number | undefined} pid */
function cpuOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** @param {number | undefined} pid */
function rssOf(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024;
}

/** @param {string} mode @param {Target} target @param {string[]} more */
function runLoad(mode, target, seconds, swarms, peers, numWant, ...more) {
  const [sockets, window] = mode === "udp" ? [8, 32] : [64, 1];
  const args = [mode, "127.0.0.1", target.port, seconds, swarms, peers, sockets, window, numWant, ...more];
  const text = execFileSync(load, args.map(String), { encoding: "utf8", timeout: (seconds + 20) * 1_000 });
  const field = (/** @type {string} */ name) => Number(new RegExp(`${name}=([\\d.]+)`).exec(text)?.[1]);
  return {
    ok: field("ok"),
    bad: field("bad"),
    seconds: field("seconds"),
    reconnects: field("reconnects") || 0,
  };
}

const median = (/** @type {number[]} */ list) => list.toSorted((a, b) => a - b)[list.length >> 1] ?? NaN;

async function startTargets(/** @type {string[]} */ names, /** @type {number} */ swarms) {
  /** @type {Target[]} */
  const targets = [];
  for (const [index, name] of names.entries()) {
    const target = await TARGETS[name]?.(23_100 + 10 * index, swarms);
    if (target === undefined) console.error(`${name}: not here, left out`);
    else targets.push(target);
  }
  return targets;
}

async function rates() {
  const swarms = Number(values.swarms);
  const peers = Number(values.peers);
  const targets = await startTargets(values.targets?.split(",") ?? Object.keys(TARGETS), swarms);
  /** @type {Row[]} */
  const rows = [];
  for (const target of targets) runLoad("udp", target, 1, swarms, peers, NUM_WANT); // they warm up and fill
  for (const mode of values.modes.split(",")) {
    // What is hot is compiled before it is measured.
    for (const target of targets) runLoad(mode, target, 2, swarms, peers, NUM_WANT);
    for (let run = 0; run < Number(values.runs); run++) {
      for (const target of targets) {
        const before = target.processes.map(({ pid }) => cpuOf(pid));
        const { ok, bad, seconds, reconnects } = runLoad(
          mode,
          target,
          Number(values.seconds),
          swarms,
          peers,
          NUM_WANT,
        );
        const cpu = target.processes.reduce((sum, { pid }, i) => sum + cpuOf(pid) - (before[i] ?? 0), 0);
        // A tracker that ends the connection although it should be kept is asked again over a new one.
        const lost = Math.max(0, bad - reconnects);
        console.error(
          `${mode} ${target.name}: ${Math.round(ok / seconds)}/s, ${((cpu * 1e6) / ok).toFixed(1)} µs`,
        );
        rows.push({ target: target.name, mode, rate: ok / seconds, cpu: (cpu * 1e6) / ok, bad: lost });
      }
    }
  }
  console.log(
    `${swarms} swarms, ${peers} peers, numwant ${NUM_WANT}; medians of ${values.runs} interleaved runs of ${values.seconds} s\n`,
  );
  console.log("| how | tracker | announces/s | µs CPU each | per core and s | x bt | failed |");
  console.log("|---|---|---:|---:|---:|---:|---:|");
  for (const mode of values.modes.split(",")) {
    const of = (/** @type {string} */ name) => rows.filter((row) => row.mode === mode && row.target === name);
    const ours = median(of("bt").map(({ cpu }) => cpu));
    for (const { name } of targets) {
      const cpu = median(of(name).map((row) => row.cpu));
      const rate = Math.round(median(of(name).map((row) => row.rate)));
      const failed = of(name).reduce((sum, row) => sum + row.bad, 0);
      console.log(
        `| ${mode} | ${name} | ${rate} | ${cpu.toFixed(1)} | ${Math.round(1e6 / cpu)} | ${(ours / cpu).toFixed(2)} | ${failed} |`,
      );
    }
  }
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, undefined, 1)}\n`);
}

async function memory() {
  console.log(
    "| tracker | swarms | peers | bytes a peer | filled at, announces/s |\n|---|---:|---:|---:|---:|",
  );
  for (const [name, swarms, peers] of /** @type {const} */ ([
    ["bt", 100_000, 1_000_000],
    ["opentracker", 100_000, 1_000_000],
    // A tenth: at a million it would take minutes.
    ["bittorrent-tracker", 10_000, 100_000],
  ])) {
    const [target] = await startTargets([name], swarms);
    if (target === undefined) continue;
    const pid = target.processes[0]?.pid;
    runLoad("udp", target, 1, 1, 100, 0);
    const before = rssOf(pid);
    const { ok, seconds } = runLoad("udp", target, 150, swarms, peers, 0, "fill");
    await delay(1_500);
    console.log(
      `| ${name} | ${swarms} | ${peers} | ${Math.round((rssOf(pid) - before) / peers)} | ${Math.round(ok / seconds)} |`,
    );
    for (const child of target.processes) child.kill();
    await delay(300);
  }
}

function cleanUp() {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
}
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => {
    cleanUp();
    process.exit(1);
  });
}

try {
  await (values.memory ? memory() : rates());
} finally {
  cleanUp();
}
