// npm's bittorrent-tracker client as a program: `start`, then prints each peer as it finds it, until it is ended.
//   node bittorrent-tracker-client.mjs ANNOUNCE_URL INFO_HASH PORT LEFT
import { register } from "node:module";

// Its WebRTC half loads a native add-on that is not built here; HTTP and UDP do without.
const stubs = `export async function resolve(specifier, context, next) {
  if (/websocket-tracker\\.js$|simple-peer/.test(specifier))
    return { shortCircuit: true, url: "data:text/javascript,export default class { static WEBRTC_SUPPORT = false }" };
  return next(specifier, context);
}`;
register(`data:text/javascript,${encodeURIComponent(stubs)}`);
const { default: Client } = await import("bittorrent-tracker/client");

const [announce, infoHash, port, left] = process.argv.slice(2);
const client = new Client({
  infoHash,
  peerId: Buffer.from(`-XX0000-${port.padStart(12, "0")}`),
  announce: [announce],
  port: Number(port),
  getAnnounceOpts: () => ({ uploaded: 0, downloaded: 0, left: Number(left) }),
});
client.on("error", (error) => console.error("error", error.message));
client.on("warning", (error) => console.error("warning", error.message));
client.on("update", ({ complete, incomplete }) => console.log(`update ${complete} ${incomplete}`));
client.once("update", () => client.scrape());
client.on("peer", (peer) => console.log(`peer ${peer}`));
client.on("scrape", ({ complete, incomplete, downloaded }) =>
  console.log(`scrape ${complete} ${incomplete} ${downloaded}`),
);
client.start();

process.on("SIGTERM", () => {
  client.once("update", () => process.exit(0));
  client.stop();
});
// Its own timers do not keep the program alive.
setInterval(() => undefined, 60_000);
