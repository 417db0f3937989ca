import { isIP } from "node:net";
import { buildAnnounceUrl, buildScrapeUrl, type AnnounceParameters } from "../announce-query.ts";
import { decodeAnnounceResponse, type AnnounceResponse } from "../announce-response.ts";
import { DEFAULT_CLIENT_OPTIONS, type TrackerClientOptions } from "../client-options.ts";
import { TrackerError } from "../errors.ts";
import { decodeScrapeResponse, type ScrapeResponse } from "../scrape-response.ts";
import { requireTrackerUrl, type TrackerScheme } from "../tracker-url.ts";
import { exchange } from "./http-exchange.ts";
import type { ClientSettings } from "./http-hop.ts";
import { RequestQueue } from "./request-queue.ts";

export interface RequestOptions {
  /** Ends the request with `TRACKER_CANCELLED`. */
  readonly signal?: AbortSignal;
}

/** Asks trackers of any kind. Each promise rejects with a {@link TrackerError} and, for wrong arguments, a RangeError. */
export interface TrackerClient {
  announce(url: string, parameters: AnnounceParameters, options?: RequestOptions): Promise<AnnounceResponse>;
  /** `url` is the announce URL. Swarms that were not asked for are left out of the answer. */
  scrape(url: string, infoHashes: readonly Uint8Array[], options?: RequestOptions): Promise<ScrapeResponse>;
  /** Ends all requests with `TRACKER_CANCELLED`; later ones end so at once. */
  close(): void;
}

/** What speaks to the trackers of one kind of URL. */
interface SchemeClient {
  announce(url: string, parameters: AnnounceParameters, cancel: AbortSignal): Promise<AnnounceResponse>;
  scrape(url: string, infoHashes: readonly Uint8Array[], cancel: AbortSignal): Promise<ScrapeResponse>;
}

/**
 * A client for HTTP and HTTPS trackers. It keeps no connections, so it costs nothing while it is idle.
 * @throws TypeError for a bind address that is no address.
 */
export function createTrackerClient(options: TrackerClientOptions = {}): TrackerClient {
  const settings: ClientSettings = { ...DEFAULT_CLIENT_OPTIONS, ...options };
  if (settings.bindAddress !== undefined && isIP(settings.bindAddress) === 0) {
    throw new TypeError(`not a numeric address: ${settings.bindAddress}`);
  }
  const http = createHttpClient(settings);
  const clients: Partial<Record<TrackerScheme, SchemeClient>> = { http, https: http };
  const underWay = new Set<AbortController>();
  let isClosed = false;

  async function withClient<T>(
    url: string,
    signal: AbortSignal | undefined,
    ask: (client: SchemeClient, cancel: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { scheme } = requireTrackerUrl(url);
    const client = clients[scheme];
    if (client === undefined) {
      throw new TrackerError("TRACKER_UNSUPPORTED_SCHEME", `${scheme} trackers are not spoken to`, {
        data: { scheme },
      });
    }
    const cancelling = new AbortController();
    const cancel = (): void => cancelling.abort();
    signal?.addEventListener("abort", cancel);
    if (isClosed || signal?.aborted === true) cancel();
    underWay.add(cancelling);
    try {
      return await ask(client, cancelling.signal);
    } finally {
      underWay.delete(cancelling);
      signal?.removeEventListener("abort", cancel);
    }
  }

  return {
    announce: (url, parameters, { signal } = {}) =>
      withClient(url, signal, (client, cancel) => client.announce(url, parameters, cancel)),
    scrape: (url, infoHashes, { signal } = {}) =>
      withClient(url, signal, (client, cancel) => client.scrape(url, infoHashes, cancel)),
    close() {
      isClosed = true;
      for (const cancelling of underWay) cancelling.abort();
    },
  };
}

function createHttpClient(settings: ClientSettings): SchemeClient {
  const queue = new RequestQueue(settings.maxConcurrentRequests);
  return {
    async announce(url, parameters, cancel) {
      const announceUrl = buildAnnounceUrl(url, parameters);
      const isFarewell = parameters.event === "stopped";
      const timeoutMs = isFarewell ? settings.stopTimeoutMs : settings.totalTimeoutMs;
      const body = await queue.run(
        () => exchange(announceUrl, settings, timeoutMs, cancel),
        isFarewell,
        cancel,
      );
      return decodeAnnounceResponse(body, settings);
    },
    async scrape(url, infoHashes, cancel) {
      const scrapeUrl = buildScrapeUrl(url, infoHashes);
      const body = await queue.run(
        () => exchange(scrapeUrl, settings, settings.totalTimeoutMs, cancel),
        false,
        cancel,
      );
      return decodeScrapeResponse(body, infoHashes);
    },
  };
}
