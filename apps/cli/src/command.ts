import type { ExitCode } from "./exit-codes.ts";
import type { Io } from "./io.ts";
import type { OptionTable, OptionValues } from "./options/option-spec.ts";
import type { COMMON_OPTIONS } from "./options/output-options.ts";
import type { Stop } from "./stop.ts";

/** What a command is made of. Its options come on top of the ones that all commands have. */
export interface CommandDefinition<Table extends OptionTable = OptionTable> {
  readonly name: string;
  readonly summary: string;
  /** Operands in the help's notation: `<source...>`, `<torrent> <dir>`, or empty. */
  readonly operands: readonly string[];
  readonly options: Table;
  /** More lines for the end of the help. */
  readonly examples: readonly string[];
  /** On Ctrl-C the command ends itself within the time that a clean stop may take; otherwise it is simply left. */
  readonly stopsCleanly: boolean;
  run(call: Call<Table>): Promise<ExitCode>;
}

/** One call of a command. */
export interface Call<Table extends OptionTable = OptionTable> {
  readonly io: Io;
  readonly stop: Stop;
  readonly operands: readonly string[];
  readonly options: OptionValues<Table> & OptionValues<typeof COMMON_OPTIONS>;
}

/** A command as the dispatcher sees it. */
export interface Command {
  readonly options: OptionTable;
  /** Runs it with the arguments after its name; never rejects. */
  start(args: readonly string[], io: Io): Promise<ExitCode>;
}
