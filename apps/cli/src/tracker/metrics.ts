import type { TrackerPage, TrackerServerStats } from "@bt/tracker/server";
import { Counter, Gauge, Registry } from "prom-client";

type Key = keyof TrackerServerStats;

const GAUGES: readonly (readonly [Key, string, string])[] = [
  ["swarmCount", "bt_tracker_swarms", "Swarms that are known"],
  ["peerCount", "bt_tracker_peers", "Peers of all swarms"],
  ["seederCount", "bt_tracker_seeds", "Peers that are seeds"],
  ["connectionCount", "bt_tracker_http_connections", "HTTP connections that are open"],
  ["byteLength", "bt_tracker_store_bytes", "Memory of the swarms, where it is known"],
];

/** Counters that differ by protocol: [name, help, HTTP, UDP]. */
const BY_PROTOCOL: readonly (readonly [string, string, Key, Key])[] = [
  ["bt_tracker_announces_total", "Announces", "httpAnnounceCount", "udpAnnounceCount"],
  ["bt_tracker_scrapes_total", "Scrapes", "httpScrapeCount", "udpScrapeCount"],
];

const COUNTERS: readonly (readonly [Key, string, string])[] = [
  ["udpConnectCount", "bt_tracker_udp_connects_total", "UDP connection ids given"],
  ["refusedCount", "bt_tracker_refused_total", "Requests answered with a failure"],
  ["limitedCount", "bt_tracker_limited_total", "Requests refused because their address asks too often"],
  ["storeFailureCount", "bt_tracker_store_failures_total", "Requests that the store could not answer"],
  ["badRequestCount", "bt_tracker_bad_requests_total", "HTTP requests that could not be read"],
  ["droppedDatagramCount", "bt_tracker_dropped_datagrams_total", "Datagrams that were not answered"],
];

/** What Prometheus reads at `/metrics`. */
export class TrackerMetrics {
  readonly #collection = new Registry();
  readonly #updates: ((stats: TrackerServerStats) => void)[] = [];

  constructor() {
    const registers = [this.#collection];
    for (const [key, name, help] of GAUGES) {
      const gauge = new Gauge({ name, help, registers });
      this.#updates.push((stats) => gauge.set(stats[key] ?? 0));
    }
    for (const [name, help, http, udp] of BY_PROTOCOL) {
      const counter = new Counter({ name, help, registers, labelNames: ["protocol"] });
      this.#updates.push((stats) => {
        counter.reset();
        counter.inc({ protocol: "http" }, stats[http] ?? 0);
        counter.inc({ protocol: "udp" }, stats[udp] ?? 0);
      });
    }
    for (const [key, name, help] of COUNTERS) {
      const counter = new Counter({ name, help, registers });
      this.#updates.push((stats) => {
        counter.reset();
        counter.inc(stats[key] ?? 0);
      });
    }
  }

  async page(stats: TrackerServerStats): Promise<TrackerPage> {
    for (const update of this.#updates) update(stats);
    return { contentType: this.#collection.contentType, body: await this.#collection.metrics() };
  }
}
