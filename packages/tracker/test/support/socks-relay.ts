import { createSocket, type Socket as DatagramSocket } from "node:dgram";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { afterEach } from "vitest";

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

export interface SocksRelay {
  readonly port: number;
  /** `type host:port` of each datagram that was to be carried. */
  readonly carried: string[];
  /** Sends a datagram to the client as if the relay had got it from there. */
  forge(header: Uint8Array, packet: Uint8Array): void;
  /** Ends all associations. */
  hangUp(): void;
}

/** A SOCKS 5 proxy that carries datagrams to `target` on this machine, whatever they are for; answers bear `from`. */
export async function socksRelay(target: number, from: Uint8Array): Promise<SocksRelay> {
  const carried: string[] = [];
  const relay: DatagramSocket = createSocket("udp4");
  const out: DatagramSocket = createSocket("udp4");
  const controls = new Set<Socket>();
  let client: number | undefined;
  await new Promise<void>((resolve) => relay.bind(0, "127.0.0.1", resolve));
  await new Promise<void>((resolve) => out.bind(0, "127.0.0.1", resolve));
  relay.on("message", (packet, { port }) => {
    client = port;
    const type = packet[3]!;
    const nameLength = packet[4]!;
    const end = type === 3 ? 5 + nameLength : type === 1 ? 8 : 20;
    const host = type === 3 ? packet.toString("latin1", 5, end) : packet.subarray(4, end).join(".");
    carried.push(`${type} ${host}:${packet.readUInt16BE(end)}`);
    out.send(packet.subarray(end + 2), target, "127.0.0.1");
  });
  const give = (header: Uint8Array, packet: Uint8Array): void => {
    if (client !== undefined) relay.send(Buffer.concat([header, packet]), client, "127.0.0.1");
  };
  out.on("message", (packet) => give(Uint8Array.of(0, 0, 0, ...from), packet));
  const server = createServer((socket) => {
    controls.add(socket);
    socket.on("error", () => undefined).on("close", () => controls.delete(socket));
    socket.once("data", () => {
      socket.write(Uint8Array.of(5, 0));
      socket.once("data", (request) => {
        const { port } = relay.address();
        const reply = request[1] === 3 ? 0 : 7;
        socket.write(Uint8Array.of(5, reply, 0, 1, 0, 0, 0, 0, port >> 8, port & 255));
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => {
    for (const socket of controls) socket.destroy();
    server.close();
    relay.close();
    out.close();
  });
  return {
    port: (server.address() as AddressInfo).port,
    carried,
    forge: give,
    hangUp: () => controls.forEach((socket) => socket.destroy()),
  };
}
