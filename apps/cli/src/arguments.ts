import type { Call, CommandDefinition } from "./command.ts";
import type { Io } from "./io.ts";
import { optionFromEnvironment } from "./options/environment.ts";
import { longName, type OptionTable } from "./options/option-spec.ts";
import { COMMON_OPTIONS } from "./options/output-options.ts";
import { readPlainArguments } from "./options/plain-arguments.ts";

/** What the arguments ask for: a call of the command, or its help as text. */
export type ParsedArguments =
  | { readonly kind: "call"; readonly operands: readonly string[]; readonly options: Call["options"] }
  | { readonly kind: "help"; readonly text: string };

/** Reads a command's arguments and the environment. Rejects with a usage failure on a mistake in either. */
export async function parseArguments(
  command: CommandDefinition,
  args: readonly string[],
  io: Pick<Io, "env" | "stdout">,
): Promise<ParsedArguments> {
  const table: OptionTable = { ...command.options, ...COMMON_OPTIONS };
  let given = readPlainArguments(args, command.operands, table);
  if (given === undefined) {
    const { readFullArguments } = await import("./options/full-arguments.ts");
    const read = readFullArguments(command, args, table, io);
    if (typeof read === "string") return { kind: "help", text: read };
    given = read;
  }
  const options: Record<string, unknown> = {};
  for (const [key, spec] of Object.entries(table)) {
    options[key] = given.values.get(longName(spec)) ?? optionFromEnvironment(spec, io.env) ?? spec.initial;
  }
  return { kind: "call", operands: given.operands, options: options as Call["options"] };
}
