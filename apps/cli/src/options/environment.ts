import { Failure, usageFailure } from "../failure.ts";
import { type OptionSpec, variableName } from "./option-spec.ts";

const YES = new Set(["1", "true", "yes", "on"]);
const NO = new Set(["0", "false", "no", "off", ""]);

/**
 * The value that the environment gives an option, or `undefined` when it says nothing. A switch is 1/true/yes/on or
 * 0/false/no/off; the values of a repeatable option are divided by white space; an empty variable counts as absent.
 */
export function optionFromEnvironment(
  spec: OptionSpec<unknown>,
  env: Readonly<Record<string, string | undefined>>,
): unknown {
  if (spec.argumentOnly === true) return undefined;
  const variable = variableName(spec);
  const text = env[variable]?.trim();
  if (text === undefined) return undefined;
  if (spec.parse === undefined) {
    if (YES.has(text.toLowerCase())) return true;
    if (NO.has(text.toLowerCase())) return undefined;
    throw usageFailure(`environment variable ${variable}: "${text}" is not a yes or no; set it to 1 or 0`);
  }
  if (text === "") return undefined;
  const parse = spec.parse;
  try {
    return spec.repeatable ? text.split(/\s+/).map((part) => parse(part)) : parse(text);
  } catch (error) {
    if (error instanceof Failure) throw usageFailure(`environment variable ${variable}: ${error.message}`);
    throw error;
  }
}
