// Throws changed valid inputs at a format package, from a seed, and watches that each is accepted or refused in time.
// The sources are bundled first: no build is needed.
//
//   node scripts/fuzz.mjs TARGET AMOUNT [SEED]        AMOUNT: a count of inputs, or seconds such as 60s
//   node scripts/fuzz.mjs TARGET --input SEED INDEX   prints that one input in hex
//
// Prints one line of JSON for each failure, with its input in hex, and one at the end; exits with 1 when anything failed.
// A failure is any exception but the package's own, a broken promise (what is accepted has one encoding, names are safe,
// …), one input above MAX_INPUT_MS twice, or the process above its bounds of memory.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { build } from "esbuild";
import { Choices } from "./fuzz-mutations.mjs";
import { fuzzTargets } from "./fuzz-targets.mjs";

/** Milliseconds of processor time for one input: on a busy machine a clock measures the other work. */
const MAX_INPUT_MS = 1000;
/** MiB of JavaScript objects, and of the whole process. The inputs are some kilobytes. */
const MAX_HEAP_MIB = 256;
const MAX_PROCESS_MIB = 768;
/** The watch looks this often, so the end of a time and of memory is seen that late. */
const WATCH_MS = 100;
/** Processor time without a step forward after which the watch takes it for a loop without end. */
const HANG_MS = 10 * MAX_INPUT_MS;
const MAX_TOLD_FAILURES = 10;
const REFUSED = "refused";

if (isMainThread) await main(process.argv.slice(2));
else await work(workerData);

async function main([target, amount, ...rest]) {
  if (amount === undefined) {
    console.error("node scripts/fuzz.mjs TARGET AMOUNT [SEED]");
    process.exit(2);
  }
  const modules = await bundle();
  if (amount === "--input") {
    const { make } = fuzzTargets(await load(modules))[target];
    console.log(hex(make(new Choices(Number(rest[0]), Number(rest[1])))));
    return;
  }
  const seed = rest[0] === undefined ? Date.now() % 2 ** 31 : Number(rest[0]);
  const isTime = amount.endsWith("s");
  const maxCount = isTime ? Infinity : Number(amount);
  const maxMs = isTime ? Number.parseFloat(amount) * 1000 : Infinity;
  const progress = new Int32Array(new SharedArrayBuffer(4));
  const startedAt = performance.now();
  const worker = new Worker(new URL(import.meta.url), {
    workerData: { modules, target, seed, maxCount, maxMs, progress },
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MIB },
  });
  const result = await new Promise((resolve) => {
    const failAt = (error) => resolve({ tried: progress[0] + 1, failed: 1, at: progress[0], error });
    let seen = -1;
    let seenAt = cpuMs();
    const watch = setInterval(() => {
      const now = cpuMs();
      if (progress[0] !== seen) [seen, seenAt] = [progress[0], now];
      else if (now - seenAt > HANG_MS) failAt(`no end within ${HANG_MS} ms`);
      const usedMib = process.memoryUsage.rss() / 2 ** 20;
      if (usedMib > MAX_PROCESS_MIB) failAt(`${Math.round(usedMib)} MiB in use`);
    }, WATCH_MS);
    worker.on("message", resolve);
    worker.on("error", (error) => failAt(error.message));
    worker.on("exit", () => clearInterval(watch));
  });
  await worker.terminate();
  const { at, error, ...counts } = result;
  if (error !== undefined) {
    const input = fuzzTargets(await load(modules))[target]?.make(new Choices(seed, at));
    console.log(JSON.stringify({ target, seed, index: at, error, input: input && hex(input) }));
  }
  const seconds = Math.round(performance.now() - startedAt) / 1000;
  console.log(JSON.stringify({ target, ...counts, seconds, seed }));
  process.exitCode = result.failed > 0 ? 1 : 0;
}

async function work({ modules, target, seed, maxCount, maxMs, progress }) {
  const { make, judge, refusal } = fuzzTargets(await load(modules))[target];
  const end = performance.now() + maxMs;
  const attempt = (input) => {
    const startedAt = cpuMs();
    let problem;
    try {
      judge(input);
    } catch (error) {
      problem = error instanceof refusal ? REFUSED : (error.stack ?? String(error));
    }
    return { problem, tookMs: cpuMs() - startedAt };
  };
  let accepted = 0;
  let failed = 0;
  let slowestMs = 0;
  let index = 0;
  for (; index < maxCount && performance.now() < end; index++) {
    progress[0] = index;
    const input = make(new Choices(seed, index));
    let { problem, tookMs } = attempt(input);
    // Collecting what earlier inputs left may fall into this one: what an input costs, it costs again.
    if (tookMs > MAX_INPUT_MS) tookMs = Math.min(tookMs, attempt(input).tookMs);
    if (problem === undefined) accepted++;
    slowestMs = Math.max(slowestMs, tookMs);
    if (tookMs > MAX_INPUT_MS) problem = `${Math.round(tookMs)} ms`;
    if (problem === undefined || problem === REFUSED) continue;
    failed++;
    if (failed <= MAX_TOLD_FAILURES)
      console.log(JSON.stringify({ target, seed, index, error: problem, input: hex(input) }));
  }
  parentPort.postMessage({ tried: index, accepted, failed, slowestMs: Math.round(slowestMs) });
}

/** Processor time of this process so far, of all its threads. */
function cpuMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** The packages' sources as one module's text. */
async function bundle() {
  const { outputFiles } = await build({
    stdin: {
      contents: 'export * as bencode from "@bt/bencode"; export * as metainfo from "./src/index.ts";',
      resolveDir: join(fileURLToPath(import.meta.url), "../../packages/metainfo"),
    },
    bundle: true,
    format: "esm",
    target: "node20",
    conditions: ["@bt/source"],
    write: false,
  });
  return outputFiles[0].text;
}

function load(modules) {
  return import(`data:text/javascript;base64,${Buffer.from(modules).toString("base64")}`);
}

function hex(bytes) {
  return Buffer.from(bytes).toString("hex");
}
