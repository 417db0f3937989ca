import {
  decodeUdpRequest,
  encodeUdpAnnounceResponse,
  encodeUdpConnectResponse,
  encodeUdpScrapeResponse,
  type UdpRequest,
} from "@bt/tracker";
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { afterEach } from "vitest";

const CONNECTION_ID = Uint8Array.of(8, 7, 6, 5, 4, 3, 2, 1);

export interface UdpTracker {
  readonly port: number;
  readonly url: string;
  /** Each request that came, and from where. */
  readonly requests: { request: UdpRequest; from: RemoteInfo }[];
}

type Answer = (request: UdpRequest, from: RemoteInfo, socket: Socket) => Uint8Array | undefined;

const sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close();
});

/** A tracker on loopback that answers as `answer` does, and what that leaves out as a tracker should; gone after the test. */
export async function udpTracker(
  answer: Answer = () => undefined,
  host = "127.0.0.1",
  port = 0,
): Promise<UdpTracker> {
  const requests: UdpTracker["requests"] = [];
  const isV6 = host.includes(":");
  const socket = createSocket({ type: isV6 ? "udp6" : "udp4", ipv6Only: isV6 });
  sockets.push(socket);
  socket.on("message", (packet, from) => {
    const request = decodeUdpRequest(Uint8Array.from(packet));
    if (request === undefined) return;
    requests.push({ request, from });
    socket.send(answer(request, from, socket) ?? honestAnswer(request, isV6), from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(port, host, resolve));
  const bound = socket.address().port;
  return { port: bound, url: `udp://${isV6 ? `[${host}]` : host}:${bound}/announce`, requests };
}

/** One peer of the family of the question; as many rows as were asked for. */
export function honestAnswer(request: UdpRequest, isV6 = false): Uint8Array {
  const { transactionId } = request;
  if (request.action === "connect") return encodeUdpConnectResponse(transactionId, CONNECTION_ID);
  if (request.action === "scrape") {
    const rows = request.infoHashes.map((hash) => ({
      seederCount: hash[0]!,
      completedCount: 2,
      leecherCount: 3,
    }));
    return encodeUdpScrapeResponse(transactionId, rows);
  }
  const compactPeers = isV6
    ? Uint8Array.of(0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 80)
    : Uint8Array.of(192, 0, 2, 9, 0, 80);
  return encodeUdpAnnounceResponse(transactionId, {
    intervalSeconds: 900,
    leecherCount: 1,
    seederCount: 2,
    compactPeers,
  });
}
