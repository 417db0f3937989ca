import { buildAnnounceUrl, buildScrapeUrl } from "../announce-query.ts";
import { decodeAnnounceResponse } from "../announce-response.ts";
import { decodeScrapeResponse, type ScrapeEntry } from "../scrape-response.ts";
import { batchesOf } from "../scrape-batches.ts";
import { exchange } from "./http-exchange.ts";
import type { ClientSettings } from "./http-hop.ts";
import { KeptConnections } from "./kept-connections.ts";
import type { SchemeClient } from "./scheme-client.ts";

/** Asks HTTP and HTTPS trackers. A few seconds after the last request it has no connection left. */
export function createHttpClient(
  settings: ClientSettings,
  expectsMore: (host: string) => boolean,
): SchemeClient {
  const connections = new KeptConnections(expectsMore);
  const get = (url: string, family: 4 | 6 | undefined, timeoutMs: number, cancel: AbortSignal) =>
    exchange(url, family, { settings, connections }, timeoutMs, cancel);
  const { totalTimeoutMs, stopTimeoutMs } = settings;
  return {
    announce(url, parameters) {
      const announceUrl = buildAnnounceUrl(url, parameters);
      const timeoutMs = parameters.event === "stopped" ? stopTimeoutMs : totalTimeoutMs;
      return async (family, cancel) =>
        decodeAnnounceResponse(await get(announceUrl, family, timeoutMs, cancel), settings);
    },
    scrape(url, infoHashes) {
      const batches = batchesOf(infoHashes).map((asked) => ({
        asked,
        scrapeUrl: buildScrapeUrl(url, asked),
      }));
      return async (family, cancel) => {
        const swarms = new Map<string, ScrapeEntry>();
        for (const { asked, scrapeUrl } of batches) {
          const body = await get(scrapeUrl, family, totalTimeoutMs, cancel);
          for (const [infoHash, row] of decodeScrapeResponse(body, asked).swarms) swarms.set(infoHash, row);
        }
        return { swarms };
      };
    },
    close: () => connections.close(),
  };
}
