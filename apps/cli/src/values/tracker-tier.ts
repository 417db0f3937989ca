import { usageFailure } from "../failure.ts";

const TRACKER_SCHEMES = new Set(["http:", "https:", "udp:"]);

/** One tier of trackers: URLs divided by commas. A comma inside a URL does not divide. */
export function parseTrackerTier(text: string): string[] {
  return text
    .trim()
    .split(/,(?=[a-z][a-z0-9+.-]*:\/\/)/i)
    .map((url) => checkUrl(url.trim(), TRACKER_SCHEMES, "a tracker", "http://tracker.example/announce"));
}

/** An http(s) URL. */
export function parseWebUrl(text: string): string {
  return checkUrl(text.trim(), new Set(["http:", "https:"]), "a web address", "https://host.example/files/");
}

function checkUrl(url: string, schemes: ReadonlySet<string>, what: string, example: string): string {
  let parsed: URL | undefined;
  try {
    parsed = new URL(url);
  } catch {
    // Falls through to the one message below.
  }
  if (parsed === undefined || !schemes.has(parsed.protocol) || parsed.hostname === "") {
    throw usageFailure(`"${url}" is not ${what}; write a URL such as ${example}`);
  }
  return url;
}
