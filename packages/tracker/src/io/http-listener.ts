import { BlockList, createServer, isIPv6, type AddressInfo, type Server, type Socket } from "node:net";
import { countedHost } from "../server/address-bytes.ts";
import { HttpAnswers } from "../server/http-answers.ts";
import { HttpRequestReader } from "../server/http-request.ts";
import type { ServerClock } from "../server/server-clock.ts";
import type { TrackerService } from "../server/tracker-service.ts";
import { HttpConnection, type HttpShared } from "./http-connection.ts";

/** No client's announce is above 2 KiB; a scrape of 74 hashes takes 5.4 KiB. */
const MAX_HEADER_LENGTH = 16_384;
const CHECK_INTERVAL_MS = 1_000;
/** Connections that are cut off in one go: ending one takes 0.1 ms, and the others do not wait for 4,096 of them. */
const CUT_OFF_BATCH = 32;
/** Connections that the kernel accepts ahead of us. */
const BACKLOG = 1_024;

/** HTTP on one address. The protocol is read by our own reader: `node:http` costs three times as much a request. */
export class HttpListener {
  readonly #server: Server;
  /** Who asked last is last. */
  readonly #connections = new Set<HttpConnection>();
  readonly #countByHost = new Map<string, number>();
  readonly #shared: HttpShared;
  readonly #maxCount: number;
  readonly #maxPerHost: number;
  readonly #clock: ServerClock;
  #stopLooking: (() => void) | undefined;

  constructor(service: TrackerService, clock: ServerClock) {
    const { settings } = service;
    const isTrusted = trustOf(settings.trustedProxies);
    const header = settings.trustedProxies.length > 0 ? settings.forwardedHeader.toLowerCase() : undefined;
    this.#clock = clock;
    this.#shared = {
      clock,
      answers: new HttpAnswers(service),
      reader: new HttpRequestReader(MAX_HEADER_LENGTH, header),
      isTrusted,
      // Clients that keep connections and do not come back must not take the places of those that come.
      mayKeep: () => this.#connections.size * 2 <= settings.maxConnectionCount,
      onNextRequest: (connection) => {
        if (this.#connections.delete(connection)) this.#connections.add(connection);
      },
      onClosed: (connection) => this.#forget(connection),
    };
    this.#maxCount = settings.maxConnectionCount;
    this.#maxPerHost = settings.maxConnectionsPerAddress;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Rejects with the system's error. */
  listen(port: number, host: string, ipv6Only: boolean): Promise<AddressInfo> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ port, host, backlog: BACKLOG, ipv6Only }, () => {
        this.#server.off("error", reject);
        // A connection that cannot be taken (no file descriptors left) must not end the program; others still can.
        this.#server.on("error", () => undefined);
        this.#stopLooking = this.#clock.every(CHECK_INTERVAL_MS, () => this.#cutOff());
        resolve(this.#server.address() as AddressInfo);
      });
    });
  }

  close(): Promise<void> {
    this.#stopLooking?.();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      for (const connection of this.#connections) connection.destroy();
    });
  }

  #accept(socket: Socket): void {
    const host = socket.remoteAddress;
    if (host === undefined) {
      socket.destroy();
      return;
    }
    const counted = countedHost(host);
    const count = (this.#countByHost.get(counted) ?? 0) + 1;
    if (count > this.#maxPerHost && !this.#shared.isTrusted(host)) {
      socket.on("error", () => undefined);
      socket.destroy();
      return;
    }
    this.#countByHost.set(counted, count);
    if (this.#connections.size >= this.#maxCount) this.#makeRoom();
    this.#connections.add(new HttpConnection(socket, host, this.#shared));
  }

  /**
   * Whoever has been silent for longest goes: an honest client asks as soon as it is connected, so that who takes all places and says
   * nothing takes them from himself.
   */
  #makeRoom(): void {
    const [oldest] = this.#connections;
    if (oldest === undefined) return;
    oldest.destroy();
    this.#forget(oldest);
  }

  #forget(connection: HttpConnection): void {
    if (!this.#connections.delete(connection)) return;
    const host = countedHost(connection.host);
    const left = this.#countByHost.get(host)! - 1;
    if (left === 0) this.#countByHost.delete(host);
    else this.#countByHost.set(host, left);
  }

  #cutOff(): void {
    const now = this.#clock.now();
    let cutCount = 0;
    // Not before it is late twice: after a stall this runs before what has come meanwhile is read.
    for (const connection of this.#connections) {
      if (connection.deadlineAt >= now) connection.isLate = false;
      else if (!connection.isLate) connection.isLate = true;
      else if (cutCount++ < CUT_OFF_BATCH) {
        connection.destroy();
        this.#forget(connection);
      } else {
        setImmediate(() => this.#cutOff());
        return;
      }
    }
  }
}

/** Whether an address is one of the proxies, which are addresses or networks. @throws TypeError for what is neither. */
function trustOf(proxies: readonly string[]): (host: string) => boolean {
  if (proxies.length === 0) return () => false;
  const list = new BlockList();
  for (const proxy of proxies) {
    const [address = "", prefix] = proxy.split("/", 2);
    const family = isIPv6(address) ? "ipv6" : "ipv4";
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return (host) => {
    const plain = host.replace(/^::ffff:(?=[0-9]+\.)/i, "");
    return list.check(plain, isIPv6(plain) ? "ipv6" : "ipv4");
  };
}
