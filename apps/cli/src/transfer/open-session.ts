import type { Session } from "@bt/engine";
import type { Endpoint } from "@bt/primitives";
import { EXIT } from "../exit-codes.ts";
import { Failure, usageFailure } from "../failure.ts";
import type { OptionValues } from "../options/option-spec.ts";
import type { NETWORK_OPTIONS } from "../options/transfer-options.ts";
import { tuneV8 } from "../process/tune-v8.ts";
import { resolveHost } from "../values/address.ts";

export type NetworkValues = OptionValues<typeof NETWORK_OPTIONS>;

/** A session that listens as the options say. */
export async function openSession(
  network: NetworkValues,
  allocation: "sparse" | "full" = "sparse",
): Promise<Session> {
  const { createNodeSession } = await import("@bt/engine/node");
  const { port, bind, maxDown, maxUp, maxPeers, memory, proxy } = network;
  try {
    const session = await createNodeSession({
      port: port ?? 0,
      allocation,
      ...(bind === undefined ? {} : { host: bind }),
      ...(proxy === undefined ? {} : { proxy }),
      ...(maxDown === undefined ? {} : { maxDownloadRate: maxDown }),
      ...(maxUp === undefined ? {} : { maxUploadRate: maxUp }),
      // One torrent may have them all.
      ...(maxPeers === undefined ? {} : { maxPeers, limits: { maximumPeers: maxPeers } }),
      ...(memory === undefined ? {} : { memoryLength: memory }),
    });
    tuneV8();
    return session;
  } catch (error) {
    throw listenFailure(error, network);
  }
}

/** What would go past the proxy is refused before anything is sent. @throws Failure */
export async function checkProxy({ proxy, port, peer }: NetworkValues): Promise<void> {
  if (proxy === undefined) return;
  const { parseProxyUrl } = await import("@bt/tracker");
  try {
    parseProxyUrl(proxy);
  } catch (cause) {
    throw usageFailure((cause as Error).message);
  }
  if (port !== undefined && port !== 0)
    throw usageFailure("through --proxy nobody can connect to us; leave out --port");
  const { isIP } = await import("node:net");
  const named = peer.find(({ host }) => isIP(host) === 0);
  if (named !== undefined)
    throw usageFailure(
      `looking up ${named.host} would go past --proxy; give the peer's address, for example 192.0.2.7:6881`,
    );
}

/** The addresses behind the `--peer` options. */
export function resolvePeers(network: NetworkValues): Promise<Endpoint[]> {
  return Promise.all(network.peer.map((target) => resolveHost(target)));
}

function listenFailure(error: unknown, { port, bind }: NetworkValues): unknown {
  const code = (error as { cause?: { code?: unknown } } | null)?.cause?.code;
  const fail = (what: string): Failure => new Failure(EXIT.network, String(code), what, { cause: error });
  if (code === "EADDRINUSE")
    return fail(`port ${port ?? 0} is in use; choose another with --port, or 0 for any free one`);
  if (code === "EACCES")
    return fail(`port ${port ?? 0} needs more rights; choose one above 1023 with --port`);
  if (code === "EADDRNOTAVAIL") return fail(`this machine has no address ${bind ?? ""}; correct --bind`);
  return error;
}
