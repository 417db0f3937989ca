import { switchOption } from "./option-spec.ts";

/** What every command understands. */
export const COMMON_OPTIONS = {
  quiet: switchOption("-q, --quiet", "print errors only"),
  verbose: switchOption("-v, --verbose", "say more; show where an error came from"),
  noColor: switchOption("--no-color", "no colors (as the variable NO_COLOR)"),
} as const;

export const JSON_OPTION = {
  json: switchOption("--json", "print JSON on standard output"),
} as const;
