import type { Command, CommandDefinition } from "./command.ts";
import type { OptionTable } from "./options/option-spec.ts";
import { runCommand } from "./run-command.ts";

/** Each command is a bundle of its own, so it brings along what reads its arguments and reports its errors. */
export function defineCommand<const Table extends OptionTable>(
  definition: CommandDefinition<Table>,
): Command {
  return {
    options: definition.options,
    start: (args, io) => runCommand(definition as unknown as CommandDefinition, args, io),
  };
}
