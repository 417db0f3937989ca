import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { isOnPath, retry } from "./client.mjs";

/** @param {number} port */
const rpcPort = (port) => port + 1;

/** @param {import("./client.mjs").Job} job @param {string} method @param {object} parameters */
async function call(job, method, parameters) {
  const post = (/** @type {string} */ id) =>
    fetch(`http://127.0.0.1:${rpcPort(job.port)}/transmission/rpc`, {
      method: "POST",
      headers: { "X-Transmission-Session-Id": id },
      body: JSON.stringify({ method, arguments: parameters }),
    });
  let response = await post("");
  if (response.status === 409) response = await post(response.headers.get("X-Transmission-Session-Id") ?? "");
  return (await response.json()).arguments;
}

/** @type {import("./client.mjs").Client} */
export const transmission = {
  name: "transmission",
  waitsToBeDialled: true,
  isInstalled: () => isOnPath("transmission-daemon"),
  prepare: ({ directory, host, port, home }) => {
    const settings = {
      "bind-address-ipv4": host,
      "peer-port": port,
      "peer-port-random-on-start": false,
      "rpc-port": rpcPort(port),
      "rpc-bind-address": "127.0.0.1",
      "rpc-authentication-required": false,
      "rpc-host-whitelist-enabled": false,
      "rpc-whitelist-enabled": false,
      "dht-enabled": false,
      "lpd-enabled": false,
      "pex-enabled": false,
      "utp-enabled": false,
      "port-forwarding-enabled": false,
      encryption: 0,
      "download-dir": directory,
      "download-queue-enabled": false,
      "seed-queue-enabled": false,
    };
    writeFileSync(path.join(home, "settings.json"), JSON.stringify(settings));
    return { command: "transmission-daemon", args: ["--foreground", "--config-dir", home] };
  },
  started: async (job) => {
    await retry(() => call(job, "session-get", {}));
    const metainfo = readFileSync(job.torrentPath).toString("base64");
    await call(job, "torrent-add", { metainfo, "download-dir": job.directory });
    if (job.role === "seeder") await call(job, "torrent-verify", { ids: [1] });
  },
  isComplete: async (job) => {
    const fields = ["leftUntilDone", "haveValid", "sizeWhenDone"];
    const [torrent] = (await call(job, "torrent-get", { ids: [1], fields })).torrents;
    return torrent?.leftUntilDone === 0 && torrent.haveValid === torrent.sizeWhenDone;
  },
};
