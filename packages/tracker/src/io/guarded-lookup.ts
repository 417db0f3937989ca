import type { LookupAddress } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { refuseAddress, type GuardedRequest } from "../address-guard.ts";
import { TrackerError } from "../errors.ts";

/** @throws TrackerError `TRACKER_ADDRESS_REFUSED` for a numeric host that the rules refuse: no lookup is made of those. */
export function requireAllowedHost(host: string, request: GuardedRequest): void {
  const refusal = isIP(host) === 0 ? undefined : refuseAddress(host, request);
  if (refusal !== undefined) throw refused(host, refusal);
}

/** What is judged in a host's place when a proxy looks names up (RFC 6761 6.3: these mean this machine, whoever does). */
export function judgedHost(host: string): string {
  return /^(.*\.)?localhost\.?$/.test(host) ? "127.0.0.1" : host;
}

/** A name lookup that gives only addresses of `family` (of any when it is 0) that the rules, if any, allow. */
export function guardedLookup(
  resolve: (host: string) => Promise<readonly string[]>,
  request: GuardedRequest | undefined,
  family: 0 | 4 | 6,
): LookupFunction {
  return (host, options, callback) => {
    resolve(host).then(
      (addresses) => {
        const ofFamily = addresses.filter((address) => family === 0 || isIP(address) === family);
        const refusals = ofFamily.map((address) => request && refuseAddress(address, request));
        const allowed = ofFamily.filter((_, index) => refusals[index] === undefined);
        const refusal = refusals.find((each) => each !== undefined);
        const found: LookupAddress[] = allowed.map((address) => ({ address, family: isIP(address) }));
        if (found.length === 0)
          callback(refusal === undefined ? noAddress(host, family) : refused(host, refusal), "", 0);
        else if (options.all === true) (callback as unknown as AllCallback)(null, found);
        else callback(null, found[0]!.address, found[0]!.family);
      },
      (error: unknown) => callback(error as NodeJS.ErrnoException, "", 0),
    );
  };
}

function noAddress(host: string, family: 0 | 4 | 6): TrackerError {
  return new TrackerError(
    "TRACKER_UNREACHABLE",
    `${host} has no ${family === 0 ? "" : `IPv${family} `}address`,
    {
      data: { host },
    },
  );
}

type AllCallback = (error: null, addresses: LookupAddress[]) => void;

export function refused(host: string, refusal: string | undefined): TrackerError {
  return new TrackerError("TRACKER_ADDRESS_REFUSED", `a tracker's URL may not lead to ${host}`, {
    data: { host, refusal },
  });
}
