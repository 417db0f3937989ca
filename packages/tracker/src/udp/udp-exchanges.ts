import { formatEndpoint, parseEndpoint, type Endpoint } from "@bt/primitives";
import { DEFAULT_RESPONSE_OPTIONS, type ResponseOptions } from "../announce-response.ts";
import { TrackerError } from "../errors.ts";
import { DEFAULT_UDP_EXCHANGE_OPTIONS, type UdpExchangeOptions } from "./udp-exchange-options.ts";
import { encodeTemplate, fillTemplate, type UdpAnswer, type UdpQuestion } from "./udp-question.ts";
import { encodeUdpConnectRequest } from "./udp-requests.ts";
import { decodeUdpResponse, udpTransactionIdOf, type UdpResponse } from "./udp-response-decoder.ts";
import { UdpTrackerLink, type Transmission, type UdpExchange } from "./udp-tracker-link.ts";

/** What is to be done now. */
export type UdpStep =
  | { readonly type: "send"; readonly to: Endpoint; readonly family: 4 | 6; readonly packet: Uint8Array }
  | { readonly type: "answered"; readonly exchangeId: number; readonly answer: UdpAnswer }
  | { readonly type: "failed"; readonly exchangeId: number; readonly error: TrackerError };

/**
 * All conversations of one client with UDP trackers (BEP 15), over one socket of each address family. Pure: questions,
 * datagrams, time and random numbers come in; datagrams, answers and a time to wake up go out. After every call that
 * takes `now`, and at `nextWakeAt()`, call `poll` until it gives `undefined`.
 *
 * A datagram counts only if it comes from the very address and port that was asked and repeats the 32 random bits of
 * the question; whatever else arrives is dropped and changes nothing.
 */
export class UdpExchanges {
  readonly #options: Required<UdpExchangeOptions & ResponseOptions>;
  readonly #randomUint32: () => number;
  readonly #links = new Map<string, UdpTrackerLink>();
  readonly #exchanges = new Map<number, UdpExchange>();
  readonly #byTransaction = new Map<number, UdpExchange | UdpTrackerLink>();
  readonly #steps: UdpStep[] = [];
  #lastExchangeId = 0;

  constructor(randomUint32: () => number, options: UdpExchangeOptions & ResponseOptions = {}) {
    this.#randomUint32 = randomUint32;
    this.#options = { ...DEFAULT_UDP_EXCHANGE_OPTIONS, ...DEFAULT_RESPONSE_OPTIONS, ...options };
  }

  /** Exchanges without an answer yet. */
  get size(): number {
    return this.#exchanges.size;
  }

  /**
   * Asks; "answered" or "failed" with the returned id follows, unless it is cancelled. The timeout counts from `since`,
   * which is earlier than `now` when a name had to be looked up first. @throws RangeError
   */
  ask(question: UdpQuestion, to: Endpoint, timeoutMs: number, now: number, since: number = now): number {
    const template = encodeTemplate(question);
    const link = this.#linkTo(to, now);
    const exchange: UdpExchange = {
      exchangeId: ++this.#lastExchangeId,
      action: question.action,
      link,
      template,
      deadlineAt: since + timeoutMs,
      timeoutMs,
      retransmitMs: Math.min(this.#options.udpRetransmitMs, timeoutMs / 4),
      transmission: undefined,
      hasReconnected: false,
      badAnswer: undefined,
    };
    link.exchanges.add(exchange);
    this.#exchanges.set(exchange.exchangeId, exchange);
    this.#transmit(exchange, now);
    return exchange.exchangeId;
  }

  /** No answer is wanted any more. */
  cancel(exchangeId: number): void {
    const exchange = this.#exchanges.get(exchangeId);
    if (exchange !== undefined) this.#end(exchange);
  }

  /**
   * A datagram came. With `isRelayed` a proxy has brought it: a tracker that is asked by name is then known by the question's
   * random bits alone, since only the proxy knows its address.
   */
  receive(from: Endpoint, packet: Uint8Array, now: number, isRelayed: boolean = false): void {
    const asked = this.#byTransaction.get(udpTransactionIdOf(packet) ?? -1);
    if (asked === undefined) return;
    const link = asked instanceof UdpTrackerLink ? asked : asked.link;
    const expected = formatEndpoint(link.endpoint);
    const isKnownByName = isRelayed && parseEndpoint(expected) === undefined;
    if (!isKnownByName && formatEndpoint(from) !== expected) return;
    try {
      const family = isKnownByName && from.host.includes(":") ? 6 : link.family;
      const response = decodeUdpResponse(packet, family, this.#options);
      if (asked === link) this.#connectAnswered(link, response, now);
      else this.#requestAnswered(asked as UdpExchange, response, now);
    } catch (error) {
      // The tracker itself sent nonsense. It may still answer the repetition.
      for (const exchange of asked === link ? link.exchanges : [asked as UdpExchange])
        exchange.badAnswer = error as TrackerError;
    }
  }

  /** No datagram can be sent to this address. */
  unreachable(to: Endpoint, error: TrackerError): void {
    const link = this.#links.get(formatEndpoint(to));
    if (link !== undefined) for (const exchange of link.exchanges) this.#fail(exchange, error);
  }

  poll(now: number): UdpStep | undefined {
    if (this.#steps.length === 0) this.#advance(now);
    return this.#steps.shift();
  }

  nextWakeAt(): number {
    if (this.#steps.length > 0) return -Infinity;
    let earliest = Infinity;
    for (const { deadlineAt, transmission, link } of this.#exchanges.values()) {
      const resendAt = (transmission ?? link.connect)?.resendAt ?? Infinity;
      earliest = Math.min(earliest, deadlineAt, resendAt);
    }
    return earliest;
  }

  #advance(now: number): void {
    for (const exchange of this.#exchanges.values()) {
      const { deadlineAt, transmission, link, timeoutMs } = exchange;
      if (deadlineAt <= now) this.#fail(exchange, exchange.badAnswer ?? timeout(link.endpoint, timeoutMs));
      else if ((transmission ?? link.connect)!.resendAt <= now) this.#transmit(exchange, now);
    }
  }

  /** Sends the request or, without a connection id, asks for one first; also again. */
  #transmit(exchange: UdpExchange, now: number): void {
    const { link, template, retransmitMs } = exchange;
    const connectionId = link.connectionIdAt(now);
    if (connectionId === undefined) {
      // An id that expired in the middle is asked for again, as in BEP 15's example.
      if (exchange.transmission !== undefined) this.#forget(exchange.transmission);
      exchange.transmission = undefined;
      this.#connect(link, retransmitMs, now);
      return;
    }
    const transmission = (exchange.transmission ??= this.#begin(exchange));
    this.#sent(transmission, retransmitMs, now);
    this.#send(link, fillTemplate(template, connectionId, transmission.transactionId));
  }

  #connect(link: UdpTrackerLink, retransmitMs: number, now: number): void {
    const isUnderWay = link.connect !== undefined && link.connect.resendAt > now;
    if (isUnderWay) {
      // Whoever has less time does not wait for whoever has more.
      link.connect!.resendAt = Math.min(link.connect!.resendAt, now + retransmitMs);
      return;
    }
    link.connect ??= this.#begin(link);
    this.#sent(link.connect, retransmitMs, now);
    this.#send(link, encodeUdpConnectRequest(link.connect.transactionId));
  }

  #connectAnswered(link: UdpTrackerLink, response: UdpResponse, now: number): void {
    if (response.action !== "connect" && response.action !== "error") throw unexpected(response);
    this.#forget(link.connect!);
    link.connect = undefined;
    if (response.action === "error") {
      for (const exchange of link.exchanges) {
        if (exchange.transmission === undefined) this.#fail(exchange, response.error);
      }
      return;
    }
    link.connected(response.connectionId, now);
    for (const exchange of link.exchanges) {
      if (exchange.transmission === undefined) this.#transmit(exchange, now);
    }
  }

  #requestAnswered(exchange: UdpExchange, response: UdpResponse, now: number): void {
    if (response.action === "error") {
      const isForgotten = /connection.?id/i.test(response.error.failureReason!);
      if (!isForgotten || exchange.hasReconnected) return this.#fail(exchange, response.error);
      // It was started anew, or its keys changed: not a refusal.
      exchange.hasReconnected = true;
      exchange.link.disconnect();
      return this.#transmit(exchange, now);
    }
    if (response.action !== exchange.action) throw unexpected(response);
    this.#end(exchange);
    this.#steps.push({ type: "answered", exchangeId: exchange.exchangeId, answer: response as UdpAnswer });
  }

  #fail(exchange: UdpExchange, error: TrackerError): void {
    this.#end(exchange);
    this.#steps.push({ type: "failed", exchangeId: exchange.exchangeId, error });
  }

  #end(exchange: UdpExchange): void {
    const { link, transmission } = exchange;
    this.#exchanges.delete(exchange.exchangeId);
    link.exchanges.delete(exchange);
    if (transmission !== undefined) this.#forget(transmission);
    if (link.exchanges.size === 0 && link.connect !== undefined) {
      this.#forget(link.connect);
      link.connect = undefined;
    }
  }

  #begin(asked: UdpExchange | UdpTrackerLink): Transmission {
    let transactionId = this.#randomUint32();
    while (this.#byTransaction.has(transactionId)) transactionId = (transactionId + 1) >>> 0;
    this.#byTransaction.set(transactionId, asked);
    return { transactionId, sentCount: 0, resendAt: -Infinity };
  }

  #sent(transmission: Transmission, retransmitMs: number, now: number): void {
    const isLast = transmission.sentCount >= this.#options.maxUdpRetransmitCount;
    transmission.resendAt = isLast ? Infinity : now + retransmitMs * 2 ** transmission.sentCount;
    transmission.sentCount++;
  }

  #forget({ transactionId }: Transmission): void {
    this.#byTransaction.delete(transactionId);
  }

  #send({ endpoint, family }: UdpTrackerLink, packet: Uint8Array): void {
    this.#steps.push({ type: "send", to: endpoint, family, packet });
  }

  #linkTo(endpoint: Endpoint, now: number): UdpTrackerLink {
    const key = formatEndpoint(endpoint);
    let link = this.#links.get(key);
    if (link !== undefined) return link;
    if (this.#links.size >= this.#options.maxUdpTrackerCount) {
      for (const [old, { exchanges }] of this.#links) if (exchanges.size === 0) this.#links.delete(old);
    } else {
      const [first] = this.#links;
      if (first?.[1].isIdleAt(now)) this.#links.delete(first[0]);
    }
    link = new UdpTrackerLink(endpoint);
    this.#links.set(key, link);
    return link;
  }
}

function timeout({ host }: Endpoint, limitMs: number): TrackerError {
  return new TrackerError("TRACKER_TIMEOUT", `the tracker did not answer within ${limitMs / 1_000} s`, {
    data: { host, limitMs },
  });
}

function unexpected({ action }: UdpResponse): TrackerError {
  return new TrackerError("TRACKER_BAD_RESPONSE", `the tracker answered with another thing: ${action}`);
}
