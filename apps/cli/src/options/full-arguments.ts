import { CommanderError, Option, Command as Parser } from "commander";
import type { CommandDefinition } from "../command.ts";
import { usageFailure } from "../failure.ts";
import type { Io } from "../io.ts";
import { addGiven, type GivenArguments } from "./given-options.ts";
import { longName, type OptionSpec, type OptionTable } from "./option-spec.ts";

/** Reads arguments of any form. Returns the help's text where it is asked for; throws usage failures. */
export function readFullArguments(
  command: CommandDefinition,
  args: readonly string[],
  table: OptionTable,
  io: Pick<Io, "stdout">,
): GivenArguments | string {
  let help = "";
  const values = new Map<string, unknown>();
  const parser = new Parser(`bt ${command.name}`)
    .description(command.summary)
    .exitOverride()
    .helpOption("-h, --help", "show this help")
    .configureOutput({
      writeOut: (text) => (help += text),
      writeErr: () => undefined,
      getOutHelpWidth: () => (io.stdout.isTTY ? Math.min(io.stdout.columns(), 110) : 100),
      getOutHasColors: () => false,
    });
  for (const operand of command.operands) parser.argument(operand);
  for (const spec of Object.values(table)) {
    parser.addOption(toParserOption(spec));
    parser.on(`option:${longName(spec)}`, (text: string | null) => addGiven(values, spec, text ?? undefined));
  }
  const examples = command.examples.map((line) => `  ${line}`).join("\n");
  if (examples !== "") parser.addHelpText("after", `\nExamples:\n${examples}`);
  try {
    parser.parse(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === "commander.helpDisplayed") return help;
    // One line, in our form, ended by where to look.
    const text = error.message.replace(/^error: /, "").replace(/\n\((.*)\)/, "; $1");
    throw usageFailure(`${text.replaceAll("\n", " ")}; see bt ${command.name} --help`);
  }
  return { operands: parser.args, values };
}

function toParserOption(spec: OptionSpec<unknown>): Option {
  const option = new Option(spec.flags, spec.help);
  // The parser would read `--no-x` as the negation of `--x`; here it is a switch like any other.
  option.negate = false;
  option.name = () => longName(spec);
  option.attributeName = () => longName(spec);
  if (spec.hidden) option.hideHelp();
  return option;
}
