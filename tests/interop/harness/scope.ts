import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";
import { Child } from "./child.ts";

/** What one test owns: a temporary folder, processes, and whatever else it says how to close. */
export class Scope {
  readonly directory: string;
  readonly #children: Child[] = [];
  readonly #closers: (() => Promise<void> | void)[] = [];
  #folderCount = 0;

  constructor() {
    this.directory = mkdtempSync(path.join(tmpdir(), "bt-interop-"));
    // opentracker gives up root and must still read its whitelist here.
    chmodSync(this.directory, 0o755);
  }

  /** A new empty folder whose name begins with `label`. */
  async folder(label: string): Promise<string> {
    const folder = path.join(this.directory, `${label}-${String(this.#folderCount++)}`);
    await mkdir(folder, { recursive: true });
    return folder;
  }

  start(
    command: string,
    args: readonly string[],
    cwd: string,
    env?: Readonly<Record<string, string>>,
  ): Child {
    const logPath = path.join(cwd, `log-${String(this.#children.length)}`);
    const child = new Child(command, args, { cwd, logPath, ...(env === undefined ? {} : { env }) });
    this.#children.push(child);
    return child;
  }

  /** `close` runs when the test is over, before the processes are stopped; the last one added runs first. */
  defer(close: () => Promise<void> | void): void {
    this.#closers.push(close);
  }

  /** The last words of every process, for error messages. */
  get tails(): string {
    return this.#children.map((child) => child.tail).join("\n");
  }

  async close(): Promise<void> {
    for (const close of this.#closers.reverse()) await close();
    await Promise.all(this.#children.map((child) => child.stop(2_000)));
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** A scope that is closed when the current test ends, however it ends. */
export function openScope(): Scope {
  const scope = new Scope();
  onTestFinished(() => scope.close(), 30_000);
  return scope;
}
