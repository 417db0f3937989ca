import type { RequestOptions } from "node:https";
import { isIP } from "node:net";
import { connect as connectTls } from "node:tls";
import { basicAuthorization } from "../proxy-handshake.ts";
import type { ProxyUrl } from "../proxy-url.ts";
import { formatTrackerUrl, type TrackerUrl } from "../tracker-url.ts";
import { openTunnel, type TunnelOptions } from "./proxy-tunnel.ts";

/**
 * The same request by way of a proxy. An HTTP proxy is asked for an `http:` URL itself (many refuse tunnels to other
 * ports than 443); all else goes through a tunnel, so that a proxy never sees into HTTPS.
 */
export async function throughProxy(
  proxy: ProxyUrl,
  url: TrackerUrl,
  options: RequestOptions,
  tunnel: TunnelOptions,
): Promise<RequestOptions> {
  const { headers } = options;
  if (proxy.scheme === "http" && url.scheme === "http") {
    const authorization = basicAuthorization(proxy);
    return {
      ...options,
      lookup: undefined,
      host: proxy.host,
      port: proxy.port,
      path: formatTrackerUrl({ ...url, credentials: "" }),
      headers: {
        ...headers,
        host: new URL(formatTrackerUrl(url)).host,
        ...(authorization !== undefined && { "proxy-authorization": authorization }),
      },
    };
  }
  const { socket } = await openTunnel(proxy, url, tunnel);
  if (url.scheme === "http") return { ...options, agent: undefined, createConnection: () => socket };
  const { ca } = options;
  const secure = connectTls({
    socket,
    ...(ca !== undefined && { ca }),
    host: url.host,
    ...(isIP(url.host) === 0 && { servername: url.host }),
  });
  secure.setTimeout(tunnel.receiveTimeoutMs);
  return { ...options, agent: undefined, createConnection: () => secure };
}
