import type { Endpoint } from "@bt/primitives";
import type { TrackerError } from "../errors.ts";
import { UDP_CONNECTION_ID_CLIENT_MS } from "./udp-constants.ts";
import type { UdpQuestion } from "./udp-question.ts";

/** A datagram that is repeated until something answers it. */
export interface Transmission {
  /** What it is answered with; stays the same when it is repeated, so that a late answer to the first still counts. */
  readonly transactionId: number;
  sentCount: number;
  /** When it is sent again. */
  resendAt: number;
}

/** One question to one tracker, from `ask` to its answer. */
export interface UdpExchange {
  readonly exchangeId: number;
  readonly action: UdpQuestion["action"];
  readonly link: UdpTrackerLink;
  /** The request with zeros for connection id and transaction id. */
  readonly template: Uint8Array;
  readonly deadlineAt: number;
  readonly timeoutMs: number;
  /** Wait before the first repetition. */
  readonly retransmitMs: number;
  /** The request that is under way; absent while a connection id is waited for. */
  transmission: Transmission | undefined;
  /** The tracker did not know its connection id any more; a second time is an error. */
  hasReconnected: boolean;
  /** What came from the tracker itself and was no answer: tells more than "timeout" in the end. */
  badAnswer: TrackerError | undefined;
}

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
