import { freePort } from "./free-port.ts";

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/**
 * A loopback address of a peer's own and a port. Peers that shared an address would hide each other: rtorrent
 * keeps one peer per address, and opentracker names the asking peer itself in its answer.
 */
export async function freeEndpoint(): Promise<Endpoint> {
  const part = (from: number, to: number): string => String(from + Math.floor(Math.random() * (to - from)));
  const host = `127.${part(10, 250)}.${part(0, 256)}.${part(1, 255)}`;
  return { host, port: await freePort(host) };
}
