import { randomBytes } from "node:crypto";
import { createServer, type AddressInfo, type Socket } from "node:net";
import type { Endpoint } from "./endpoint.ts";
import type { Scope } from "./scope.ts";
import { HOST } from "./settings.ts";

/** What a hostile peer does with a connection; `handshake` is the 68 bytes that arrived first. */
export interface Hostility {
  /** Called at once when somebody connects. */
  connected?(socket: Socket): void;
  /** Called with the other side's handshake. */
  greeted?(socket: Socket, handshake: Buffer, pieceCount: number): void;
  /** Called with each request that follows. */
  asked?(socket: Socket, piece: number, offset: number, length: number): void;
}

const HANDSHAKE_LENGTH = 68;
const MESSAGE_REQUEST = 6;

/** Listens on a port of its own and misbehaves; `onConnect` counts that it was met at all. */
export async function startHostilePeer(
  scope: Scope,
  hostility: Hostility,
  pieceCount: number,
): Promise<{ endpoint: Endpoint; readonly connectionCount: number }> {
  const sockets = new Set<Socket>();
  let connectionCount = 0;
  const server = createServer((socket) => {
    connectionCount++;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    hostility.connected?.(socket);
    listenForRequests(socket, hostility, pieceCount);
  });
  await new Promise<void>((resolve) => server.listen({ host: HOST, port: 0 }, resolve));
  scope.defer(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return {
    endpoint: { host: HOST, port: (server.address() as AddressInfo).port },
    get connectionCount() {
      return connectionCount;
    },
  };
}

function listenForRequests(socket: Socket, hostility: Hostility, pieceCount: number): void {
  let pending = Buffer.alloc(0);
  let greeted = false;
  socket.on("data", (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    if (!greeted && pending.length >= HANDSHAKE_LENGTH) {
      greeted = true;
      hostility.greeted?.(socket, pending.subarray(0, HANDSHAKE_LENGTH), pieceCount);
      pending = pending.subarray(HANDSHAKE_LENGTH);
    }
    while (greeted && pending.length >= 4 && pending.length >= 4 + pending.readUInt32BE(0)) {
      const message = pending.subarray(4, 4 + pending.readUInt32BE(0));
      pending = pending.subarray(4 + message.length);
      if (message[0] === MESSAGE_REQUEST)
        hostility.asked?.(socket, message.readUInt32BE(1), message.readUInt32BE(5), message.readUInt32BE(9));
    }
  });
}

/** A handshake for the same torrent, without any extension. */
export function answerHandshake(handshake: Buffer, infoHash = handshake.subarray(28, 48)): Buffer {
  const protocol = Buffer.from("\x13BitTorrent protocol", "latin1");
  return Buffer.concat([protocol, Buffer.alloc(8), infoHash, Buffer.from("-XX0001-"), randomBytes(12)]);
}

export function frame(id: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(payload.length + 1, 0);
  head[4] = id;
  return Buffer.concat([head, payload]);
}

/** The bitfield of a peer that claims to have everything. */
export function fullBitfield(pieceCount: number): Buffer {
  const bits = Buffer.alloc(Math.ceil(pieceCount / 8), 0xff);
  if (pieceCount % 8 !== 0) bits[bits.length - 1] = (0xff << (8 - (pieceCount % 8))) & 0xff;
  return frame(5, bits);
}

export const UNCHOKE: Buffer = frame(1);
