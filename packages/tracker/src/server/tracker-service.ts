import { TrackerError } from "../errors.ts";
import { AccessRules } from "./access-rules.ts";
import { RateLimiter } from "./rate-limiter.ts";
import { refusal } from "./refusal.ts";
import { DEFAULT_SERVER_OPTIONS, type TrackerServerOptions } from "./server-options.ts";
import type { SwarmAnnounce, SwarmAnswer, SwarmStore } from "./swarm-store.ts";

/** What a tracker has done since it started. */
export interface TrackerCounts {
  httpAnnounceCount: number;
  udpAnnounceCount: number;
  httpScrapeCount: number;
  udpScrapeCount: number;
  udpConnectCount: number;
  /** Requests answered with a failure reason. */
  refusedCount: number;
  /** Of these, the ones of addresses that asked too often. */
  limitedCount: number;
  /** HTTP requests that were no requests. */
  badRequestCount: number;
  /** Datagrams that were no requests, or held no good connection id: not answered. */
  droppedDatagramCount: number;
  /** Requests that the store could not answer. */
  storeFailureCount: number;
}

/** A client that has to wait for others may try again after this. */
const RETRY_MS = 120_000;

/** What HTTP and UDP have in common: who is served, how often, what the store is asked. */
export class TrackerService {
  readonly settings: typeof DEFAULT_SERVER_OPTIONS & TrackerServerOptions;
  readonly rules: AccessRules;
  readonly store: SwarmStore;
  readonly counts: TrackerCounts = {
    httpAnnounceCount: 0,
    udpAnnounceCount: 0,
    httpScrapeCount: 0,
    udpScrapeCount: 0,
    udpConnectCount: 0,
    refusedCount: 0,
    limitedCount: 0,
    badRequestCount: 0,
    droppedDatagramCount: 0,
    storeFailureCount: 0,
  };
  readonly minIntervalMs: number;
  readonly #limiter: RateLimiter;
  readonly #random: () => number;

  /** `random` gives numbers in [0, 1), `secretWord` 32-bit words that nobody can guess. */
  constructor(
    options: TrackerServerOptions,
    store: SwarmStore,
    random: () => number,
    secretWord: () => number,
  ) {
    this.settings = { ...DEFAULT_SERVER_OPTIONS, ...options };
    this.rules = new AccessRules(options);
    this.store = store;
    this.#random = random;
    const { intervalMs, minIntervalMs } = this.settings;
    this.minIntervalMs = Math.min(minIntervalMs, intervalMs);
    this.#limiter = new RateLimiter(secretWord(), secretWord(), this.settings);
  }

  /** @throws TrackerError `TRACKER_FAILURE` when this address asks too often. */
  requireRate(entry: Uint8Array, addressLength: number, now: number): void {
    if (this.#limiter.take(entry, addressLength, now)) return;
    this.counts.limitedCount++;
    throw refusal("too many requests from your address", RETRY_MS);
  }

  /** Takes an announce in. The caller has checked rate and rules. */
  announce(announce: SwarmAnnounce, now: number): SwarmAnswer | Promise<SwarmAnswer> {
    return this.store.announce(announce, now);
  }

  numWantOf(asked: number | undefined): number {
    return Math.min(asked ?? this.settings.defaultNumWant, this.settings.maxNumWant);
  }

  /** The interval of one answer: at most the one that was set, so that who keeps to it is never taken for gone. */
  drawIntervalMs(): number {
    const { intervalMs, intervalJitter } = this.settings;
    return Math.max(this.minIntervalMs, intervalMs * (1 - intervalJitter * this.#random()));
  }

  /** Counts a refusal, and hides what is not meant for clients. */
  refusalOf(error: unknown): TrackerError {
    this.counts.refusedCount++;
    if (error instanceof TrackerError && error.code === "TRACKER_FAILURE") return error;
    this.counts.storeFailureCount++;
    return refusal("the tracker has trouble, try again later", RETRY_MS);
  }
}

/** A value that has to be waited for. */
export function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as { then?: unknown }).then === "function";
}
