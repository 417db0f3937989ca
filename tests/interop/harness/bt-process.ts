import type { Child, ExitStatus } from "./child.ts";
import type { Scope } from "./scope.ts";
import { BT_SCRIPT } from "./settings.ts";

export interface BtEvent {
  readonly event: string;
  readonly [key: string]: unknown;
}

export interface BtProcess {
  readonly child: Child;
  /** What `--json` printed so far, optionally of one kind only. A line that is not whole yet is left out. */
  events(kind?: string): BtEvent[];
}

/** Starts `bt` with these arguments. */
export async function startBt(scope: Scope, args: readonly string[]): Promise<BtProcess> {
  const child = scope.start(
    process.execPath,
    [BT_SCRIPT, ...args],
    await scope.folder(`bt-${args[0] ?? ""}`),
  );
  return {
    child,
    events: (kind) => {
      const lines = child.stdout.split("\n").slice(0, -1);
      const events = lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as BtEvent);
      return kind === undefined ? events : events.filter((event) => event.event === kind);
    },
  };
}

/** Runs `bt` to its end; returns its status and standard output. */
export async function runBt(
  scope: Scope,
  args: readonly string[],
): Promise<ExitStatus & { stdout: string; tail: string }> {
  const { child } = await startBt(scope, args);
  const status = await child.exited;
  return { ...status, stdout: child.stdout, tail: child.tail };
}
