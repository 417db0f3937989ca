// The clients that the benchmarks know.
import { aria2 } from "./aria2.mjs";
import { bt } from "./bt.mjs";
import { libtorrent } from "./libtorrent.mjs";
import { qbittorrent } from "./qbittorrent.mjs";
import { rtorrent } from "./rtorrent.mjs";
import { transmission } from "./transmission.mjs";
import { webtorrent } from "./webtorrent.mjs";

/** @typedef {import("./client.mjs").Client} Client */

const CLIENTS = [bt, aria2, libtorrent, rtorrent, qbittorrent, transmission, webtorrent];

/** @param {string} name @returns {Client} */
export function clientNamed(name) {
  const client = CLIENTS.find((one) => one.name === name);
  if (client === undefined)
    throw new Error(`no client "${name}"; there are ${CLIENTS.map((one) => one.name).join(", ")}`);
  if (!client.isInstalled())
    throw new Error(name === "bt" ? "bt is not built; run npm run build first" : `${name} is not installed`);
  return client;
}

/** Those that are named, or all that are installed. @param {readonly string[] | undefined} names @returns {readonly Client[]} */
export function chooseClients(names) {
  return names?.map(clientNamed) ?? CLIENTS.filter((client) => client.isInstalled());
}
