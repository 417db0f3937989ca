// A measured child process.
import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { cpuSeconds, endedChildrenCpuSeconds, memory } from "./process-cost.mjs";

/** @type {Set<Child>} */
const running = new Set();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export class Child {
  /** Its exit code, or the name of the signal; undefined while it runs. @type {number | string | undefined} */
  status;
  peakLength = 0;
  anonymousLength = 0;
  /** The account of ended children when it started. */
  endedBefore = endedChildrenCpuSeconds();
  /** @type {number | undefined} */
  #cpuAtEnd;
  #log;
  #process;

  /**
   * @param {string} command
   * @param {readonly string[]} args
   * @param {{ cwd: string, log: string, env?: Record<string, string> }} options
   */
  constructor(command, args, { cwd, log, env = {} }) {
    this.#log = log;
    const file = openSync(log, "a");
    const environment = { ...process.env, ...env };
    // Reading extra certificates costs Node 90 ms per start and has nothing to do with any client.
    delete environment["NODE_EXTRA_CA_CERTS"];
    delete environment["NODE_OPTIONS"];
    this.startedAt = performance.now();
    // A group of its own: a signal reaches what it starts in turn.
    this.#process = spawn(command, args, {
      cwd,
      env: environment,
      detached: true,
      stdio: ["ignore", file, file],
    });
    closeSync(file);
    running.add(this);
    this.exited = new Promise((resolve) => {
      const end = (/** @type {number | string} */ status) => {
        this.status ??= status;
        this.endedAt = performance.now();
        this.#cpuAtEnd ??= endedChildrenCpuSeconds() - this.endedBefore;
        running.delete(this);
        resolve(this.status);
      };
      this.#process.once("exit", (code, signal) => end(code ?? signal ?? "unknown"));
      this.#process.once("error", () => end(127));
    });
  }

  get pid() {
    return this.#process.pid ?? 0;
  }

  get log() {
    return readFileSync(this.#log, "utf8");
  }

  /**
   * CPU seconds so far. Of an ended child they are what the kernel added to our account of ended children since it
   * started, so no other measured child may end in between: stop the counterpart last.
   */
  cpuSeconds() {
    return this.#cpuAtEnd ?? cpuSeconds(this.pid);
  }

  /** Looks at the memory; call it every few tens of ms. */
  sample() {
    if (this.status !== undefined) return;
    const { peakLength, anonymousLength } = memory(this.pid);
    this.peakLength = Math.max(this.peakLength, peakLength);
    this.anonymousLength = Math.max(this.anonymousLength, anonymousLength);
  }

  /** @param {NodeJS.Signals} signal */
  kill(signal) {
    if (this.status !== undefined || this.#process.pid === undefined) return;
    try {
      process.kill(-this.#process.pid, signal);
    } catch {
      // It ended meanwhile.
    }
  }

  async stop() {
    this.kill("SIGTERM");
    const timer = setTimeout(() => this.kill("SIGKILL"), 5_000);
    await this.exited;
    clearTimeout(timer);
  }
}

/**
 * CPU seconds so far of children that were started one after the other, whether they run or have ended. No other child may
 * end meanwhile.
 *
 * @param {readonly Child[]} children
 */
export function groupCpuSeconds(children) {
  const ended = children.some((child) => child.status !== undefined);
  let sum = ended ? endedChildrenCpuSeconds() - (children[0]?.endedBefore ?? 0) : 0;
  for (const child of children) if (child.status === undefined) sum += child.cpuSeconds();
  return sum;
}
