import { TrackerError } from "./errors.ts";

/** A URL is read no further than this; the longest in use, with passkeys, are below 300 characters. */
export const MAX_TRACKER_URL_LENGTH = 2_048;

export type TrackerScheme = "http" | "https" | "udp";

/** The parts of a tracker's URL that is usable. */
export interface TrackerUrl {
  readonly scheme: TrackerScheme;
  /** A name in lower case, an IPv4 address, or an IPv6 address without brackets. */
  readonly host: string;
  /** 1 to 65,535; for HTTP(S) the scheme's own when none is written. 0 for a `udp:` URL without a port. */
  readonly port: number;
  /** Begins with `/`; escaped so that it can be sent as it is. */
  readonly path: string;
  /** What stands after `?`, without it, escaped; empty when there is nothing. */
  readonly query: string;
  /** `name:password` decoded, or empty. */
  readonly credentials: string;
}

const DEFAULT_PORTS: Readonly<Record<TrackerScheme, number>> = { http: 80, https: 443, udp: 0 };

/**
 * Announce arguments that a tracker's URL may not bring along: together with ours they would let the author of a
 * torrent choose what we say to whom (libtorrent's ssrf_mitigation refuses the same ones).
 */
const ANNOUNCE_ARGUMENTS: ReadonlySet<string> = new Set([
  "info_hash",
  "peer_id",
  "port",
  "uploaded",
  "downloaded",
  "left",
  "event",
  "corrupt",
]);

/** The parts of a tracker's URL, or `undefined` when `text` is no usable URL of an HTTP, HTTPS or UDP tracker. */
export function parseTrackerUrl(text: string): TrackerUrl | undefined {
  // The URL standard drops tabs and line ends and forgives missing slashes; a tracker's URL with them is damaged or
  // made to inject something into the request, so it is refused before that standard sees it.
  if (text.length > MAX_TRACKER_URL_LENGTH || /[\u0000-\u0020\u007f\\]/.test(text)) return undefined;
  const match = /^(https?|udp):\/\/[^/?#]/i.exec(text);
  if (match === null) return undefined;
  let url: URL;
  let credentials: string;
  try {
    url = new URL(text);
    credentials = url.username === "" ? "" : decodeURIComponent(`${url.username}:${url.password}`);
  } catch {
    return undefined;
  }
  const scheme = match[1]!.toLowerCase() as TrackerScheme;
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = url.port === "" ? DEFAULT_PORTS[scheme] : Number(url.port);
  if (host === "" || (port === 0 && url.port !== "")) return undefined;
  return { scheme, host, port, path: url.pathname || "/", query: url.search.slice(1), credentials };
}

/** As {@link parseTrackerUrl}; throws `TRACKER_BAD_URL` or, for another kind of URL, `TRACKER_UNSUPPORTED_SCHEME`. */
export function requireTrackerUrl(text: string): TrackerUrl {
  const url = parseTrackerUrl(text);
  if (url !== undefined) return url;
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text) && !/^(https?|udp):/i.test(text)) {
    throw new TrackerError("TRACKER_UNSUPPORTED_SCHEME", "no tracker is spoken to by this kind of URL", {
      data: { scheme: text.slice(0, text.indexOf(":")).slice(0, 16) },
    });
  }
  throw new TrackerError("TRACKER_BAD_URL", "not the URL of a tracker");
}

/** Whether the query that a tracker's URL brings along names an announce argument, in any case and escaping. */
export function holdsAnnounceArguments(query: string): boolean {
  return query.split("&").some((pair) => {
    const name = pair.split("=", 1)[0]!;
    const plain = name.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
    return ANNOUNCE_ARGUMENTS.has(plain.toLowerCase());
  });
}

/** The URL as text again: `https://name:password@host:port/path?query`. */
export function formatTrackerUrl({ scheme, host, port, path, query, credentials }: TrackerUrl): string {
  const shownHost = host.includes(":") ? `[${host}]` : host;
  const shownPort = port === 0 || port === DEFAULT_PORTS[scheme] ? "" : `:${port}`;
  return `${scheme}://${formatCredentials(credentials)}${shownHost}${shownPort}${path}${query === "" ? "" : `?${query}`}`;
}

function formatCredentials(credentials: string): string {
  if (credentials === "") return "";
  const colonAt = credentials.indexOf(":");
  return `${encodeURIComponent(credentials.slice(0, colonAt))}:${encodeURIComponent(credentials.slice(colonAt + 1))}@`;
}

/** BEP 48: the scrape URL's path has `scrape` in the place of `announce`; the last element that begins with it. */
export function scrapePathOf(announcePath: string): string | undefined {
  const at = announcePath.lastIndexOf("/announce");
  if (at < 0) return undefined;
  return `${announcePath.slice(0, at)}/scrape${announcePath.slice(at + "/announce".length)}`;
}
