import { parseArguments } from "./arguments.ts";
import type { CommandDefinition } from "./command.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { Interruption } from "./failure.ts";
import type { Io } from "./io.ts";
import { reportError } from "./output/report-error.ts";
import { Stop } from "./stop.ts";

/** Reads the arguments, runs the command, and turns whatever it throws into a line and an exit code. */
export async function runCommand(
  command: CommandDefinition,
  args: readonly string[],
  io: Io,
): Promise<ExitCode> {
  try {
    const parsed = await parseArguments(command, args, io);
    if (parsed.kind === "help") {
      io.stdout.write(parsed.text);
      return EXIT.ok;
    }
    const stop = new Stop(io, { runsLong: command.stopsCleanly });
    const running = command.run({ io, stop, operands: parsed.operands, options: parsed.options });
    return await (command.stopsCleanly ? running : Promise.race([running, stop.interrupted()]));
  } catch (error) {
    if (error instanceof Interruption) return error.exitCode;
    return reportError(error, io, { stack: args.includes("-v") || args.includes("--verbose") });
  }
}
