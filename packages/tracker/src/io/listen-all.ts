import { isIPv6 } from "node:net";
import { TrackerError } from "../errors.ts";
import type { ConnectionIds } from "../server/connection-ids.ts";
import { DEFAULT_SERVER_OPTIONS, type TrackerServerOptions } from "../server/server-options.ts";
import type { ServerClock } from "../server/server-clock.ts";
import type { TrackerService } from "../server/tracker-service.ts";
import { HttpListener } from "./http-listener.ts";
import { UdpListener } from "./udp-listener.ts";

const ALL_ADDRESSES: readonly string[] = ["0.0.0.0", "::"];
/** How often a free port is drawn until it is free on all addresses. */
const PORT_TRIES = 20;

/** The sockets of a tracker. */
export interface Listeners {
  readonly http: readonly HttpListener[];
  readonly udp: readonly UdpListener[];
  readonly httpPort: number | undefined;
  readonly udpPort: number | undefined;
  readonly urls: readonly string[];
}

export async function closeAll({ http, udp }: Pick<Listeners, "http" | "udp">): Promise<void> {
  await Promise.all([...http, ...udp].map((listener) => listener.close()));
}

/**
 * Listens everywhere or nowhere. A free port is drawn once and is the same on all addresses; UDP takes the one of HTTP.
 * @throws TrackerError `TRACKER_LISTEN_FAILED`.
 */
export async function listenAll(
  service: TrackerService,
  ids: ConnectionIds,
  options: Pick<TrackerServerOptions, "host" | "port" | "udpPort">,
  clock: ServerClock,
): Promise<Listeners> {
  const { host, port = DEFAULT_SERVER_OPTIONS.port, udpPort = null } = options;
  if (port === null && udpPort === null) throw new TypeError("a tracker needs a port for HTTP or for UDP");
  const hosts = host === undefined ? ALL_ADDRESSES : typeof host === "string" ? [host] : host;
  // `::` alone takes IPv4 too, as elsewhere.
  const ipv6Only = hosts.length > 1;
  // Without a wish for addresses, a machine without IPv6 is served over IPv4 alone.
  const mayLack = (address: string): boolean => host === undefined && address === "::";
  for (let tries = 1; ; tries++) {
    const open: { http: HttpListener[]; udp: UdpListener[]; urls: string[] } = {
      http: [],
      udp: [],
      urls: [],
    };
    try {
      let httpPort: number | undefined = port ?? undefined;
      if (port !== null) {
        for (const address of hosts) {
          const listener = new HttpListener(service, clock);
          const at: number = httpPort!;
          const bound = await attempt(
            () => listener.listen(at, address, ipv6Only),
            address,
            at,
            mayLack(address),
          );
          if (bound === undefined) continue;
          open.http.push(listener);
          httpPort = bound.port;
          open.urls.push(`http://${shownHost(bound.address)}:${httpPort}/announce`);
        }
      }
      let udpAt: number | undefined = udpPort === 0 ? (httpPort ?? 0) : (udpPort ?? undefined);
      if (udpAt !== undefined) {
        for (const address of hosts) {
          const listener = new UdpListener(service, ids, isIPv6(address) ? 6 : 4, ipv6Only, clock);
          const at: number = udpAt;
          const bound = await attempt(() => listener.listen(at, address), address, at, mayLack(address));
          if (bound === undefined) continue;
          open.udp.push(listener);
          udpAt = bound.port;
          open.urls.push(`udp://${shownHost(bound.address)}:${udpAt}/announce`);
        }
      }
      return { ...open, httpPort, udpPort: udpAt, urls: [...new Set(open.urls)] };
    } catch (error) {
      await closeAll(open);
      const isDrawn = port === 0 || udpPort === 0;
      const code = ((error as Error).cause as NodeJS.ErrnoException | undefined)?.code;
      if (!isDrawn || code !== "EADDRINUSE" || tries === PORT_TRIES) throw error;
    }
  }
}

/** `undefined` when the machine lacks the address and may. */
async function attempt<T>(
  listen: () => Promise<T>,
  host: string,
  port: number,
  mayLack: boolean,
): Promise<T | undefined> {
  try {
    return await listen();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (mayLack && (code === "EAFNOSUPPORT" || code === "EADDRNOTAVAIL")) return undefined;
    throw new TrackerError("TRACKER_LISTEN_FAILED", `the tracker cannot listen on port ${port}`, {
      data: { host, port },
      cause,
    });
  }
}

function shownHost(address: string): string {
  if (address === "0.0.0.0") return "127.0.0.1";
  if (address === "::") return "[::1]";
  return address.includes(":") ? `[${address}]` : address;
}
