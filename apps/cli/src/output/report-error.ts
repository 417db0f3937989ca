import type { ExitCode } from "../exit-codes.ts";
import { explainError } from "../explain-error.ts";
import type { Io } from "../io.ts";
import { escapeText } from "./escape.ts";

/** Tells the person at the keyboard about an error in one line, and says how to exit. */
export function reportError(error: unknown, io: Io, options: { stack: boolean }): ExitCode {
  const { exitCode, message } = explainError(error);
  io.stderr.write(`bt: ${escapeText(message)}\n`);
  if (options.stack && error instanceof Error) io.stderr.write(`${stackOf(error)}\n`);
  return exitCode;
}

export function stackOf(error: Error): string {
  const own = (error.stack ?? String(error)).split("\n").map(escapeText).join("\n");
  return error.cause instanceof Error ? `${own}\ncaused by ${stackOf(error.cause)}` : own;
}
