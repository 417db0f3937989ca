import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { afterEach } from "vitest";

export interface RawServer {
  readonly port: number;
  readonly url: string;
  /** The head of each request that came. */
  readonly requests: string[];
}

const servers: { server: Server; sockets: Set<Socket> }[] = [];

afterEach(() => {
  for (const { server, sockets } of servers.splice(0)) {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
});

/** A server on loopback that answers each request's head as `answer` does; gone after the test. */
export async function rawServer(
  answer: (socket: Socket, head: string, port: number) => void,
): Promise<RawServer> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let head = "";
    let answered = false;
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (part) => {
      head += part.toString("latin1");
      if (answered || !head.includes("\r\n\r\n")) return;
      answered = true;
      requests.push(head);
      answer(socket, head, (server.address() as AddressInfo).port);
    });
  });
  servers.push({ server, sockets });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { port, url: `http://127.0.0.1:${port}/announce`, requests };
}

/** A whole HTTP answer. */
export function httpAnswer(
  body: string | Uint8Array,
  headers: readonly string[] = [],
  status = "200 OK",
): Uint8Array {
  const head = [`HTTP/1.1 ${status}`, `Content-Length: ${Buffer.byteLength(body)}`, ...headers, "", ""].join(
    "\r\n",
  );
  return Buffer.concat([Buffer.from(head, "latin1"), Buffer.from(body)]);
}
