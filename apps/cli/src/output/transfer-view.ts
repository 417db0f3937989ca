import type { Call } from "../command.ts";
import type { ExitCode } from "../exit-codes.ts";
import { explainError } from "../explain-error.ts";
import { Interruption } from "../failure.ts";
import { HumanView } from "./human-view.ts";
import { JsonView } from "./json-view.ts";
import { stackOf } from "./report-error.ts";
import { styleFor } from "./style.ts";
import type { TransferView } from "./transfer-event.ts";

/** Runs a transfer with the view that its options ask for; what the body throws becomes an error event. */
export async function withView(
  { io, options }: Pick<Call, "io" | "options">,
  body: (view: TransferView) => Promise<ExitCode>,
): Promise<ExitCode> {
  const style = styleFor(io.stderr, io.env, options.noColor);
  const human = new HumanView(io.stderr, {
    style,
    // Beside the JSON, people are told of nothing but trouble.
    quiet: options.quiet || options["json"] === true,
    verbose: options.verbose,
  });
  const view = options["json"] === true ? new JsonView(io.stdout, human) : human;
  try {
    return await body(view);
  } catch (error) {
    if (error instanceof Interruption) throw error;
    const { exitCode, code, message } = explainError(error);
    view.emit({ event: "error", infoHash: null, code, message });
    if (options.verbose && error instanceof Error) view.detail(stackOf(error));
    return exitCode;
  } finally {
    view.close();
  }
}
