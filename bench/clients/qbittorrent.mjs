import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { isOnPath, retry } from "./client.mjs";

/** Its web port lies above its peer port. @param {number} port */
const webPort = (port) => port + 1;

/** @param {import("./client.mjs").Job} job @param {string} call @param {FormData} [body] */
const api = (job, call, body) =>
  fetch(
    `http://127.0.0.1:${webPort(job.port)}/api/v2/${call}`,
    body === undefined ? {} : { method: "POST", body },
  );

/** @type {import("./client.mjs").Client} */
export const qbittorrent = {
  name: "qbittorrent",
  isInstalled: () => isOnPath("qbittorrent-nox"),
  prepare: ({ host, port, home }) => {
    const folder = path.join(home, "qBittorrent/config");
    mkdirSync(folder, { recursive: true });
    const lines = [
      ...["[LegalNotice]", "Accepted=true", "[BitTorrent]"],
      ...["DHTEnabled=false", "LSDEnabled=false", "PeXEnabled=false", "BTProtocol=TCP", "Encryption=2"].map(
        (line) => `Session\\${line}`,
      ),
      ...[`Port=${port}`, "Interface=lo", "InterfaceName=lo", `InterfaceAddress=${host}`].map(
        (line) => `Session\\${line}`,
      ),
      ...["MultiConnectionsPerIp=true", "QueueingSystemEnabled=false", "Preallocation=false"].map(
        (line) => `Session\\${line}`,
      ),
      ...["[Network]", "PortForwardingEnabled=false", "[Preferences]"],
      ...[
        "LocalHostAuth=false",
        "Address=127.0.0.1",
        `Port=${webPort(port)}`,
        "CSRFProtection=false",
        "UseUPnP=false",
      ].map((line) => `WebUI\\${line}`),
      "",
    ];
    writeFileSync(path.join(folder, "qBittorrent.conf"), lines.join("\n"));
    return { command: "qbittorrent-nox", args: [`--profile=${home}`], env: { HOME: home, LANG: "C.UTF-8" } };
  },
  started: async (job) => {
    await retry(() => api(job, "app/version"));
    const form = new FormData();
    form.set("torrents", new Blob([readFileSync(job.torrentPath)]), "bench.torrent");
    form.set("savepath", job.directory);
    const added = await api(job, "torrents/add", form);
    if (!added.ok) throw new Error(`qBittorrent refused the torrent: ${added.status}`);
  },
  isComplete: async (job) => {
    const [torrent] = await (await api(job, "torrents/info")).json();
    return torrent?.progress === 1 && /^(uploading|stalledUP)$/.test(torrent.state);
  },
};
