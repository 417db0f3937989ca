import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import type { Scope } from "./scope.ts";
import { HOST } from "./settings.ts";

const HTML = "<!doctype html><html><body><h1>Welcome to our new home page</h1></body></html>";

/** Ways in which a tracker can be bad, by what it does. */
export const hostileTrackers: Readonly<Record<string, RequestListener>> = {
  "answers with a web page": (_request, response) => {
    response.writeHead(200, { "content-type": "text/html" }).end(HTML);
  },
  "answers with status 500": (_request, response) => {
    response.writeHead(500).end(HTML);
  },
  "never answers": () => {
    // The request stays open.
  },
  "redirects to itself for ever": (request, response) => {
    response.writeHead(302, { location: request.url ?? "/" }).end();
  },
  "sends without end": (_request, response) => {
    response.writeHead(200);
    const chunk = Buffer.alloc(65_536, "d");
    const send = (): void => {
      if (!response.destroyed && response.write(chunk)) setImmediate(send);
    };
    response.on("drain", send);
    send();
  },
  "breaks off in the middle": (_request, response) => {
    response.writeHead(200, { "content-length": "1000" }).write("d8:intervali1800e5:peers600:");
    setTimeout(() => response.destroy(), 100).unref();
  },
  "lists peers that cannot exist": (_request, response) => {
    // 0.0.0.0:0, 127.0.0.1:1, 255.255.255.255:65535, 224.0.0.1:6881
    const peers = Buffer.from("0000000000007f0000010001ffffffffffffe00000011ae1", "hex");
    response.writeHead(200);
    response.end(
      Buffer.concat([
        Buffer.from(`d8:intervali1800e5:peers${String(peers.length)}:`),
        peers,
        Buffer.from("e"),
      ]),
    );
  },
};

/** Serves one of them; returns its announce URL. */
export async function startHostileTracker(scope: Scope, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen({ host: HOST, port: 0 }, resolve));
  scope.defer(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://${HOST}:${String((server.address() as AddressInfo).port)}/announce`;
}
