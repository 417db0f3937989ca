import http from "node:http";
import https from "node:https";
import type { GuardedRequest } from "../address-guard.ts";
import { isTrackerPath } from "../address-guard.ts";
import type { TrackerUrl } from "../tracker-url.ts";

/** How long a connection waits for a next request; trackers that keep connections do so for 5 s and more. */
const IDLE_TIMEOUT_MS = 4_000;
/** Connections that wait, of one server. */
const MAX_IDLE_PER_HOST = 10;

/** How a request is to use its connection. */
export interface ConnectionUse {
  readonly agent: http.Agent;
  /** The value of the header. */
  readonly connection: "keep-alive" | "close";
}

/**
 * HTTP(S) connections that are kept for the next request to the same server. Trackers live on many clients that come
 * seldom, so one is kept only while other requests to its host are about: when a thousand torrents start.
 */
export class KeptConnections {
  readonly #http: http.Agent;
  readonly #https: https.Agent;
  readonly #expectsMore: (host: string) => boolean;

  /** `expectsMore` says whether another request to the host is under way or waits. */
  constructor(expectsMore: (host: string) => boolean) {
    const options = { keepAlive: true, timeout: IDLE_TIMEOUT_MS, maxFreeSockets: MAX_IDLE_PER_HOST };
    this.#http = partitioned(new http.Agent(options));
    this.#https = partitioned(new https.Agent(options));
    this.#expectsMore = expectsMore;
  }

  /** The partition is to be spread into the request's options, too. */
  useFor(url: TrackerUrl, request: GuardedRequest | undefined): ConnectionUse & Partitioned {
    return {
      agent: url.scheme === "https" ? this.#https : this.#http,
      connection: this.#expectsMore(url.host) ? "keep-alive" : "close",
      partition: request === undefined ? "" : `${request.comesFromGlobal} ${isTrackerPath(request.path)}`,
    };
  }

  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }
}

/**
 * What the rules about addresses look at: a connection is used again only by requests that would have been allowed to make it
 * themselves, since no name is looked up and no address judged for them.
 */
interface Partitioned {
  readonly partition: string;
}

function partitioned<T extends http.Agent>(agent: T): T {
  const nameOf = agent.getName.bind(agent);
  agent.getName = (options) => `${nameOf(options)}:${(options as Partial<Partitioned>).partition ?? ""}`;
  return agent;
}
