import { EXIT, type ExitCode } from "./exit-codes.ts";

/**
 * Something that the person at the keyboard has to know: what happened, why, and what to do, in one line.
 * Everything else that is thrown counts as a fault of `bt` itself (exit 1).
 */
export class Failure extends Error {
  override readonly name: string = "Failure";
  readonly exitCode: ExitCode;
  /** The `code` of the error event: stable, upper case. */
  readonly code: string;

  constructor(exitCode: ExitCode, code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.exitCode = exitCode;
    this.code = code;
  }
}

/** A mistake in the arguments or in a `BT_…` variable. */
export function usageFailure(message: string): Failure {
  return new Failure(EXIT.usage, "USAGE", message);
}

/** The command was told to stop (Ctrl-C, SIGTERM, or the reader of its output went away). */
export class Interruption extends Error {
  override readonly name: string = "Interruption";
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode) {
    super("stopped");
    this.exitCode = exitCode;
  }
}
