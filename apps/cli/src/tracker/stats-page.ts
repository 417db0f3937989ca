import type { TrackerPage, TrackerServerStats } from "@bt/tracker/server";

const LABELS: readonly (readonly [keyof TrackerServerStats, string])[] = [
  ["swarmCount", "swarms"],
  ["peerCount", "peers"],
  ["seederCount", "of these, seeds"],
  ["httpAnnounceCount", "announces over HTTP"],
  ["udpAnnounceCount", "announces over UDP"],
  ["httpScrapeCount", "scrapes over HTTP"],
  ["udpScrapeCount", "scrapes over UDP"],
  ["udpConnectCount", "UDP connection ids given"],
  ["refusedCount", "requests refused"],
  ["limitedCount", "of these, too many from one address"],
  ["storeFailureCount", "of these, for trouble with the store"],
  ["badRequestCount", "requests that were no HTTP"],
  ["droppedDatagramCount", "datagrams dropped"],
  ["connectionCount", "HTTP connections open"],
];

/** Numbers only: nothing that a stranger sent is shown. */
export function statsPage(stats: TrackerServerStats): TrackerPage {
  const rows = LABELS.map(
    ([key, label]) => `<tr><th>${label}</th><td>${Number(stats[key] ?? 0).toLocaleString("en-US")}</td></tr>`,
  );
  const hours = (stats.uptimeMs / 3_600_000).toFixed(1);
  return {
    contentType: "text/html; charset=utf-8",
    body: `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>bt tracker</title>
<meta name="viewport" content="width=device-width">
<style>body{font:16px/1.6 system-ui,sans-serif;margin:2em}th{text-align:left;font-weight:400;padding-right:2em}td{text-align:right;font-variant-numeric:tabular-nums}</style>
<h1>bt tracker</h1>
<p>up for ${hours} hours</p>
<table>
${rows.join("\n")}
</table>
<p><a href="/stats.json">JSON</a> · <a href="/metrics">Prometheus</a></p>
</html>
`,
  };
}

export function statsJson(stats: TrackerServerStats): TrackerPage {
  return { contentType: "application/json", body: `${JSON.stringify(stats)}\n` };
}
