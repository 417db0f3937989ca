/** A proxy that requests are sent through. */
export interface ProxyUrl {
  /** `http`: an HTTP proxy; `socks5`: RFC 1928, which looks the names up. */
  readonly scheme: "http" | "socks5";
  readonly host: string;
  readonly port: number;
  /** Empty when there are none. */
  readonly username: string;
  readonly password: string;
}

const DEFAULT_PORTS = { http: 8_080, socks5: 1_080 } as const;

/**
 * `http://host:port`, `socks5://name:password@host:port`; `socks5h` is the same, since names are never looked up here.
 * @throws TypeError for anything else.
 */
export function parseProxyUrl(text: string): ProxyUrl {
  const scheme = /^(?:(http)|(socks5)h?):\/\/[^/?#]/i.exec(text);
  try {
    // Read as HTTP, because the URL standard knows the parts of no other kind as well.
    const url = new URL(text.replace(/^[a-z0-9]+:/i, "http:"));
    const kind = (scheme?.[1] ?? scheme?.[2] ?? "").toLowerCase();
    const isPlain = url.pathname === "/" && url.search === "" && url.hash === "";
    if ((kind === "http" || kind === "socks5") && url.hostname !== "" && isPlain) {
      const username = decodeURIComponent(url.username);
      const password = decodeURIComponent(url.password);
      // The standard drops the port 80 that HTTP has by itself.
      const isPort80 = /:80\/?$/.test(text);
      const port = url.port === "" ? (isPort80 ? 80 : DEFAULT_PORTS[kind]) : Number(url.port);
      const fits = [username, password].every((part) => new TextEncoder().encode(part).length <= 255);
      const host = url.hostname.replace(/^\[|\]$/g, "");
      if (port > 0 && fits) return { scheme: kind, host, port, username, password };
    }
  } catch {
    // refused below
  }
  // Without the text: it may hold a password.
  throw new TypeError("not a proxy; write http://host:port or socks5://host:port");
}
