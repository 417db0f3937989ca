import { once } from "node:events";
import { connect, isIP, type Socket } from "node:net";
import { concatBytes, encodeCompactEndpoints } from "@bt/primitives";
import { TrackerError } from "../errors.ts";
import type { ProxyUrl } from "../proxy-url.ts";
import type { TrackerUrl } from "../tracker-url.ts";

/** An HTTP proxy's answer to CONNECT is read no further than this. */
const MAX_CONNECT_ANSWER_LENGTH = 16_384;

export interface TunnelOptions {
  readonly bindAddress?: string | undefined;
  /** Between two arrivals of bytes; holds for the connection afterwards, too. */
  readonly receiveTimeoutMs: number;
  /** Ends the attempt with its reason. */
  readonly signal: AbortSignal;
}

/**
 * A connection to the tracker by way of the proxy, which looks the name up.
 * @throws TrackerError `TRACKER_UNREACHABLE` or the reason of `signal`.
 */
export async function openTunnel(proxy: ProxyUrl, to: TrackerUrl, options: TunnelOptions): Promise<Socket> {
  const { bindAddress, receiveTimeoutMs, signal } = options;
  const socket = connect({
    host: proxy.host,
    port: proxy.port,
    ...(bindAddress !== undefined && { localAddress: bindAddress }),
  });
  const onAbort = (): void => void socket.destroy(signal.reason as Error);
  const onSilence = (): void => void socket.destroy(new Error(`silent for ${receiveTimeoutMs / 1_000} s`));
  socket.setTimeout(receiveTimeoutMs, onSilence);
  signal.addEventListener("abort", onAbort);
  try {
    await once(socket, "connect", { signal });
    const reader = new HandshakeReader(socket);
    if (proxy.scheme === "http") await connectByHttp(socket, reader, proxy, to);
    else await connectBySocks(socket, reader, proxy, to);
    return socket;
  } catch (cause) {
    socket.on("error", () => undefined);
    socket.destroy();
    if (signal.aborted) throw signal.reason;
    throw cause instanceof TrackerError ? cause : proxyFailed("cannot be reached or hung up", cause);
  } finally {
    signal.removeEventListener("abort", onAbort);
    socket.off("timeout", onSilence);
  }
}

async function connectByHttp(
  socket: Socket,
  reader: HandshakeReader,
  proxy: ProxyUrl,
  to: TrackerUrl,
): Promise<void> {
  const target = `${to.host.includes(":") ? `[${to.host}]` : to.host}:${to.port}`;
  const authorization = basicAuthorization(proxy);
  const lines = [`CONNECT ${target} HTTP/1.1`, `Host: ${target}`];
  if (authorization !== undefined) lines.push(`Proxy-Authorization: ${authorization}`);
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  const head = await reader.readThrough("\r\n\r\n", MAX_CONNECT_ANSWER_LENGTH);
  const status = /^HTTP\/1\.[01] ([0-9]{3})/.exec(head)?.[1];
  if (status?.startsWith("2") !== true) throw proxyFailed(`refused (${status ?? "it does not speak HTTP"})`);
}

/** What an HTTP proxy wants to hear, if it was given a name. */
export function basicAuthorization({ username, password }: ProxyUrl): string | undefined {
  return username === "" ? undefined : `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

/** RFC 1928, with the password of RFC 1929. */
async function connectBySocks(
  socket: Socket,
  reader: HandshakeReader,
  proxy: ProxyUrl,
  to: TrackerUrl,
): Promise<void> {
  const hasPassword = proxy.username !== "";
  socket.write(Uint8Array.of(5, 1, hasPassword ? 2 : 0));
  const [version, method] = await reader.read(2);
  if (version !== 5) throw proxyFailed("does not speak SOCKS 5");
  if (method !== (hasPassword ? 2 : 0))
    throw proxyFailed(hasPassword ? "takes no password" : "wants a password");
  if (hasPassword) {
    socket.write(concatBytes(Uint8Array.of(1), counted(proxy.username), counted(proxy.password)));
    const [, status] = await reader.read(2);
    if (status !== 0) throw proxyFailed("refuses the password");
  }
  socket.write(concatBytes(Uint8Array.of(5, 1, 0), socksAddress(to)));
  const [, reply, , addressType] = await reader.read(4);
  if (reply !== 0) throw proxyFailed(`refused (SOCKS reply ${reply})`);
  const addressLength = addressType === 1 ? 4 : addressType === 4 ? 16 : (await reader.read(1))[0]!;
  await reader.read(addressLength + 2);
}

function socksAddress({ host, port }: TrackerUrl): Uint8Array {
  const family = isIP(host) as 0 | 4 | 6;
  if (family !== 0) {
    return concatBytes(Uint8Array.of(family === 4 ? 1 : 4), encodeCompactEndpoints([{ host, port }], family));
  }
  return concatBytes(Uint8Array.of(3), counted(host), Uint8Array.of(port >> 8, port & 0xff));
}

function counted(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length > 255) throw proxyFailed("cannot be given a name of more than 255 bytes");
  return concatBytes(Uint8Array.of(bytes.length), bytes);
}

function proxyFailed(what: string, cause?: unknown): TrackerError {
  return new TrackerError("TRACKER_UNREACHABLE", `the proxy ${what}`, { cause });
}

/** Takes the proxy's words off the stream, byte by byte as they are asked for; what follows stays there. */
class HandshakeReader {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  async read(length: number): Promise<Uint8Array> {
    for (;;) {
      const chunk = this.#socket.read(length) as Buffer | null;
      if (chunk !== null && chunk.length === length) return chunk;
      if (this.#socket.readableEnded || this.#socket.destroyed) throw new Error("the proxy hung up");
      await this.#more();
    }
  }

  async readThrough(end: string, maxLength: number): Promise<string> {
    let text = "";
    while (!text.endsWith(end)) {
      if (text.length >= maxLength) throw proxyFailed("talks too much");
      text += String.fromCharCode((await this.read(1))[0]!);
    }
    return text;
  }

  #more(): Promise<void> {
    const socket = this.#socket;
    return new Promise((resolve, reject) => {
      const onReadable = (): void => end(resolve);
      const onEnd = (): void => end(() => reject(new Error("the proxy hung up")));
      const onError = (error: Error): void => end(() => reject(error));
      const end = (then: () => void): void => {
        socket.off("readable", onReadable);
        socket.off("end", onEnd);
        socket.off("close", onEnd);
        socket.off("error", onError);
        then();
      };
      socket.on("readable", onReadable);
      socket.on("end", onEnd);
      socket.on("close", onEnd);
      socket.on("error", onError);
    });
  }
}
