import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { isIP } from "node:net";
import { parseEndpoint, type Endpoint } from "@bt/primitives";

export interface DatagramEvents {
  /** `isRelayed`: a proxy brought it, and says that it comes from there. */
  onDatagram(from: Endpoint, packet: Uint8Array, isRelayed: boolean): void;
  onUnreachable(to: Endpoint, cause: unknown): void;
}

/** A way for datagrams, there and back. */
export interface Datagrams {
  /** Resolves when `send` may be called. */
  open(family: 4 | 6): Promise<void>;
  send(family: 4 | 6, to: Endpoint, packet: Uint8Array): void;
  /** Whether it is to keep the process alive: only while an answer is waited for. */
  setBusy(isBusy: boolean): void;
  close(): void;
}

/** The client's UDP sockets: at most one of each family, on a port of the system's choice. */
export class UdpSockets implements Datagrams {
  readonly #bindAddress: string | undefined;
  readonly #events: DatagramEvents;
  readonly #open = new Map<4 | 6, Promise<Socket>>();
  readonly #ready = new Map<4 | 6, Socket>();
  #isBusy = false;
  #isClosed = false;

  constructor(bindAddress: string | undefined, events: DatagramEvents) {
    this.#bindAddress = bindAddress;
    this.#events = events;
  }

  /** Resolves when `send` may be called; rejects with the system's error. */
  async open(family: 4 | 6): Promise<void> {
    let opening = this.#open.get(family);
    if (opening === undefined) {
      opening = this.#bind(family);
      this.#open.set(family, opening);
      opening.catch(() => this.#open.delete(family));
    }
    await opening;
  }

  send(family: 4 | 6, to: Endpoint, packet: Uint8Array): void {
    const socket = this.#ready.get(family);
    if (socket === undefined) return this.#events.onUnreachable(to, new Error("the socket is closed"));
    socket.send(packet, to.port, to.host, (error) => {
      if (error !== null && this.#ready.get(family) === socket) this.#events.onUnreachable(to, error);
    });
  }

  setBusy(isBusy: boolean): void {
    this.#isBusy = isBusy;
    for (const socket of this.#ready.values()) {
      if (isBusy) socket.ref();
      else socket.unref();
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const socket of this.#ready.values()) socket.close();
    this.#ready.clear();
  }

  async #bind(family: 4 | 6): Promise<Socket> {
    const socket = createSocket({ type: family === 4 ? "udp4" : "udp6", ipv6Only: family === 6 });
    socket.on("message", (packet, { address, port }) =>
      this.#events.onDatagram(normalEndpoint({ host: address, port }), packet, false),
    );
    const listening = once(socket, "listening");
    socket.bind({ ...(this.#bindAddress !== undefined && { address: this.#bindAddress }), port: 0 });
    try {
      await listening;
      if (this.#isClosed) throw new Error("the client is closed");
    } catch (error) {
      socket.close();
      throw error;
    }
    // An error of one datagram is told by `send`; nothing else is expected, and nothing may end the process.
    socket.on("error", () => {
      this.#ready.delete(family);
      this.#open.delete(family);
      socket.close();
    });
    if (!this.#isBusy) socket.unref();
    this.#ready.set(family, socket);
    return socket;
  }
}

/** The system may write an IPv6 address in another way than we do. */
export function normalEndpoint({ host, port }: Endpoint): Endpoint {
  const normal = isIP(host) === 6 ? parseEndpoint(`[${host}]:1`) : undefined;
  return { host: normal?.host ?? host, port };
}
