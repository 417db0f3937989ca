import { isIP } from "node:net";
import { refuseAddress, type GuardedRequest } from "../address-guard.ts";
import { TrackerError } from "../errors.ts";
import { systemResolve } from "./system-resolve.ts";
import { refused } from "./guarded-lookup.ts";

export interface ResolvedHost {
  readonly 4: readonly string[];
  readonly 6: readonly string[];
}

/** The system may take its time for a name, and it cannot be told to stop. */
export interface ResolveLimits {
  readonly resolve: ((host: string) => Promise<readonly string[]>) | undefined;
  readonly timeoutMs: number;
  readonly cancel?: AbortSignal | undefined;
}

/**
 * The numeric addresses of a tracker's host, in the system's order, without those that the rules refuse (`request`; all
 * are allowed when it is absent).
 * @throws TrackerError `TRACKER_UNREACHABLE`, `TRACKER_ADDRESS_REFUSED`, `TRACKER_TIMEOUT`, `TRACKER_CANCELLED`.
 */
export async function resolveHost(
  host: string,
  request: GuardedRequest | undefined,
  limits: ResolveLimits,
): Promise<ResolvedHost> {
  const addresses = isIP(host) === 0 ? await lookUp(host, limits) : [host];
  const resolved = { 4: [] as string[], 6: [] as string[] };
  let refusal: string | undefined;
  for (const address of addresses) {
    const found = request && refuseAddress(address, request);
    if (found === undefined) resolved[isIP(address) === 4 ? 4 : 6].push(address);
    refusal ??= found;
  }
  if (refusal !== undefined && resolved[4].length + resolved[6].length === 0) throw refused(host, refusal);
  return resolved;
}

function lookUp(host: string, limits: ResolveLimits): Promise<readonly string[]> {
  const { timeoutMs, cancel, resolve: ask = systemResolve } = limits;
  return new Promise((resolve, reject) => {
    const onCancel = (): void => end(new TrackerError("TRACKER_CANCELLED", "the request was given up"));
    const timer = setTimeout(() => end(slow(host, timeoutMs)), timeoutMs);
    const end = (outcome: TrackerError | readonly string[]): void => {
      clearTimeout(timer);
      cancel?.removeEventListener("abort", onCancel);
      if (outcome instanceof TrackerError) reject(outcome);
      else resolve(outcome);
    };
    cancel?.addEventListener("abort", onCancel);
    if (cancel?.aborted === true) return onCancel();
    ask(host).then(end, (error: unknown) => end(notFound(host, error)));
  });
}

function notFound(host: string, error: unknown): TrackerError {
  const systemCode = String((error as NodeJS.ErrnoException | null)?.code ?? "");
  return new TrackerError("TRACKER_UNREACHABLE", `the name ${host} cannot be looked up (${systemCode})`, {
    data: { host, systemCode },
    cause: error,
  });
}

function slow(host: string, limitMs: number): TrackerError {
  return new TrackerError("TRACKER_TIMEOUT", `the name ${host} was not found within ${limitMs / 1_000} s`, {
    data: { host, limitMs },
  });
}
