// CPU time and memory of process trees, read from /proc (Linux).
import { readdirSync, readFileSync } from "node:fs";
import { execFileSync } from "node:child_process";

const TICKS_PER_SECOND = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));

/** @param {string} path */
function read(path) {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return undefined; // It ended.
  }
}

/** The fields of /proc/<pid>/stat from the third (state) on. The second, the name, may hold spaces. @param {number | "self"} pid */
function stat(pid) {
  const text = read(`/proc/${pid}/stat`);
  return text
    ?.slice(text.lastIndexOf(")") + 2)
    .split(" ")
    .map(Number);
}

/** @param {number} pid @returns {number[]} */
function tree(pid) {
  const pids = [pid];
  for (const one of pids) {
    let threads;
    try {
      threads = readdirSync(`/proc/${one}/task`);
    } catch {
      continue;
    }
    for (const thread of threads)
      pids.push(
        ...(read(`/proc/${one}/task/${thread}/children`) ?? "").split(" ").filter(Boolean).map(Number),
      );
  }
  return pids;
}

/** User and system seconds of a running process, its threads, and its descendants. @param {number} pid */
export function cpuSeconds(pid) {
  let ticks = 0;
  // utime, stime, and the same of children that have ended.
  for (const one of tree(pid)) for (const field of stat(one)?.slice(11, 15) ?? []) ticks += field;
  return ticks / TICKS_PER_SECOND;
}

/**
 * CPU seconds of each thread of a running process, to the microsecond: for programs that hardly do anything.
 *
 * @param {number} pid @returns {Map<string, number>}
 */
export function threadCpuSeconds(pid) {
  /** @type {Map<string, number>} */
  const seconds = new Map();
  for (const thread of readdirSync(`/proc/${pid}/task`))
    seconds.set(thread, Number((read(`/proc/${pid}/task/${thread}/schedstat`) ?? "0").split(" ")[0]) / 1e9);
  return seconds;
}

/** Resident bytes of a process at this moment. @param {number} pid */
export function residentLength(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(read(`/proc/${pid}/status`) ?? "")?.[1] ?? 0) * 1024;
}

/** User and system seconds of all children of this process that have ended: exact, also for what a child did in its last moment. */
export function endedChildrenCpuSeconds() {
  const fields = stat("self") ?? [];
  return ((fields[13] ?? 0) + (fields[14] ?? 0)) / TICKS_PER_SECOND;
}

/** Peak and anonymous resident bytes of a process tree at this moment. @param {number} pid */
export function memory(pid) {
  let peakLength = 0;
  let anonymousLength = 0;
  for (const one of tree(pid)) {
    const status = read(`/proc/${one}/status`) ?? "";
    peakLength += Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
    anonymousLength += Number(/RssAnon:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
  }
  return { peakLength, anonymousLength };
}
