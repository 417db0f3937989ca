// Runs one tracker until it is ended: node serve.mjs bt|bittorrent-tracker PORT [redis URL]. Says "ready" when it listens.
import { once } from "node:events";

const [kind, portText, redisUrl] = process.argv.slice(2);
const port = Number(portText);
const host = "127.0.0.1";

if (kind === "bt") {
  const { createTrackerServer } = await import("../../packages/tracker/dist/server.js");
  /** @type {import("@bt/tracker/server").SwarmStore | undefined} */
  let store;
  const caps = { maxPeersPerAddress: 1_000_000, maxPeersPerSwarm: 1_000_000 };
  if (redisUrl !== undefined) {
    const { createRedisSwarmStore } = await import("../../packages/tracker-redis/dist/index.js");
    store = await createRedisSwarmStore(redisUrl, caps);
  }
  // All load comes from one address here: what is limited for each address is not what is measured.
  const server = await createTrackerServer({
    host,
    port,
    udpPort: port,
    requestsPerSecond: Infinity,
    maxConnectionsPerAddress: 1_000_000,
    ...caps,
    store,
  });
  process.on("SIGUSR2", async () => {
    console.log(JSON.stringify({ ...(await server.stats()), rss: process.memoryUsage().rss }));
  });
} else {
  // Its main door loads a native add-on for WebRTC.
  const { default: Server } = await import("bittorrent-tracker/server");
  const server = new Server({ udp: true, http: true, ws: false, stats: false });
  server.on("warning", () => undefined);
  server.listen(port, { http: host, udp4: host, udp6: "::1" });
  await once(server, "listening");
}
console.log("ready");
