import { setFlagsFromString } from "node:v8";
import type { Worker } from "node:worker_threads";

/** V8 14 and later were not tried, and it complains on standard error about a flag that it does not know. */
const NEWEST_V8_TRIED = 13;

/**
 * What a transfer wants of V8 from now on. What each flag gives stands in docs/performance.md.
 *
 * - Inlining a third of the default, in functions that are optimised from now on. The functions of a transfer call one
 *   another in deep chains, so that the same code was compiled many times over: with this limit the compiler's threads cost
 *   0.19 s of CPU instead of 0.31, whatever the size of a download, and the code is ready sooner.
 * - The space for young objects stays as large as it is, 1 MiB at first. V8 doubles it, up to 32 MiB, whenever as much as it
 *   holds has survived since the last time, so that a process that runs for long takes all there is.
 *
 * A change of flags also makes V8 refuse the compiled code that Node brings for its own modules, so load those first.
 */
export function tuneV8(v8Version: string = process.versions.v8): boolean {
  if (!(Number.parseInt(v8Version, 10) <= NEWEST_V8_TRIED)) return false;
  setFlagsFromString("--max-inlined-bytecode-size-cumulative=300");
  keepYoungSpace();
  if (!isWatching) process.on("worker", (thread: Worker) => thread.once("online", keepYoungSpace));
  isWatching = true;
  return true;
}

let isWatching = false;

/** Whenever V8 sets up the heap of another thread, it raises the factor to 2 again, for all. */
function keepYoungSpace(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
}
