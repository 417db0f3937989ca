import { styleText } from "node:util";
import type { Io, OutputStream } from "../io.ts";

/** Colors for one stream, or none. */
export interface Style {
  readonly enabled: boolean;
  bold(text: string): string;
  dim(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  red(text: string): string;
  cyan(text: string): string;
}

/**
 * Colors are used on a terminal. `--no-color` wins over everything, then NO_COLOR (no-color.org: set and not empty),
 * then FORCE_COLOR, which also colors a pipe (0 means no color).
 */
export function styleFor(stream: OutputStream, env: Io["env"], noColor: boolean): Style {
  const force = env["FORCE_COLOR"];
  let enabled = stream.isTTY && env["TERM"] !== "dumb";
  if (force !== undefined) enabled = force !== "0" && force !== "false";
  if (noColor || (env["NO_COLOR"] ?? "") !== "") enabled = false;
  const paint =
    (format: Parameters<typeof styleText>[0]) =>
    (text: string): string =>
      // The decision is made above; styleText must not make its own from the process's streams.
      enabled ? styleText(format, text, { validateStream: false }) : text;
  return {
    enabled,
    bold: paint("bold"),
    dim: paint("dim"),
    green: paint("green"),
    yellow: paint("yellow"),
    red: paint("red"),
    cyan: paint("cyan"),
  };
}
