import { createServer, connect, type AddressInfo, type Socket } from "node:net";
import type { Endpoint } from "./endpoint.ts";
import type { Scope } from "./scope.ts";
import { HOST } from "./settings.ts";

export interface Relay {
  readonly endpoint: Endpoint;
  /** Bytes that went from the target to whoever connected, over all connections. */
  readonly deliveredLength: number;
}

/** Passes TCP connections on to `target` and counts what comes back: a measure that no client can get wrong. */
export async function startRelay(scope: Scope, target: Endpoint): Promise<Relay> {
  const sockets = new Set<Socket>();
  let deliveredLength = 0;
  const server = createServer((near) => {
    const far = connect(target);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    near.pipe(far);
    far.pipe(near);
    far.on("data", (chunk) => (deliveredLength += chunk.length));
  });
  await new Promise<void>((resolve) => server.listen({ host: HOST, port: 0 }, resolve));
  scope.defer(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return {
    endpoint: { host: HOST, port: (server.address() as AddressInfo).port },
    get deliveredLength() {
      return deliveredLength;
    },
  };
}
