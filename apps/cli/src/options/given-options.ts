import { Failure, usageFailure } from "../failure.ts";
import { longName, type OptionSpec } from "./option-spec.ts";

/** What the arguments say, before the environment is asked: a value, or a list of them, per long name. */
export interface GivenArguments {
  readonly operands: readonly string[];
  readonly values: ReadonlyMap<string, unknown>;
}

/** The values so far with one more; of an option that is not repeatable the last one counts. */
export function addGiven(
  values: Map<string, unknown>,
  spec: OptionSpec<unknown>,
  text: string | undefined,
): void {
  const name = longName(spec);
  const value = spec.parse === undefined ? true : parseGiven(spec, spec.parse, text ?? "");
  const before = values.get(name) as unknown[] | undefined;
  values.set(name, spec.repeatable ? [...(before ?? []), value] : value);
}

function parseGiven(spec: OptionSpec<unknown>, parse: (text: string) => unknown, text: string): unknown {
  const name = longName(spec);
  if (text === "") throw usageFailure(`--${name}: the value is empty; leave the option out or give it one`);
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof Failure) throw usageFailure(`--${name}: ${error.message}`);
    throw error;
  }
}
