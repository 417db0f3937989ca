import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";

export interface ExitStatus {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ChildOptions {
  readonly cwd: string;
  /** Standard output goes to `<logPath>.out`, standard error to `<logPath>.err`. */
  readonly logPath: string;
  readonly env?: Readonly<Record<string, string>>;
}

const running = new Set<Child>();
// The last net: a test process that ends without its teardown takes its children with it.
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/**
 * A process of ours that is always gone after the test. It leads a process group of its own, so that a signal
 * reaches what it started in turn (rtorrent runs commands, a daemon forks).
 */
export class Child {
  readonly name: string;
  readonly exited: Promise<ExitStatus>;
  status: ExitStatus | undefined;
  readonly #process: ChildProcess;
  readonly #logPath: string;

  constructor(command: string, args: readonly string[], options: ChildOptions) {
    this.name = command.slice(command.lastIndexOf("/") + 1);
    this.#logPath = options.logPath;
    const out = openSync(`${options.logPath}.out`, "a");
    const err = openSync(`${options.logPath}.err`, "a");
    const env = { ...process.env, ...options.env };
    // Vitest's own switches are not the children's; extra certificates cost Node 90 ms per start.
    for (const name of ["NODE_OPTIONS", "NODE_EXTRA_CA_CERTS", "NODE_ENV", "VITEST"]) delete env[name];
    this.#process = spawn(command, args, {
      cwd: options.cwd,
      env,
      detached: true,
      stdio: ["ignore", out, err],
    });
    closeSync(out);
    closeSync(err);
    running.add(this);
    this.exited = new Promise((resolve) => {
      const end = (status: ExitStatus): void => {
        this.status ??= status;
        running.delete(this);
        resolve(this.status);
      };
      this.#process.once("exit", (code, signal) => {
        end({ code, signal });
      });
      this.#process.once("error", () => {
        end({ code: 127, signal: null });
      });
    });
  }

  get pid(): number {
    if (this.#process.pid === undefined) throw new Error(`${this.name} did not start`);
    return this.#process.pid;
  }

  kill(signal: NodeJS.Signals): void {
    if (this.#process.pid === undefined || this.status !== undefined) return;
    try {
      process.kill(-this.#process.pid, signal);
    } catch {
      // It ended between the check and the signal.
    }
  }

  /** Asks the process to end, insists after `graceMs`, and returns when it is gone. */
  async stop(graceMs = 4_000): Promise<ExitStatus> {
    this.kill("SIGTERM");
    const timer = setTimeout(() => {
      this.kill("SIGKILL");
    }, graceMs);
    const status = await this.exited;
    clearTimeout(timer);
    return status;
  }

  get stdout(): string {
    return readFileSync(`${this.#logPath}.out`, "utf8");
  }

  get stderr(): string {
    return readFileSync(`${this.#logPath}.err`, "utf8");
  }

  /** The ends of both outputs, for error messages. */
  get tail(): string {
    const state =
      this.status === undefined ? "running" : `ended with ${String(this.status.code ?? this.status.signal)}`;
    return `--- ${this.name} (${state})\n${this.stdout.slice(-1_500)}\n${this.stderr.slice(-1_500)}`;
  }
}
