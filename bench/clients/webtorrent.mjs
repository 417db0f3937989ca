import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const SCRIPT = path.join(path.dirname(fileURLToPath(import.meta.url)), "webtorrent-peer.mjs");
/** The folder of an installed `webtorrent` package. */
const PACKAGE = process.env["BT_BENCH_WEBTORRENT"];

/** @type {import("./client.mjs").Client} */
export const webtorrent = {
  name: "webtorrent",
  isInstalled: () => PACKAGE !== undefined && existsSync(path.join(PACKAGE, "package.json")),
  prepare: ({ torrentPath, directory, port }) => ({
    // It may ask for a newer Node than bt does.
    command: process.env["BT_BENCH_WEBTORRENT_NODE"] ?? process.execPath,
    args: [SCRIPT, PACKAGE ?? "", torrentPath, directory, String(port)],
  }),
  isComplete: (_job, log) => log().includes("COMPLETE"),
};
