import { buildAnnounceUrl, buildScrapeUrl } from "../announce-query.ts";
import { decodeAnnounceResponse } from "../announce-response.ts";
import { decodeScrapeResponse, type ScrapeEntry } from "../scrape-response.ts";
import { batchesOf } from "../scrape-batches.ts";
import { exchange } from "./http-exchange.ts";
import type { ClientSettings } from "./http-hop.ts";
import type { SchemeClient } from "./scheme-client.ts";

/** Asks HTTP and HTTPS trackers. It keeps no connections, so it costs nothing while it is idle. */
export function createHttpClient(settings: ClientSettings): SchemeClient {
  const { totalTimeoutMs, stopTimeoutMs } = settings;
  return {
    announce(url, parameters) {
      const announceUrl = buildAnnounceUrl(url, parameters);
      const timeoutMs = parameters.event === "stopped" ? stopTimeoutMs : totalTimeoutMs;
      return async (family, cancel) =>
        decodeAnnounceResponse(await exchange(announceUrl, family, settings, timeoutMs, cancel), settings);
    },
    scrape(url, infoHashes) {
      const batches = batchesOf(infoHashes).map((asked) => ({
        asked,
        scrapeUrl: buildScrapeUrl(url, asked),
      }));
      return async (family, cancel) => {
        const swarms = new Map<string, ScrapeEntry>();
        for (const { asked, scrapeUrl } of batches) {
          const body = await exchange(scrapeUrl, family, settings, totalTimeoutMs, cancel);
          for (const [infoHash, row] of decodeScrapeResponse(body, asked).swarms) swarms.set(infoHash, row);
        }
        return { swarms };
      };
    },
    close: () => undefined,
  };
}
