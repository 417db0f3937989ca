import { formatEndpoint } from "@bt/primitives";
import type { DhtNodeAddress } from "./metainfo.ts";

/** `1.2.3.4:5`, `[::1]:5` or `name:5`; `undefined` for anything else. */
export function parseNodeAddress(text: string): DhtNodeAddress | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:/?#@[\]]{1,253})):([0-9]{1,5})$/.exec(text);
  if (match === null) return undefined;
  const port = Number(match[3]);
  return port >= 1 && port <= 65_535 ? { host: (match[1] ?? match[2])!, port } : undefined;
}

export function formatNodeAddress(address: DhtNodeAddress): string {
  return formatEndpoint(address);
}
