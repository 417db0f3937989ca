import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { freeEndpoint, type Endpoint } from "../harness/endpoint.ts";
import { freePort } from "../harness/free-port.ts";
import { HOST } from "../harness/settings.ts";
import { waitUntil } from "../harness/wait-until.ts";
import type { Peer, PeerKind, PeerOptions } from "./peer.ts";

export const qbittorrent: PeerKind = {
  name: "qbittorrent",
  needs: ["qbittorrent-nox"],
  packages: ["qbittorrent-nox"],
  dialsLoopback: true,
  makesEmptyFiles: true,
  patienceMs: 60_000,
  startSeeder: start,
  startLeecher: start,
};

async function start({ scope, torrentPath, directory }: PeerOptions): Promise<Peer> {
  const endpoint = await freeEndpoint();
  const webPort = await freePort();
  const home = await scope.folder("qbittorrent");
  await mkdir(path.join(home, "qBittorrent/config"), { recursive: true });
  await writeFile(path.join(home, "qBittorrent/config/qBittorrent.conf"), configuration(endpoint, webPort));
  const child = scope.start("qbittorrent-nox", [`--profile=${home}`], home, { HOME: home, LANG: "C.UTF-8" });
  const api = (call: string, body?: FormData): Promise<Response> =>
    fetch(`http://${HOST}:${String(webPort)}/api/v2/${call}`, {
      method: body === undefined ? "GET" : "POST",
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.timeout(20_000),
    });
  const isUp = async (): Promise<boolean> => {
    if (child.status !== undefined) throw new Error(`qBittorrent ended\n${child.tail}`);
    try {
      return (await api("app/version")).ok;
    } catch {
      return false;
    }
  };
  await waitUntil("qBittorrent answers on its web port", 20_000, isUp, () => child.tail);
  const form = new FormData();
  form.set("torrents", new Blob([await readFile(torrentPath)]), "interop.torrent");
  form.set("savepath", directory);
  form.set("autoTMM", "false");
  const added = await api("torrents/add", form);
  if (!added.ok) throw new Error(`qBittorrent refused the torrent: ${await added.text()}`);
  return {
    endpoint,
    isComplete: async () => {
      if (child.status !== undefined) throw new Error(`qBittorrent ended\n${child.tail}`);
      const torrents = (await (await api("torrents/info")).json()) as { progress: number; state: string }[];
      const torrent = torrents[0];
      return torrent !== undefined && torrent.progress === 1 && /^(uploading|stalledUP)$/.test(torrent.state);
    },
    stop: async () => void (await child.stop(8_000)),
  };
}

function configuration({ host, port }: Endpoint, webPort: number): string {
  return [
    "[LegalNotice]",
    "Accepted=true",
    "[BitTorrent]",
    "Session\\DHTEnabled=false",
    "Session\\LSDEnabled=false",
    "Session\\PeXEnabled=false",
    "Session\\BTProtocol=TCP",
    "Session\\Encryption=2",
    `Session\\Port=${String(port)}`,
    "Session\\Interface=lo",
    "Session\\InterfaceName=lo",
    `Session\\InterfaceAddress=${host}`,
    "Session\\MultiConnectionsPerIp=true",
    "Session\\QueueingSystemEnabled=false",
    "Session\\Preallocation=false",
    "[Network]",
    "PortForwardingEnabled=false",
    "[Preferences]",
    "WebUI\\LocalHostAuth=false",
    `WebUI\\Address=${HOST}`,
    `WebUI\\Port=${String(webPort)}`,
    "WebUI\\CSRFProtection=false",
    "WebUI\\UseUPnP=false",
    "",
  ].join("\n");
}
