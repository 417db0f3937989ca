// A tracker just big enough for one swarm on this machine, inside the measuring process.
import { createServer } from "node:http";

/** @typedef {{ url: string, seederCount(): number, peerCount(): number, announceCount(): number, reset(): void, close(): void }} BenchTracker */

/** @returns {Promise<BenchTracker>} */
export async function startTracker() {
  /** Bytes left, by compact address in hexadecimal. @type {Map<string, number>} */
  const peers = new Map();
  let announceCount = 0;
  const server = createServer((request, response) => {
    announceCount++;
    const query = new URL(request.url ?? "/", "http://tracker").searchParams;
    const address = (request.socket.remoteAddress ?? "").replace("::ffff:", "");
    const compact = Buffer.from([...address.split(".").map(Number), 0, 0]);
    compact.writeUInt16BE(Number(query.get("port") ?? 0) & 0xffff, 4);
    const self = compact.toString("hex");
    const others = Buffer.from([...peers.keys()].filter((key) => key !== self).join(""), "hex");
    if (query.get("event") === "stopped") peers.delete(self);
    else peers.set(self, Number(query.get("left") ?? 0));
    response.setHeader("connection", "close");
    response.end(
      Buffer.concat([
        Buffer.from(`d8:intervali1800e12:min intervali60e5:peers${others.length}:`),
        others,
        Buffer.from("e"),
      ]),
    );
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${port}/announce`,
    seederCount: () => [...peers.values()].filter((left) => left === 0).length,
    peerCount: () => peers.size,
    announceCount: () => announceCount,
    reset: () => peers.clear(),
    close: () => void server.close(),
  };
}
