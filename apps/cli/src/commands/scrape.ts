import { formatHex } from "@bt/primitives";
import type { ScrapeEntry } from "@bt/tracker";
import { openAskClient } from "../ask/ask-client.ts";
import { ASK_OPTIONS, readSwarmSource } from "../ask/swarm-source.ts";
import { TrackerReport } from "../ask/tracker-report.ts";
import { defineCommand } from "../define-command.ts";
import { escapeText } from "../output/escape.ts";
import { formatCount } from "../output/units.ts";

export const scrape = defineCommand({
  name: "scrape",
  summary:
    "Ask trackers how many seeders, leechers and completed downloads a torrent has. This leaves no trace in the swarm.",
  operands: ["<source>"],
  options: ASK_OPTIONS,
  examples: [
    "bt scrape debian.torrent",
    "bt scrape 'magnet:?xt=…&tr=…' --json",
    "bt scrape 0123…cdef --tracker udp://tracker.example:6969",
  ],
  stopsCleanly: true,
  async run({ io, stop, operands, options }) {
    const { infoHashes, trackers } = await readSwarmSource(
      operands[0]!,
      options.tracker,
      io,
      stop,
      options.proxy,
    );
    const client = await openAskClient(options);
    const report = new TrackerReport(io, options);
    const ask = async (tracker: string): Promise<void> => {
      try {
        const { swarms } = await client.scrape(tracker, infoHashes, { signal: stop.signal });
        for (const infoHash of infoHashes.map(formatHex)) {
          const entry = swarms.get(infoHash);
          report.answer(scrapeEvent(tracker, infoHash, entry), [
            scrapeLine(tracker, infoHash, entry, infoHashes.length),
          ]);
        }
      } catch (error) {
        if (!stop.isRequested) report.error(tracker, undefined, error);
      }
    };
    try {
      await Promise.race([Promise.all(trackers.map(ask)), stop.interrupted()]);
    } finally {
      client.close();
    }
    return report.exitCode;
  },
});

function scrapeEvent(
  tracker: string,
  infoHash: string,
  entry: ScrapeEntry | undefined,
): Record<string, unknown> {
  return {
    event: "scrape",
    tracker,
    infoHash,
    seeders: entry?.seederCount ?? null,
    leechers: entry?.leecherCount ?? null,
    downloads: entry?.completedCount ?? null,
    downloaders: entry?.downloaderCount ?? null,
  };
}

function scrapeLine(
  tracker: string,
  infoHash: string,
  entry: ScrapeEntry | undefined,
  hashCount: number,
): string {
  const place = hashCount > 1 ? `${escapeText(tracker)} (${infoHash})` : escapeText(tracker);
  if (entry === undefined) return `${place}: not known there`;
  const counts = [
    formatCount(entry.seederCount, "seeder"),
    formatCount(entry.leecherCount, "leecher"),
    `completed ${formatCount(entry.completedCount, "time")}`,
  ];
  return `${place}: ${counts.join(", ")}`;
}
