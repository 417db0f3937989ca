import { connect, type Socket } from "node:net";
import { TrackerError } from "../errors.ts";
import { ProxyHandshake, proxyFailed, type ProxyCommand, type ProxyTarget } from "../proxy-handshake.ts";
import type { ProxyUrl } from "../proxy-url.ts";

export interface TunnelOptions {
  readonly bindAddress?: string | undefined;
  /** Between two arrivals of bytes; holds for the connection afterwards, too. */
  readonly receiveTimeoutMs: number;
  /** Ends the attempt with its reason. */
  readonly signal: AbortSignal;
}

/** A connection that the proxy has agreed to, and what it said. */
export interface Tunnel {
  readonly socket: Socket;
  readonly handshake: ProxyHandshake;
}

/**
 * A connection by way of the proxy, which looks the target's name up.
 * @throws TrackerError `TRACKER_UNREACHABLE` or the reason of `signal`.
 */
export function openTunnel(
  proxy: ProxyUrl,
  to: ProxyTarget,
  { bindAddress, receiveTimeoutMs, signal }: TunnelOptions,
  command: ProxyCommand = "connect",
): Promise<Tunnel> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error);
    const handshake = new ProxyHandshake(proxy, to, command);
    const socket = connect({
      host: proxy.host,
      port: proxy.port,
      ...(bindAddress !== undefined && { localAddress: bindAddress }),
    });
    const end = (): void => {
      signal.removeEventListener("abort", onAbort);
      socket.off("timeout", onSilence).off("readable", onReadable).off("error", onEnd).off("close", onEnd);
    };
    const fail = (error: unknown): void => {
      end();
      socket.on("error", () => undefined);
      socket.destroy();
      reject(error instanceof TrackerError ? error : proxyFailed("cannot be reached or hung up", error));
    };
    const onAbort = (): void => {
      end();
      socket.on("error", () => undefined);
      socket.destroy();
      reject(signal.reason as Error);
    };
    const onSilence = (): void => fail(new Error(`silent for ${receiveTimeoutMs / 1_000} s`));
    const onEnd = (error?: unknown): void => fail(error instanceof Error ? error : new Error("it hung up"));
    // `readable` and not `data`: what follows stays in the socket for whoever comes next.
    const onReadable = (): void => {
      try {
        for (let chunk = read(socket); chunk !== null; chunk = read(socket)) {
          const answer = handshake.push(chunk);
          if (answer.length > 0) socket.write(answer);
          if (!handshake.isDone) continue;
          end();
          if (handshake.rest.length > 0) socket.unshift(handshake.rest);
          return resolve({ socket, handshake });
        }
        if (socket.readableEnded) fail(new Error("it hung up"));
      } catch (error) {
        fail(error);
      }
    };
    socket.setTimeout(receiveTimeoutMs, onSilence);
    signal.addEventListener("abort", onAbort);
    socket.on("error", onEnd).on("close", onEnd).on("readable", onReadable);
    try {
      socket.write(handshake.start());
    } catch (error) {
      fail(error);
    }
  });
}

function read(socket: Socket): Uint8Array | null {
  return socket.read() as Uint8Array | null;
}
