/**
 * Whether an address that a stranger named may be dialled at all: not "this host", multicast, broadcast or reserved
 * ranges, where nobody can be a peer and only others would be bothered. Private and loopback addresses may be: swarms on
 * a home network and on one machine are common.
 */
export function isDialableAddress(host: string): boolean {
  if (host.includes(":")) {
    const lower = host.toLowerCase();
    return lower !== "::" && !lower.startsWith("ff") && !/^fe[89ab]/.test(lower);
  }
  const first = Number(host.split(".", 1)[0]);
  return first > 0 && first < 224;
}

/** Many peers share a loopback address on a machine that runs several clients; elsewhere an address is one culprit. */
export function isLoopbackAddress(host: string): boolean {
  return host.startsWith("127.") || host === "::1";
}
