import { usageFailure } from "../failure.ts";

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** Longer times would overflow a timer's 32 bits and fire at once. */
const MAX_DURATION_MS = 2 ** 31 - 1;

/** Milliseconds that `90s`, `5m`, `1h30m`, `250ms` or a bare number of seconds name; more than 0, at most 24 days. */
export function parseDuration(text: string): number {
  const trimmed = text.trim().toLowerCase();
  let durationMs = NaN;
  if (/^[0-9]+(\.[0-9]+)?$/.test(trimmed)) durationMs = Number(trimmed) * 1_000;
  else if (/^([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+$/.test(trimmed)) {
    durationMs = 0;
    for (const [, amount, unit] of trimmed.matchAll(/([0-9.]+)(ms|s|m|h|d)/g)) {
      durationMs += Number(amount) * UNIT_MS[unit!]!;
    }
  }
  if (!(durationMs > 0 && durationMs <= MAX_DURATION_MS)) {
    throw usageFailure(
      `"${text}" is not a time; write for example 90s, 5m or 1h30m (more than 0, at most 24d)`,
    );
  }
  return Math.ceil(durationMs);
}
