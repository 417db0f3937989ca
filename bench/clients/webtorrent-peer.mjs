// WebTorrent as a peer: webtorrent-peer.mjs PACKAGE_FOLDER TORRENT FOLDER PORT; prints COMPLETE when it has everything.
import { readFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [packageFolder = "", torrentPath = "", folder = "", port = ""] = process.argv.slice(2);
const { main, exports } = JSON.parse(readFileSync(path.join(packageFolder, "package.json"), "utf8"));
const entry = exports?.import ?? exports?.default ?? main ?? "index.js";
const { default: WebTorrent } = await import(
  pathToFileURL(path.join(packageFolder, typeof entry === "string" ? entry : "index.js")).href
);
const client = new WebTorrent({
  torrentPort: Number(port),
  dht: false,
  lsd: false,
  utPex: false,
  utp: false,
  natUpnp: false,
  natPmp: false,
  webSeeds: false,
});
client.on("error", (/** @type {Error} */ error) => {
  console.error(error.message);
  process.exit(1);
});
client.add(readFileSync(torrentPath), { path: folder }).on("done", () => console.log("COMPLETE"));
