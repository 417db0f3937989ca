import { formatEndpoint, type Endpoint } from "@bt/primitives";
import type { Listener, Stream, StreamHandler, Transport } from "@bt/engine";
import type { SeededRandom } from "./seeded-random.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** The line of one host into the network. */
export interface SimLink {
  /** One way, ms. */
  readonly latencyMs: number;
  /** Bytes per second that the host can send, shared by all its streams. */
  readonly upRate: number;
  /** Nobody can dial it (behind a NAT). */
  readonly unreachable?: boolean;
}

export const DEFAULT_SIM_LINK: SimLink = Object.freeze({ latencyMs: 20, upRate: 10_000_000 });

/** Longest run of bytes that arrives at once; like a socket, the network cuts where it likes. */
const LONGEST_CHUNK = 65_536;

/** A network of streams between hosts: latency, upload rates, arbitrary cuts, nothing lost. */
export class SimNetwork {
  readonly #clock: VirtualClock;
  readonly #random: SeededRandom;
  readonly #listeners = new Map<string, (stream: Stream) => StreamHandler>();
  readonly #links = new Map<string, SimLink>();
  /** When the line of a host is free again. */
  readonly #freeAt = new Map<string, number>();
  #ephemeralPort = 49_152;

  constructor(clock: VirtualClock, random: SeededRandom) {
    this.#clock = clock;
    this.#random = random;
  }

  /** The transport of a new host with this address. */
  addHost(host: string, link: SimLink = DEFAULT_SIM_LINK): Transport {
    this.#links.set(host, link);
    return {
      dial: (endpoint, handler) => this.#dial(host, endpoint, handler),
      listen: (port, accept) => Promise.resolve(this.#listen(host, port, accept)),
    };
  }

  #listen(host: string, port: number, accept: (stream: Stream) => StreamHandler): Listener {
    const key = formatEndpoint({ host, port: port === 0 ? 6881 : port });
    this.#listeners.set(key, accept);
    return { port: port === 0 ? 6881 : port, close: () => void this.#listeners.delete(key) };
  }

  #dial(from: string, to: Endpoint, handler: StreamHandler): Stream {
    const near = new SimStream(this, from, to);
    near.handler = handler;
    const roundTripMs = 2 * this.latencyMs(from, to.host);
    this.#clock.callAt(this.#clock.now() + roundTripMs, () => {
      if (near.isClosed) return near.reportClosed(undefined);
      const accept =
        this.#links.get(to.host)?.unreachable === true ? undefined : this.#listeners.get(formatEndpoint(to));
      if (accept === undefined) return near.reportClosed(new Error("connection refused"));
      const far = new SimStream(this, to.host, { host: from, port: this.#ephemeralPort++ });
      near.other = far;
      far.other = near;
      far.handler = accept(far);
      if (!near.isClosed) handler.onConnected();
    });
    return near;
  }

  latencyMs(from: string, to: string): number {
    return (this.#links.get(from)?.latencyMs ?? 0) + (this.#links.get(to)?.latencyMs ?? 0);
  }

  /** Sends over the line of `from`; `departed` when the last byte has left, `arrived` when it is there. */
  transmit(from: string, to: string, length: number, departed: () => void, arrived: () => void): void {
    const now = this.#clock.now();
    const rate = this.#links.get(from)?.upRate ?? Infinity;
    const departsAt = Math.max(now, this.#freeAt.get(from) ?? 0) + (length * 1_000) / rate;
    this.#freeAt.set(from, departsAt);
    this.#clock.callAt(departsAt, departed);
    this.#clock.callAt(departsAt + this.latencyMs(from, to), arrived);
  }

  after(ms: number, callback: () => void): void {
    this.#clock.callAt(this.#clock.now() + ms, callback);
  }

  chunkLength(available: number): number {
    return Math.min(available, 1 + Math.floor(this.#random.fraction() * LONGEST_CHUNK));
  }
}

class SimStream implements Stream {
  readonly remote: Endpoint;
  readonly #network: SimNetwork;
  readonly #host: string;
  handler: StreamHandler | undefined;
  other: SimStream | undefined;
  isClosed = false;
  unsentLength = 0;
  #closeReported = false;

  constructor(network: SimNetwork, host: string, remote: Endpoint) {
    this.#network = network;
    this.#host = host;
    this.remote = remote;
  }

  write(bytes: Uint8Array, onWritten?: () => void): void {
    if (this.isClosed || this.other === undefined) {
      onWritten?.();
      return;
    }
    const copy = bytes.slice();
    this.unsentLength += copy.length;
    let at = 0;
    while (at < copy.length) {
      const length = this.#network.chunkLength(copy.length - at);
      const chunk = copy.subarray(at, at + length);
      at += length;
      const isLast = at === copy.length;
      this.#network.transmit(
        this.#host,
        this.remote.host,
        length,
        () => {
          this.unsentLength -= length;
          if (isLast) onWritten?.();
        },
        () => this.other?.arrive(chunk),
      );
    }
  }

  arrive(chunk: Uint8Array): void {
    if (!this.isClosed) this.handler?.onData(chunk, chunk.length);
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#network.after(0, () => this.reportClosed(undefined));
    const { other } = this;
    if (other !== undefined)
      // What was sent before still arrives before the end does, as on a real stream.
      this.#network.transmit(
        this.#host,
        this.remote.host,
        1,
        () => undefined,
        () => other.reportClosed(undefined),
      );
  }

  reportClosed(error: Error | undefined): void {
    this.isClosed = true;
    if (this.#closeReported) return;
    this.#closeReported = true;
    this.handler?.onClosed(error);
  }
}
