import { main } from "../../src/main.ts";
import { FakeIo, type FakeIoOptions } from "./fake-io.ts";

export interface Finished {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly io: FakeIo;
}

/** Runs `bt` in this process, to its end. */
export async function runBt(args: readonly string[], options: FakeIoOptions = {}): Promise<Finished> {
  const io = new FakeIo(options);
  const code = await main(args, io);
  return { code, out: io.stdout.text, err: io.stderr.text, io };
}

/** Starts `bt` in this process; the test goes on while it runs. */
export function startBt(
  args: readonly string[],
  options: FakeIoOptions = {},
): { io: FakeIo; ended: Promise<number> } {
  const io = new FakeIo(options);
  return { io, ended: main(args, io) };
}

/** The JSON objects of an output, one a line. */
export function jsonLines(text: string): Record<string, unknown>[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
