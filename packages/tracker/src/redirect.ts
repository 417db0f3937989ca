import { TrackerError } from "./errors.ts";
import { parseTrackerUrl, type TrackerUrl } from "./tracker-url.ts";

/** Where a `Location` leads, as the URL standard resolves it; HTTP(S) only. @throws TrackerError */
export function resolveRedirect(from: TrackerUrl, location: string | undefined): TrackerUrl {
  const base = `${from.scheme}://${from.host.includes(":") ? `[${from.host}]` : from.host}:${from.port}${from.path}`;
  let next: TrackerUrl | undefined;
  try {
    // A head is read as Latin-1; a space or control character in it is not repaired but refused.
    const isClean = location !== undefined && !/[\u0000-\u0020\u007f]/.test(location);
    next = isClean ? parseTrackerUrl(new URL(location, base).href) : undefined;
  } catch {
    // not a URL: refused below
  }
  if (next !== undefined && next.scheme !== "udp") return next;
  throw new TrackerError("TRACKER_BAD_REDIRECT", "the tracker redirects to what is no HTTP tracker", {
    data: { host: from.host },
  });
}

/** Same scheme, host and port (RFC 6454 4): only there credentials may go along. */
export function isSameOrigin(a: TrackerUrl, b: TrackerUrl): boolean {
  return a.scheme === b.scheme && a.host === b.host && a.port === b.port;
}
