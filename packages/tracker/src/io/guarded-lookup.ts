import { lookup, type LookupAddress } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { refuseAddress, type GuardedRequest } from "../address-guard.ts";
import { TrackerError } from "../errors.ts";

/** @throws TrackerError `TRACKER_ADDRESS_REFUSED` for a numeric host that the rules refuse: no lookup is made of those. */
export function requireAllowedHost(host: string, request: GuardedRequest): void {
  const refusal = isIP(host) === 0 ? undefined : refuseAddress(host, request);
  if (refusal !== undefined) throw refused(host, refusal);
}

/** A name lookup that gives only addresses which the rules allow. */
export function guardedLookup(request: GuardedRequest): LookupFunction {
  return (host, options, callback) => {
    lookup(host, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, "", 0);
      const allowed = addresses.filter(({ address }) => refuseAddress(address, request) === undefined);
      if (allowed.length === 0) {
        const [first] = addresses;
        return callback(refused(host, first && refuseAddress(first.address, request)), "", 0);
      }
      if (options.all === true) (callback as unknown as AllCallback)(null, allowed);
      else callback(null, allowed[0]!.address, allowed[0]!.family);
    });
  };
}

type AllCallback = (error: null, addresses: LookupAddress[]) => void;

function refused(host: string, refusal: string | undefined): TrackerError {
  return new TrackerError("TRACKER_ADDRESS_REFUSED", `a tracker's URL may not lead to ${host}`, {
    data: { host, refusal },
  });
}
