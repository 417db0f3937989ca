import { randomBytes } from "node:crypto";
import type { AnnounceParameters } from "../announce-query.ts";
import type { AnnounceResponse } from "../announce-response.ts";
import { TrackerError } from "../errors.ts";
import { parseProxyUrl } from "../proxy-url.ts";
import { batchesOf } from "../scrape-batches.ts";
import type { ScrapeEntry, ScrapeResponse } from "../scrape-response.ts";
import { requireTrackerUrl, type TrackerUrl } from "../tracker-url.ts";
import { encodeTemplate, type UdpAnswer, type UdpQuestion } from "../udp/udp-question.ts";
import { UdpExchanges } from "../udp/udp-exchanges.ts";
import { formatHex, type Endpoint } from "@bt/primitives";
import type { ClientSettings } from "./http-hop.ts";
import { judgedHost, requireAllowedHost } from "./guarded-lookup.ts";
import { resolveHost, type ResolveLimits } from "./resolve-host.ts";
import type { Ask, SchemeClient } from "./scheme-client.ts";
import { SocksDatagrams } from "./socks-datagrams.ts";
import { normalEndpoint, UdpSockets, type DatagramEvents, type Datagrams } from "./udp-sockets.ts";

interface Pending {
  resolve(answer: UdpAnswer): void;
  reject(error: TrackerError): void;
}

/** Asks UDP trackers (BEP 15): one socket of each address family for all torrents, opened when it is first needed. */
export class UdpTrackerClient implements SchemeClient {
  readonly #settings: ClientSettings;
  readonly #exchanges: UdpExchanges;
  readonly #sockets: Datagrams;
  readonly #pending = new Map<number, Pending>();
  #timer: NodeJS.Timeout | undefined;

  constructor(settings: ClientSettings) {
    this.#settings = settings;
    this.#exchanges = new UdpExchanges(() => randomBytes(4).readUInt32BE(), settings);
    const events: DatagramEvents = {
      onDatagram: (from, packet, isRelayed) => {
        this.#exchanges.receive(from, packet, performance.now(), isRelayed);
        this.#drive();
      },
      onUnreachable: (to, cause) => {
        this.#exchanges.unreachable(to, unreachable(to.host, cause));
        this.#drive();
      },
    };
    const { proxy, bindAddress } = settings;
    this.#sockets =
      proxy === undefined
        ? new UdpSockets(bindAddress, events)
        : new SocksDatagrams(parseProxyUrl(proxy), settings, events);
  }

  announce(text: string, parameters: AnnounceParameters): Ask<AnnounceResponse> {
    const url = requireUdpUrl(text);
    const question: UdpQuestion = { action: "announce", parameters, urlData: urlDataOf(url) };
    encodeTemplate(question); // throws what is the caller's mistake now
    const { stopTimeoutMs, totalTimeoutMs } = this.#settings;
    const timeoutMs = parameters.event === "stopped" ? stopTimeoutMs : totalTimeoutMs;
    return async (family, cancel) => {
      const answer = await this.#ask(url, question, family, timeoutMs, cancel);
      return (answer as UdpAnswer & { action: "announce" }).answer;
    };
  }

  scrape(text: string, infoHashes: readonly Uint8Array[]): Ask<ScrapeResponse> {
    const url = requireUdpUrl(text);
    const questions = batchesOf(infoHashes).map((asked) => ({
      action: "scrape" as const,
      infoHashes: asked,
    }));
    for (const question of questions) encodeTemplate(question);
    return async (family, cancel) => {
      const swarms = new Map<string, ScrapeEntry>();
      for (const question of questions) {
        const answer = await this.#ask(url, question, family, this.#settings.totalTimeoutMs, cancel);
        // The rows say not whose they are: they come in the order of the question.
        for (const [index, row] of (answer as UdpAnswer & { action: "scrape" }).rows.entries()) {
          const infoHash = question.infoHashes[index];
          if (infoHash !== undefined) swarms.set(formatHex(infoHash), row);
        }
      }
      return { swarms };
    };
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#sockets.close();
  }

  async #ask(
    url: TrackerUrl,
    question: UdpQuestion,
    family: 4 | 6 | undefined,
    timeoutMs: number,
    cancel: AbortSignal,
  ): Promise<UdpAnswer> {
    const begunAt = performance.now();
    const to = await this.#addressOf(url, family, { timeoutMs, cancel, resolve: this.#settings.resolve });
    if (cancel.aborted) throw cancelled();
    await this.#sockets.open(to.host.includes(":") ? 6 : 4).catch((error: unknown) => {
      throw cancel.aborted ? cancelled() : unreachable(url.host, error);
    });
    if (cancel.aborted) throw cancelled();
    return new Promise((resolve, reject) => {
      const now = performance.now();
      const exchangeId = this.#exchanges.ask(question, to, timeoutMs, now, begunAt);
      const onCancel = (): void => {
        this.#exchanges.cancel(exchangeId);
        this.#pending.delete(exchangeId);
        this.#drive();
        reject(cancelled());
      };
      cancel.addEventListener("abort", onCancel);
      this.#pending.set(exchangeId, {
        resolve(answer) {
          cancel.removeEventListener("abort", onCancel);
          resolve(answer);
        },
        reject(error) {
          cancel.removeEventListener("abort", onCancel);
          reject(error);
        },
      });
      this.#drive();
    });
  }

  async #addressOf(
    { host, port }: TrackerUrl,
    family: 4 | 6 | undefined,
    limits: ResolveLimits,
  ): Promise<Endpoint> {
    // The rule about paths on this machine is about what HTTP servers do with them; a connect request has no path.
    const guard = { path: "/announce", comesFromGlobal: false };
    if (this.#settings.proxy !== undefined) {
      if (this.#settings.guardAddresses) requireAllowedHost(judgedHost(host), guard);
      return normalEndpoint({ host, port });
    }
    const addresses = await resolveHost(host, this.#settings.guardAddresses ? guard : undefined, limits);
    const usable = family === undefined ? [...addresses[4], ...addresses[6]] : addresses[family];
    if (usable.length > 0) return normalEndpoint({ host: usable[0]!, port });
    throw new TrackerError("TRACKER_UNREACHABLE", `${host} has no IPv${family ?? 4} address`, {
      data: { host },
    });
  }

  /** Carries out what is to be done, and comes back when the next thing is. */
  #drive(): void {
    const now = performance.now();
    for (let step = this.#exchanges.poll(now); step !== undefined; step = this.#exchanges.poll(now)) {
      if (step.type === "send") {
        this.#sockets.send(step.family, step.to, step.packet);
        continue;
      }
      const pending = this.#pending.get(step.exchangeId);
      this.#pending.delete(step.exchangeId);
      if (step.type === "answered") pending?.resolve(step.answer);
      else pending?.reject(step.error);
    }
    clearTimeout(this.#timer);
    const wakeAt = this.#exchanges.nextWakeAt();
    if (wakeAt < Infinity)
      this.#timer = setTimeout(() => this.#drive(), Math.max(1, Math.ceil(wakeAt - now)));
    this.#sockets.setBusy(this.#exchanges.size > 0);
  }
}

function requireUdpUrl(text: string): TrackerUrl {
  const url = requireTrackerUrl(text);
  if (url.port !== 0) return url;
  throw new TrackerError("TRACKER_BAD_URL", "a UDP tracker's URL needs a port", { data: { host: url.host } });
}

/** BEP 41: path and query as they are written; nothing for a URL that has neither. */
function urlDataOf({ path, query }: TrackerUrl): string {
  const text = query === "" ? path : `${path}?${query}`;
  return text === "/" ? "" : text;
}

function cancelled(): TrackerError {
  return new TrackerError("TRACKER_CANCELLED", "the request was given up");
}

function unreachable(host: string, cause: unknown): TrackerError {
  const systemCode = String((cause as NodeJS.ErrnoException | undefined)?.code ?? "");
  return new TrackerError(
    "TRACKER_UNREACHABLE",
    `${host} cannot be reached${systemCode && ` (${systemCode})`}`,
    {
      data: { host, systemCode },
      cause,
    },
  );
}
