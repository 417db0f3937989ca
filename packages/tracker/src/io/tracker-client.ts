import { isIP } from "node:net";
import type { AnnounceParameters } from "../announce-query.ts";
import type { AnnounceResponse } from "../announce-response.ts";
import { DEFAULT_CLIENT_OPTIONS, type TrackerClientOptions } from "../client-options.ts";
import { preferredUrls } from "../dns-preferences.ts";
import { TrackerError } from "../errors.ts";
import type { ScrapeResponse } from "../scrape-response.ts";
import { mergeAnswers } from "../merge-answers.ts";
import { parseProxyUrl } from "../proxy-url.ts";
import { formatTrackerUrl, requireTrackerUrl, type TrackerScheme, type TrackerUrl } from "../tracker-url.ts";
import { DnsRecords } from "./dns-records.ts";
import { createHttpClient } from "./http-client.ts";
import type { ClientSettings } from "./http-hop.ts";
import { FamilyMemory, overFamilies } from "./over-families.ts";
import { RequestQueue } from "./request-queue.ts";
import { resolveHost } from "./resolve-host.ts";
import type { Ask, SchemeClient } from "./scheme-client.ts";
import { UdpTrackerClient } from "./udp-client.ts";

export interface RequestOptions {
  /** Ends the request with `TRACKER_CANCELLED`. */
  readonly signal?: AbortSignal;
}

export interface AnnounceOptions extends RequestOptions {
  /**
   * A tracker with addresses of both families is told of us over each (BEP 7). The promise brings what is answered
   * first, this what is answered later; it knows other peers. `signal` ends the later one, too.
   */
  readonly onFurtherAnswer?: (response: AnnounceResponse) => void;
  /**
   * The promise waits until the tracker has answered, or not, over each family, and brings the peers of all. A "stopped"
   * waits so anyhow.
   */
  readonly waitForAll?: boolean;
}

/** Asks trackers of any kind. Each promise rejects with a {@link TrackerError} and, for wrong arguments, a RangeError. */
export interface TrackerClient {
  announce(url: string, parameters: AnnounceParameters, options?: AnnounceOptions): Promise<AnnounceResponse>;
  /** `url` is the announce URL. Swarms that were not asked for are left out of the answer. */
  scrape(url: string, infoHashes: readonly Uint8Array[], options?: RequestOptions): Promise<ScrapeResponse>;
  /** Ends all requests with `TRACKER_CANCELLED`; later ones end so at once. */
  close(): void;
}

/**
 * A client for HTTP, HTTPS and UDP trackers. Idle it costs nothing but, once a UDP tracker was asked, a socket of each
 * family, which does not keep the process alive.
 * @throws TypeError for a bind address that is no address and a proxy that is no proxy's URL.
 */
export function createTrackerClient(options: TrackerClientOptions = {}): TrackerClient {
  const settings: ClientSettings = { ...DEFAULT_CLIENT_OPTIONS, ...options };
  if (settings.bindAddress !== undefined && isIP(settings.bindAddress) === 0) {
    throw new TypeError(`not a numeric address: ${settings.bindAddress}`);
  }
  if (settings.proxy !== undefined) parseProxyUrl(settings.proxy);
  return new AnyTrackerClient(settings);
}

/** A host that denies in DNS that it has a tracker is left alone for a day. */
const DENIED_PAUSE_MS = 86_400_000;

interface RunOptions<T> {
  readonly isFarewell: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onFurther?: (answer: T) => void;
  /** For all families; `false` for the first answer. */
  readonly waits?: boolean;
}

class AnyTrackerClient implements TrackerClient {
  readonly #settings: ClientSettings;
  readonly #clients: Readonly<Record<TrackerScheme, SchemeClient>>;
  readonly #queue: RequestQueue;
  readonly #memory = new FamilyMemory();
  readonly #records: DnsRecords;
  readonly #underWay = new Set<AbortController>();
  #isClosed = false;

  constructor(settings: ClientSettings) {
    this.#settings = settings;
    this.#queue = new RequestQueue(settings);
    const http = createHttpClient(settings, (host) => this.#queue.isBusy(host));
    this.#clients = { http, https: http, udp: new UdpTrackerClient(settings) };
    this.#records = new DnsRecords(settings.resolveTxt);
  }

  async announce(
    text: string,
    parameters: AnnounceParameters,
    { signal, onFurtherAnswer, waitForAll = false }: AnnounceOptions = {},
  ): Promise<AnnounceResponse> {
    const isFarewell = parameters.event === "stopped";
    const waits = waitForAll || isFarewell;
    const others: AnnounceResponse[] = [];
    const onFurther = (answer: AnnounceResponse): void => {
      if (waits) others.push(answer);
      else onFurtherAnswer?.(answer);
    };
    const first = await this.#overPlaces(text, (url) => {
      const ask = this.#clientFor(url).announce(formatTrackerUrl(url), parameters);
      return this.#run(url, ask, { isFarewell, signal, onFurther, waits });
    });
    return mergeAnswers([first, ...others]);
  }

  async scrape(
    text: string,
    infoHashes: readonly Uint8Array[],
    { signal }: RequestOptions = {},
  ): Promise<ScrapeResponse> {
    // One answer is enough, whichever way it came.
    const enough = new AbortController();
    const anySignal = signal === undefined ? enough.signal : AbortSignal.any([signal, enough.signal]);
    try {
      return await this.#overPlaces(text, (url) => {
        const ask = this.#clientFor(url).scrape(formatTrackerUrl(url), infoHashes);
        return this.#run(url, ask, { isFarewell: false, signal: anySignal });
      });
    } finally {
      enough.abort();
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const cancelling of this.#underWay) cancelling.abort();
    for (const client of Object.values(this.#clients)) client.close();
  }

  /** Asks at the URL or, where its host names other places in DNS (BEP 34), there, until one can be reached. */
  async #overPlaces<T>(text: string, ask: (url: TrackerUrl) => Promise<T>): Promise<T> {
    const url = requireTrackerUrl(text);
    const { useDnsPreferences, proxy } = this.#settings;
    const isAskedFor = useDnsPreferences && proxy === undefined;
    const record = isAskedFor ? await this.#records.of(url.host) : undefined;
    if (record === undefined) return ask(url);
    const places = preferredUrls(url, record).map(requireTrackerUrl);
    let failure: unknown = deniedByDns(url);
    for (const place of places) {
      try {
        return await ask(place);
      } catch (error) {
        if (!isNoAnswer(error)) throw error;
        failure = error;
      }
    }
    throw failure;
  }

  #clientFor({ scheme, host }: TrackerUrl): SchemeClient {
    const { proxy } = this.#settings;
    if (scheme !== "udp" || proxy === undefined || parseProxyUrl(proxy).scheme === "socks5")
      return this.#clients[scheme];
    throw new TrackerError("TRACKER_UNSUPPORTED_SCHEME", "an HTTP proxy does not carry UDP; use SOCKS 5", {
      data: { host },
    });
  }

  async #run<T>(
    url: TrackerUrl,
    ask: Ask<T>,
    { isFarewell, signal, onFurther, waits }: RunOptions<T>,
  ): Promise<T> {
    const families = await this.#familiesOf(url, isFarewell, signal);
    const askOver = async (family: 4 | 6 | undefined): Promise<T> => {
      const cancelling = new AbortController();
      const cancel = (): void => cancelling.abort();
      signal?.addEventListener("abort", cancel);
      if (this.#isClosed || signal?.aborted === true) cancel();
      this.#underWay.add(cancelling);
      try {
        const work = (): Promise<T> => ask(family, cancelling.signal);
        const answer = await this.#queue.run(url.host, work, isFarewell, cancelling.signal);
        this.#memory.note(url.host, family, true);
        return answer;
      } catch (error) {
        // A refusal is an answer, too; of what was given up nothing is known.
        if (!cancelling.signal.aborted) this.#memory.note(url.host, family, !isNoAnswer(error));
        throw error;
      } finally {
        this.#underWay.delete(cancelling);
        signal?.removeEventListener("abort", cancel);
      }
    };
    const { first, settled } = overFamilies(families, askOver, (answer) => onFurther?.(answer));
    if (waits === true) await settled;
    return first;
  }

  /** The families to ask over; a farewell is said where it was answered before, so that nobody waits for a dead route. */
  async #familiesOf(
    { host }: TrackerUrl,
    isFarewell: boolean,
    cancel: AbortSignal | undefined,
  ): Promise<readonly (4 | 6 | undefined)[]> {
    const { family, bindAddress, proxy } = this.#settings;
    if (proxy !== undefined) return [undefined];
    const fixed = family ?? (bindAddress === undefined ? undefined : isIP(bindAddress));
    if (fixed !== undefined) return [fixed as 4 | 6];
    if (isIP(host) !== 0) return [undefined];
    const { stopTimeoutMs, totalTimeoutMs, resolve } = this.#settings;
    const limits = { timeoutMs: isFarewell ? stopTimeoutMs : totalTimeoutMs, cancel, resolve };
    const addresses = await resolveHost(host, undefined, limits);
    const families = ([4, 6] as const).filter((each) => addresses[each].length > 0);
    if (families.length === 0) {
      throw new TrackerError("TRACKER_UNREACHABLE", `${host} has no address`, { data: { host } });
    }
    return isFarewell ? this.#memory.knowing(host, families) : families;
  }
}

function isNoAnswer(error: unknown): boolean {
  const { code } = error as TrackerError;
  return code === "TRACKER_UNREACHABLE" || code === "TRACKER_TIMEOUT";
}

function deniedByDns({ host }: TrackerUrl): TrackerError {
  return new TrackerError("TRACKER_DENIED_BY_DNS", `${host} says in DNS that it has no such tracker`, {
    data: { host },
    retryInMs: DENIED_PAUSE_MS,
  });
}
