import { formatHex, type Endpoint } from "@bt/primitives";
import type { TrackerPort } from "@bt/engine";
import type { SeededRandom } from "./seeded-random.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** One announce, as it came to the tracker. */
export interface SimAnnounce {
  readonly host: string;
  readonly infoHash: string;
  readonly event: string | undefined;
  readonly left: number;
  readonly numWant: number | undefined;
  /** Virtual ms. */
  readonly at: number;
}

/** A tracker without a network: everybody who announced, at random, after a while. */
export class SimTracker {
  readonly #clock: VirtualClock;
  readonly #random: SeededRandom;
  readonly #swarms = new Map<string, Map<string, Endpoint>>();
  /** Every announce, in order. */
  readonly log: SimAnnounce[] = [];
  readonly intervalMs: number;

  constructor(clock: VirtualClock, random: SeededRandom, intervalMs = 1_800_000) {
    this.#clock = clock;
    this.#random = random;
    this.intervalMs = intervalMs;
  }

  /** The tracker as the host with this address sees it. */
  portFor(host: string): TrackerPort {
    return {
      announce: async (_url, parameters) => {
        await new Promise<void>((resolve) => this.#clock.callAt(this.#clock.now() + 30, resolve));
        const key = formatHex(parameters.infoHash);
        const { event, left, numWant } = parameters;
        this.log.push({ host, infoHash: key, event, left, numWant, at: this.#clock.now() });
        let swarm = this.#swarms.get(key);
        if (swarm === undefined) this.#swarms.set(key, (swarm = new Map<string, Endpoint>()));
        if (parameters.event === "stopped") swarm.delete(host);
        else swarm.set(host, { host, port: parameters.port });
        const others = [...swarm.values()].filter((endpoint) => endpoint.host !== host);
        for (let i = others.length - 1; i > 0; i--) {
          const j = Math.floor(this.#random.fraction() * (i + 1));
          [others[i], others[j]] = [others[j]!, others[i]!];
        }
        return {
          intervalMs: this.intervalMs,
          peers: others.slice(0, parameters.numWant ?? 50),
          namedPeers: [],
        };
      },
      close: () => undefined,
    };
  }
}
