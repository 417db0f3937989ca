import { addGiven, type GivenArguments } from "./given-options.ts";
import type { OptionSpec, OptionTable } from "./option-spec.ts";

/**
 * Reads arguments that hold nothing unusual: whole flags, values after a blank or `=`, operands. For all else (a wish for
 * help, a mistake, `-qv`) it returns `undefined`, and the full parser, which takes as long to load as the rest of a short
 * command, decides. On what both can read they agree; a test compares them.
 */
export function readPlainArguments(
  args: readonly string[],
  operandNotation: readonly string[],
  table: OptionTable,
): GivenArguments | undefined {
  const flags = new Map<string, OptionSpec<unknown>>();
  for (const spec of Object.values(table)) {
    for (const [flag] of spec.flags.matchAll(/(?<![\w-])--?[a-z][a-z0-9-]*/g)) flags.set(flag, spec);
  }
  const values = new Map<string, unknown>();
  const operands: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const argument = args[at]!;
    if (argument === "-" || !argument.startsWith("-")) {
      operands.push(argument);
      continue;
    }
    const equals = argument.startsWith("--") ? argument.indexOf("=") : -1;
    const spec = flags.get(equals < 0 ? argument : argument.slice(0, equals));
    if (spec === undefined || (equals >= 0 && spec.parse === undefined)) return undefined;
    if (spec.parse === undefined) {
      addGiven(values, spec, undefined);
      continue;
    }
    const text = equals < 0 ? args[++at] : argument.slice(equals + 1);
    if (text === undefined || (equals < 0 && text.startsWith("-") && text !== "-")) return undefined;
    addGiven(values, spec, text);
  }
  const takesMany = operandNotation.some((notation) => notation.includes("..."));
  const isEnough = operands.length >= operandNotation.length;
  const isTooMany = operands.length > operandNotation.length && !takesMany;
  return isEnough && !isTooMany ? { operands, values } : undefined;
}
