import { formatEndpoint } from "@bt/primitives";
import type { DhtNodeAddress } from "./metainfo.ts";

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;
/** Resolvers take `1.2.3` and `0x7f.1` for addresses, though no client writes them so. */
const ENDS_IN_NUMBER = /(?:^|\.)(?:0x[0-9a-f]*|[0-9]+)\.?$/i;

/** `1.2.3.4:5`, `[::1]:5` or `name:5`; `undefined` for anything else. */
export function parseNodeAddress(text: string): DhtNodeAddress | undefined {
  const match = /^(?:\[([0-9a-fA-F.]*:[0-9a-fA-F:.]+)\]|([^\s:/?#@[\]]{1,253})):([0-9]{1,5})$/.exec(text);
  if (match === null) return undefined;
  const port = Number(match[3]);
  if (port < 1 || port > 65_535) return undefined;
  const [, bracketed, name = ""] = match;
  if (bracketed !== undefined) return { host: bracketed, port };
  return ENDS_IN_NUMBER.test(name) && !IPV4.test(name) ? undefined : { host: name, port };
}

export function formatNodeAddress(address: DhtNodeAddress): string {
  return formatEndpoint(address);
}
