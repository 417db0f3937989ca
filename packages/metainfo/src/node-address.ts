import { parseEndpoint } from "@bt/primitives";
import type { DhtNodeAddress } from "./metainfo.ts";

/** Resolvers take `1.2.3` and `0x7f.1` for addresses, though no client writes them so. */
const ENDS_IN_NUMBER = /(?:^|\.)(?:0x[0-9a-f]*|[0-9]+)\.?$/i;

/** `1.2.3.4:5`, `[::1]:5` or `name:5`; `undefined` for anything else. */
export function parseNodeAddress(text: string): DhtNodeAddress | undefined {
  const match = /^([^\s:/?#@[\]]{1,253}|\[[0-9a-f:.]{2,45}\]):([0-9]{1,5})$/i.exec(text);
  if (match === null) return undefined;
  const endpoint = parseEndpoint(text);
  if (endpoint !== undefined) return endpoint;
  const host = match[1]!;
  const port = Number(match[2]);
  return host[0] === "[" || ENDS_IN_NUMBER.test(host) || port < 1 || port > 65_535
    ? undefined
    : { host, port };
}
