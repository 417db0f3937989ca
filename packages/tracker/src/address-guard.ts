import { addressScope } from "./address-scope.ts";

/** Why an address must not be asked. */
export type AddressRefusal = "metadata" | "unusable" | "loopback-path" | "redirect-inward";

/** What the rules look at besides the address. */
export interface GuardedRequest {
  /** The path that is asked for. */
  readonly path: string;
  /** Whether a hop before this one was answered from a global address. */
  readonly comesFromGlobal: boolean;
}

/**
 * Whether a tracker's URL, which a stranger chose, may make us ask `address`; the rules are libtorrent's
 * ssrf_mitigation, made stricter. They are applied to the addresses that are connected to, after the name lookup, so a
 * name that changes its address does not get around them.
 *
 * - Never the metadata services of cloud machines, multicast or reserved addresses.
 * - On this machine only a path that looks like a tracker's: `/announce…` or `/scrape…`.
 * - No redirect from the internet to this machine or network.
 */
export function refuseAddress(
  address: string,
  { path, comesFromGlobal }: GuardedRequest,
): AddressRefusal | undefined {
  const scope = addressScope(address);
  if (scope === undefined || scope === "unusable") return "unusable";
  if (scope === "metadata") return "metadata";
  if (comesFromGlobal && scope !== "global") return "redirect-inward";
  if (scope === "loopback" && !isTrackerPath(path)) return "loopback-path";
  return undefined;
}

/** Whether a path looks like a tracker's. */
export function isTrackerPath(path: string): boolean {
  return /^\/(announce|scrape)/.test(path);
}
