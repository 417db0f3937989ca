import type { Endpoint } from "@bt/primitives";
import { UDP_CONNECTION_ID_CLIENT_MS } from "./udp-constants.ts";
import type { Transmission, UdpExchange } from "./udp-exchange.ts";

/** One tracker's address, and the connection id that all questions to it share. */
export class UdpTrackerLink {
  readonly endpoint: Endpoint;
  readonly family: 4 | 6;
  readonly exchanges: Set<UdpExchange> = new Set();
  /** The connect request that is under way. */
  connect: Transmission | undefined;
  #connectionId: Uint8Array | undefined;
  #expiresAt: number = -Infinity;

  constructor(endpoint: Endpoint) {
    this.endpoint = endpoint;
    this.family = endpoint.host.includes(":") ? 6 : 4;
  }

  connected(connectionId: Uint8Array, now: number): void {
    this.#connectionId = connectionId;
    this.#expiresAt = now + UDP_CONNECTION_ID_CLIENT_MS;
  }

  disconnect(): void {
    this.#connectionId = undefined;
  }

  /** `undefined` when there is none, or when it is older than a minute (BEP 15). */
  connectionIdAt(now: number): Uint8Array | undefined {
    return now < this.#expiresAt ? this.#connectionId : undefined;
  }

  /** Nothing would be lost with it. */
  isIdleAt(now: number): boolean {
    return this.exchanges.size === 0 && this.connectionIdAt(now) === undefined;
  }
}
