import { lookup, type LookupAddress } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { refuseAddress, type GuardedRequest } from "../address-guard.ts";
import { TrackerError } from "../errors.ts";

/** @throws TrackerError `TRACKER_ADDRESS_REFUSED` for a numeric host that the rules refuse: no lookup is made of those. */
export function requireAllowedHost(host: string, request: GuardedRequest): void {
  const refusal = isIP(host) === 0 ? undefined : refuseAddress(host, request);
  if (refusal !== undefined) throw refused(host, refusal);
}

/** A name lookup that gives only addresses of `family` (of any when it is 0) that the rules, if any, allow. */
export function guardedLookup(request: GuardedRequest | undefined, family: 0 | 4 | 6): LookupFunction {
  return (host, options, callback) => {
    lookup(host, { ...options, all: true, family }, (error, addresses) => {
      if (error !== null) return callback(error, "", 0);
      const refusals = addresses.map(({ address }) => request && refuseAddress(address, request));
      const allowed = addresses.filter((_, index) => refusals[index] === undefined);
      if (allowed.length === 0) return callback(refused(host, refusals[0]), "", 0);
      if (options.all === true) (callback as unknown as AllCallback)(null, allowed);
      else callback(null, allowed[0]!.address, allowed[0]!.family);
    });
  };
}

type AllCallback = (error: null, addresses: LookupAddress[]) => void;

export function refused(host: string, refusal: string | undefined): TrackerError {
  return new TrackerError("TRACKER_ADDRESS_REFUSED", `a tracker's URL may not lead to ${host}`, {
    data: { host, refusal },
  });
}
