import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { onTestFinished } from "vitest";

export interface HttpProxy {
  readonly port: number;
  /** `host:port` of each tunnel that was asked for. */
  readonly tunnels: string[];
}

/** An HTTP proxy on loopback, gone after the test. */
export async function httpProxy(): Promise<HttpProxy> {
  const tunnels: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("data", (bytes) => {
      const head = bytes.toString("latin1");
      const [, , host, port, path] = /^(CONNECT |GET http:\/\/)([0-9.]+):([0-9]+)(\S*)/.exec(head) ?? [];
      if (host === undefined) return socket.destroy();
      const target = connect(Number(port), host, () => {
        if (head.startsWith("CONNECT")) {
          tunnels.push(`${host}:${port}`);
          socket.write("HTTP/1.1 200 yes\r\n\r\n");
          socket.pipe(target);
        } else target.write(`GET ${path} HTTP/1.0\r\n\r\n`);
        target.pipe(socket);
      });
      target.on("error", () => socket.destroy());
    });
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { port: (server.address() as AddressInfo).port, tunnels };
}
