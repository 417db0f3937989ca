import { type Endpoint, parseEndpoint } from "@bt/primitives";
import { EXIT } from "../exit-codes.ts";
import { Failure, usageFailure } from "../failure.ts";

/** A host, still perhaps a name, and a port. */
export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/** `1.2.3.4:6881`, `[::1]:6881` or `name:6881`. */
export function parseHostAndPort(text: string): HostAndPort {
  const endpoint = parseEndpoint(text.trim());
  if (endpoint !== undefined) return endpoint;
  const match = /^([A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?):([0-9]{1,5})$/.exec(text.trim());
  const port = Number(match?.[3]);
  // A name of digits and dots only was meant as an address, and is not one.
  if (match === null || /^[0-9.]+$/.test(match[1]!) || port < 1 || port > 65_535) {
    throw usageFailure(
      `"${text}" is not a peer; write HOST:PORT, for example 192.0.2.7:6881 or [2001:db8::7]:6881`,
    );
  }
  return { host: match[1]!, port };
}

/** The numeric address behind `target`, asking the system's resolver for a name. */
export async function resolveHost(target: HostAndPort): Promise<Endpoint> {
  const { isIP } = await import("node:net");
  if (isIP(target.host) !== 0) return target;
  const { lookup } = await import("node:dns/promises");
  try {
    return { host: (await lookup(target.host)).address, port: target.port };
  } catch (cause) {
    throw new Failure(
      EXIT.network,
      "NAME_NOT_FOUND",
      `cannot find the address of peer ${target.host}; check the name`,
      {
        cause,
      },
    );
  }
}

/** An address of this machine to listen on and connect from. */
export function parseBindAddress(text: string): string {
  const host = text.trim().replace(/^\[(.*)\]$/, "$1");
  const numeric = parseEndpoint(host.includes(":") ? `[${host}]:1` : `${host}:1`);
  if (numeric === undefined && host !== "localhost") {
    throw usageFailure(
      `"${text}" is not an address; give a numeric one of this machine, for example 127.0.0.1 or ::1`,
    );
  }
  return host === "localhost" ? "127.0.0.1" : host;
}
