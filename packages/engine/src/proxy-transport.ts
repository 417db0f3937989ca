import type { Endpoint } from "@bt/primitives";
import { ProxyHandshake, type ProxyUrl } from "@bt/tracker";
import type { Stream, StreamHandler, Transport } from "./ports.ts";

/**
 * A transport that dials everybody by way of a proxy, SOCKS 5 or HTTP. Nobody can connect to us through one, and a port that
 * were open beside it would show who we are: so it does not listen, and its listener's port is 0.
 */
export function createProxyTransport(proxy: ProxyUrl, through: Transport): Transport {
  return {
    dial(endpoint, handler) {
      const stream = new ProxiedStream(new ProxyHandshake(proxy, endpoint), endpoint, handler);
      stream.own(through.dial(proxy, stream));
      return stream;
    },
    listen: () => Promise.resolve({ port: 0, close: () => undefined }),
  };
}

/** Between the stream to the proxy and who wants one to a peer. */
class ProxiedStream implements Stream, StreamHandler {
  readonly remote: Endpoint;
  readonly #handler: StreamHandler;
  #handshake: ProxyHandshake | undefined;
  #stream: Stream | undefined;
  #error: Error | undefined;

  constructor(handshake: ProxyHandshake, remote: Endpoint, handler: StreamHandler) {
    this.#handshake = handshake;
    this.remote = remote;
    this.#handler = handler;
  }

  own(stream: Stream): void {
    this.#stream = stream;
  }

  get unsentLength(): number {
    return this.#stream?.unsentLength ?? 0;
  }

  write(bytes: Uint8Array, onWritten?: () => void): void {
    this.#stream?.write(bytes, onWritten);
  }

  close(): void {
    this.#stream?.close();
  }

  onConnected(): void {
    if (this.#handshake !== undefined) this.#stream?.write(this.#handshake.start());
  }

  onData(source: Uint8Array, length: number): void {
    const handshake = this.#handshake;
    if (handshake === undefined) return this.#handler.onData(source, length);
    try {
      const answer = handshake.push(source.subarray(0, length));
      if (answer.length > 0) this.#stream?.write(answer);
    } catch (error) {
      this.#error = error as Error;
      this.#stream?.close();
      return;
    }
    if (!handshake.isDone) return;
    this.#handshake = undefined;
    this.#handler.onConnected();
    if (handshake.rest.length > 0) this.#handler.onData(handshake.rest, handshake.rest.length);
  }

  onClosed(error: Error | undefined): void {
    this.#handler.onClosed(this.#error ?? error);
  }
}
