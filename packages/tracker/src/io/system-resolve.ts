import { lookup } from "node:dns/promises";

/** The numeric addresses of a name, as the system gives and orders them. */
export async function systemResolve(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}
