import { formatTrackerUrl, type TrackerUrl } from "./tracker-url.ts";

/** Places in one record that are heeded. */
const MAX_PLACE_COUNT = 16;

/** Where a host says that its trackers are, best first (BEP 34). None: it has no tracker. */
export interface TrackerRecord {
  readonly places: readonly { readonly protocol: "udp" | "tcp"; readonly port: number }[];
}

/**
 * What the TXT records of a host say of trackers (BEP 34), `undefined` when they say nothing. Words are divided by
 * spaces and case-sensitive; those that mean nothing are skipped. Of several records the first counts.
 */
export function parseTrackerRecord(texts: readonly string[]): TrackerRecord | undefined {
  const words = texts.map((text) => text.split(" ")).find(([first]) => first === "BITTORRENT");
  if (words === undefined) return undefined;
  const places = words.flatMap((word) => {
    const match = /^(UDP|TCP):([0-9]{1,5})$/.exec(word);
    const port = Number(match?.[2]);
    if (match === null || port < 1 || port > 65_535) return [];
    return [{ protocol: match[1] === "UDP" ? ("udp" as const) : ("tcp" as const), port }];
  });
  return { places: places.slice(0, MAX_PLACE_COUNT) };
}

/**
 * The URLs to try in place of `url`, in order; empty when the host has no tracker that could be meant. HTTPS stays
 * HTTPS: nobody who writes DNS records shall make us say a passkey in the clear.
 */
export function preferredUrls(url: TrackerUrl, { places }: TrackerRecord): string[] {
  const urls = places.flatMap(({ protocol, port }): TrackerUrl[] => {
    if (url.scheme === "https") return protocol === "tcp" ? [{ ...url, port }] : [];
    if (protocol === "udp") return [{ ...url, scheme: "udp", port, credentials: "" }];
    // A UDP tracker's URL often has no path; HTTP needs one.
    const path = url.scheme === "udp" && url.path === "/" ? "/announce" : url.path;
    return [{ ...url, scheme: "http", port, path }];
  });
  return [...new Set(urls.map(formatTrackerUrl))];
}
