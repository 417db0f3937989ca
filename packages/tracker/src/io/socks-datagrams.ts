import { createSocket, type Socket as DatagramSocket } from "node:dgram";
import { isIP, isIPv6, type Socket } from "node:net";
import { concatBytes, type Endpoint } from "@bt/primitives";
import { proxyFailed, decodeSocksAddress, encodeSocksAddress } from "../proxy-handshake.ts";
import type { ProxyUrl } from "../proxy-url.ts";
import { openTunnel } from "./proxy-tunnel.ts";
import { normalEndpoint, type DatagramEvents, type Datagrams } from "./udp-sockets.ts";

/** RSV, RSV, FRAG (RFC 1928 7): no datagram is cut into parts. */
const PREFIX = new Uint8Array(3);

interface Relay {
  /** The association lasts as long as this. */
  readonly control: Socket;
  /** Connected to the proxy's relay: the system drops what others send. */
  readonly socket: DatagramSocket;
}

/**
 * Datagrams by way of a SOCKS 5 proxy ("UDP ASSOCIATE", RFC 1928 7): one association for all trackers. Names go to the proxy as
 * they are; nothing is looked up here, and nothing is sent past it.
 */
export class SocksDatagrams implements Datagrams {
  readonly #proxy: ProxyUrl;
  readonly #options: { readonly bindAddress?: string | undefined; readonly receiveTimeoutMs: number };
  readonly #events: DatagramEvents;
  readonly #closing = new AbortController();
  #opening: Promise<void> | undefined;
  #relay: Relay | undefined;
  #isBusy = false;

  constructor(
    proxy: ProxyUrl,
    options: { readonly bindAddress?: string | undefined; readonly receiveTimeoutMs: number },
    events: DatagramEvents,
  ) {
    this.#proxy = proxy;
    this.#options = options;
    this.#events = events;
  }

  /** @throws TrackerError `TRACKER_UNREACHABLE` when the proxy does not do it. */
  open(): Promise<void> {
    this.#opening ??= this.#associate().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  send(_family: 4 | 6, to: Endpoint, packet: Uint8Array): void {
    const relay = this.#relay;
    if (relay === undefined) return this.#events.onUnreachable(to, proxyFailed("hung up"));
    relay.socket.send(concatBytes(PREFIX, encodeSocksAddress(to), packet), (error) => {
      if (error !== null && this.#relay === relay) this.#events.onUnreachable(to, error);
    });
  }

  setBusy(isBusy: boolean): void {
    this.#isBusy = isBusy;
    this.#keepAwake();
  }

  close(): void {
    this.#closing.abort(proxyFailed("is not needed any more"));
    this.#end(this.#relay);
  }

  async #associate(): Promise<void> {
    const { signal: closing } = this.#closing;
    const { receiveTimeoutMs } = this.#options;
    const signal = AbortSignal.any([closing, AbortSignal.timeout(receiveTimeoutMs)]);
    const options = { ...this.#options, signal };
    const nowhere = { host: "0.0.0.0", port: 0 };
    const { socket: control, handshake } = await openTunnel(this.#proxy, nowhere, options, "associate");
    control.setTimeout(0);
    control.on("error", () => undefined);
    // A relay that is not named more closely is where the proxy is.
    const { host, port } = handshake.bound!;
    const relayHost = isIP(host) === 0 || /^(0\.0\.0\.0|::)$/.test(host) ? control.remoteAddress! : host;
    const socket = createSocket({ type: isIPv6(relayHost) ? "udp6" : "udp4" });
    const relay: Relay = { control, socket };
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once("error", reject);
        const { bindAddress } = this.#options;
        socket.bind({ port: 0, ...(bindAddress !== undefined && { address: bindAddress }) }, () =>
          socket.connect(port, relayHost, () => resolve()),
        );
      });
      if (closing.aborted) throw closing.reason;
      // Its end may have come before anybody listens for it.
      if (control.destroyed) throw new Error("the proxy hung up");
    } catch (error) {
      this.#end(relay);
      throw proxyFailed("names a relay that cannot be reached", error);
    }
    control.on("close", () => this.#end(relay)).resume();
    socket.on("error", () => this.#end(relay));
    socket.on("message", (packet) => this.#receive(packet));
    this.#relay = relay;
    this.#keepAwake();
  }

  #receive(packet: Uint8Array): void {
    if (packet.length < PREFIX.length || packet[2] !== 0) return;
    const address = decodeSocksAddress(packet, PREFIX.length);
    if (address === undefined || address === "bad") return;
    this.#events.onDatagram(normalEndpoint(address.endpoint), packet.subarray(address.end), true);
  }

  #end(relay: Relay | undefined): void {
    if (relay === undefined) return;
    if (this.#relay === relay) {
      this.#relay = undefined;
      this.#opening = undefined;
    }
    relay.control.destroy();
    try {
      relay.socket.close();
    } catch {
      // It was closed before.
    }
  }

  #keepAwake(): void {
    for (const each of [this.#relay?.control, this.#relay?.socket]) {
      if (this.#isBusy) each?.ref();
      else each?.unref();
    }
  }
}
