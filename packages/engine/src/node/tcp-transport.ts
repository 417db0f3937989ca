import net from "node:net";
import type { Endpoint } from "@bt/primitives";
import type { Listener, Stream, StreamHandler, Transport } from "../ports.ts";

/**
 * Bytes that one read may bring. libuv reads and calls back synchronously, so one buffer serves every socket of the
 * process: far less CPU than 'data' events, which allocate for each read (0.25 against 0.65 s/GiB measured).
 */
const READ_BUFFER_LENGTH = 131_072;

/**
 * Bytes that a stream may bring before others, timers and the disk have their turn. libuv reads a stream up to 32 times in
 * a row: 4 MiB here, which would hold up the loop for 6 ms and fill as many buffers before the first write is seen to be done.
 */
const TURN_LENGTH = 1_048_576;

/**
 * The same for the work that the bytes of all streams make, ms: a first touch of fresh piece memory costs 10 µs for each 4 KiB on
 * some machines, so that 1 MiB takes 6 ms there, and eight fast peers would have their turns one right after the other.
 */
const TURN_MS = 3;

/** What streams of one transport have worked since one of them last let others have their turn. */
interface Turn {
  workedMs: number;
}

export interface TcpTransportOptions {
  /** Address to listen on and to dial from. Default: all addresses, IPv6 and IPv4. */
  readonly host?: string | undefined;
}

/** Peers over TCP. */
export function createTcpTransport(options: TcpTransportOptions = {}): Transport {
  const buffer = new Uint8Array(READ_BUFFER_LENGTH);
  const turn: Turn = { workedMs: 0 };
  return {
    dial(endpoint, handler) {
      const stream = new TcpStream(endpoint, handler, turn);
      const socket = net.connect({
        host: endpoint.host,
        port: endpoint.port,
        noDelay: true,
        ...(options.host !== undefined && net.isIP(options.host) === net.isIP(endpoint.host)
          ? { localAddress: options.host }
          : {}),
        onread: { buffer, callback: (length) => stream.received(buffer, length) },
      });
      socket.once("connect", () => handler.onConnected());
      stream.own(socket);
      return stream;
    },
    listen: (port, accept) => listen(port, options.host, buffer, turn, accept),
  };
}

async function listen(
  port: number,
  host: string | undefined,
  buffer: Uint8Array,
  turn: Turn,
  accept: (stream: Stream) => StreamHandler,
): Promise<Listener> {
  const server = net.createServer({ noDelay: true, pauseOnConnect: true }, (incoming) => {
    const remote = remoteOf(incoming);
    if (remote === undefined) {
      incoming.destroy();
      return;
    }
    const stream = new TcpStream(remote, undefined, turn);
    stream.own(readInto(incoming, buffer, (length) => stream.received(buffer, length)));
    stream.handler = accept(stream);
    stream.start();
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
      server.off("error", reject);
      resolve();
    });
  });
  // Errors of a listening socket (too many open files) concern connections that never were.
  server.on("error", () => undefined);
  return { port: (server.address() as net.AddressInfo).port, close: () => server.close() };
}

/**
 * An accepted socket that reads into `buffer`. `net.createServer` has no such option, so its handle is put into a new
 * socket that has; where a runtime keeps its handle elsewhere, 'data' events do the same at a higher price.
 */
function readInto(
  incoming: net.Socket,
  buffer: Uint8Array,
  received: (length: number) => boolean,
): net.Socket {
  const holder = incoming as unknown as { _handle: unknown };
  const handle = holder._handle;
  if (handle === null || typeof handle !== "object") {
    incoming.on("data", (chunk: Uint8Array) => {
      for (let at = 0; at < chunk.length; at += buffer.length) {
        const part = chunk.subarray(at, at + buffer.length);
        buffer.set(part);
        received(part.length);
      }
    });
    return incoming;
  }
  holder._handle = null;
  const options = {
    handle,
    onread: { buffer, callback: received },
    allowHalfOpen: false,
    pauseOnCreate: true,
  };
  const socket = new net.Socket(options as unknown as net.SocketConstructorOpts);
  socket.setNoDelay(true);
  return socket;
}

function remoteOf(socket: net.Socket): Endpoint | undefined {
  const { remoteAddress, remotePort } = socket;
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  const host =
    remoteAddress.startsWith("::ffff:") && remoteAddress.includes(".")
      ? remoteAddress.slice(7)
      : remoteAddress;
  return { host, port: remotePort };
}

class TcpStream implements Stream {
  readonly remote: Endpoint;
  handler: StreamHandler | undefined;
  #socket: net.Socket | undefined;
  #closed = false;
  #corked = false;
  readonly #turn: Turn;
  #turnLength = 0;
  #error: Error | undefined;

  constructor(remote: Endpoint, handler: StreamHandler | undefined, turn: Turn) {
    this.remote = remote;
    this.#turn = turn;
    this.handler = handler;
  }

  own(socket: net.Socket): void {
    this.#socket = socket;
    socket.on("error", (error) => {
      this.#error = error;
    });
    socket.once("close", () => {
      this.#closed = true;
      this.handler?.onClosed(this.#error);
    });
    // A peer that says no more is gone: the protocol has no half-open connections.
    socket.once("end", () => socket.destroy());
  }

  start(): void {
    this.#socket?.resume();
  }

  received(buffer: Uint8Array, length: number): boolean {
    if (this.#closed) return true;
    const startedAt = performance.now();
    this.handler?.onData(buffer, length);
    this.#turn.workedMs += performance.now() - startedAt;
    this.#turnLength += length;
    if (this.#turnLength >= TURN_LENGTH || this.#turn.workedMs >= TURN_MS) this.#yieldTurn();
    return true;
  }

  #yieldTurn(): void {
    this.#turnLength = 0;
    this.#socket?.pause();
    setImmediate(() => {
      this.#turn.workedMs = 0;
      if (!this.#closed) this.#socket?.resume();
    });
  }

  get unsentLength(): number {
    return this.#socket?.writableLength ?? 0;
  }

  /** Everything written within one turn of the loop goes out in one system call. */
  write(bytes: Uint8Array, onWritten?: () => void): void {
    const socket = this.#socket;
    if (this.#closed || socket === undefined || socket.destroyed) {
      onWritten?.();
      return;
    }
    if (!this.#corked) {
      this.#corked = true;
      socket.cork();
      process.nextTick(() => {
        this.#corked = false;
        socket.uncork();
      });
    }
    if (onWritten === undefined) socket.write(bytes);
    else socket.write(bytes, () => onWritten());
  }

  close(): void {
    this.#closed = true;
    this.#socket?.destroy();
  }
}
