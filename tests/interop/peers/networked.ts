import { mkdir, copyFile, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Child } from "../harness/child.ts";
import { hostOf, type Family, type NetworkNamespace } from "../harness/network-namespace.ts";
import type { Scope } from "../harness/scope.ts";
import { BT_SCRIPT } from "../harness/settings.ts";
import { LIBTORRENT_SCRIPT, PYTHON } from "./libtorrent.ts";

export interface NetworkedOptions {
  readonly scope: Scope;
  readonly network: NetworkNamespace;
  /** Which host of the network it is. */
  readonly n: number;
  readonly family: Family;
  readonly torrentPath: string;
  readonly directory: string;
}

/** A client in a network of its own: downloads what is missing and seeds until it is stopped. */
export interface NetworkedKind {
  readonly name: string;
  readonly needs: readonly string[];
  /**
   * False: it looks for no IPv6 address behind a tracker's name and is given the address. The others are given the name:
   * Transmission 3.00 takes no IPv6 address in the URL of a UDP tracker.
   */
  readonly looksUpNames: boolean;
  start(options: NetworkedOptions): Promise<Child>;
}

const PORT = 7_000;

export const networkedBt: NetworkedKind = {
  name: "bt",
  needs: [],
  looksUpNames: true,
  async start({ scope, network, n, family, torrentPath, directory }) {
    const args = ["download", torrentPath, "--out", directory, "--seed", "--bind", hostOf(n, family)];
    return network.start(
      process.execPath,
      [BT_SCRIPT, ...args, "--port", String(PORT + n), "--json"],
      await scope.folder("bt"),
    );
  },
};

export const networkedLibtorrent: NetworkedKind = {
  name: "libtorrent",
  needs: ["python:libtorrent"],
  looksUpNames: true,
  async start({ scope, network, n, family, torrentPath, directory }) {
    const host = family === 6 ? `[${hostOf(n, 6)}]` : hostOf(n, 4);
    const args = [LIBTORRENT_SCRIPT, "run", torrentPath, directory, host, String(PORT + n)];
    return network.start(PYTHON, args, await scope.folder("libtorrent"));
  },
};

export const networkedAria2: NetworkedKind = {
  name: "aria2",
  needs: ["aria2c"],
  looksUpNames: false,
  async start({ scope, network, n, family, torrentPath, directory }) {
    const home = await scope.folder("aria2");
    const args = [
      "--no-conf",
      `--interface=${hostOf(n, family)}`,
      `--listen-port=${String(PORT + n)}`,
      // It asks UDP trackers over the socket of its DHT: only where that runs, and over IPv4.
      `--enable-dht=${String(family === 4)}`,
      "--enable-dht6=false",
      `--dht-listen-port=${String(PORT + n)}`,
      `--dht-file-path=${path.join(home, "dht")}`,
      "--bt-enable-lpd=false",
      "--enable-peer-exchange=false",
      "--file-allocation=none",
      "--show-console-readout=false",
      "--seed-ratio=0.0",
      `--dir=${directory}`,
      torrentPath,
    ];
    return network.start("aria2c", args, home);
  },
};

export const networkedTransmission: NetworkedKind = {
  name: "transmission",
  needs: ["transmission-daemon"],
  looksUpNames: true,
  async start({ scope, network, n, family, torrentPath, directory }) {
    const home = await scope.folder("transmission");
    const watched = path.join(home, "watched");
    await mkdir(watched);
    await copyFile(torrentPath, path.join(watched, "interop.torrent"));
    const settings = {
      // Its requests to HTTP trackers leave from the IPv4 address that is bound, whatever they are for.
      ...(family === 4 ? { "bind-address-ipv4": hostOf(n, 4) } : { "bind-address-ipv6": hostOf(n, 6) }),
      "peer-port": PORT + n,
      "rpc-enabled": false,
      "dht-enabled": false,
      "lpd-enabled": false,
      "pex-enabled": false,
      "utp-enabled": false,
      "port-forwarding-enabled": false,
      encryption: 0,
      "download-dir": directory,
      "download-queue-enabled": false,
      "seed-queue-enabled": false,
      "watch-dir": watched,
      "watch-dir-enabled": true,
      "message-level": 2,
    };
    await writeFile(path.join(home, "settings.json"), JSON.stringify(settings));
    return network.start("transmission-daemon", ["--foreground", "--config-dir", home], home);
  },
};

export const networkedRtorrent: NetworkedKind = {
  name: "rtorrent",
  needs: ["rtorrent"],
  looksUpNames: false,
  async start({ scope, network, n, family, torrentPath, directory }) {
    const home = await scope.folder("rtorrent");
    const session = path.join(home, "session");
    await mkdir(session);
    const lines = [
      "system.daemon.set = true",
      `session.path.set = ${session}`,
      `directory.default.set = ${directory}`,
      // 0.9.8 takes no IPv6 address to bind to.
      ...(family === 4 ? [`network.bind_address.set = ${hostOf(n, 4)}`] : []),
      `network.port_range.set = ${String(PORT + n)}-${String(PORT + n)}`,
      "network.port_random.set = no",
      "dht.mode.set = disable",
      "protocol.pex.set = no",
      "trackers.use_udp.set = yes",
      "pieces.hash.on_completion.set = no",
      `load.start = ${torrentPath}`,
      "",
    ];
    await writeFile(path.join(home, "settings.rc"), lines.join("\n"));
    return network.start("rtorrent", ["-n", "-o", `import=${path.join(home, "settings.rc")}`], home, {
      HOME: home,
    });
  },
};

export const networkedQbittorrent: NetworkedKind = {
  name: "qbittorrent",
  needs: ["qbittorrent-nox"],
  looksUpNames: true,
  async start({ scope, network, n, family, torrentPath, directory }) {
    const home = await scope.folder("qbittorrent");
    await mkdir(path.join(home, "qBittorrent/config"), { recursive: true });
    const lines = [
      "[LegalNotice]",
      "Accepted=true",
      "[BitTorrent]",
      "Session\\DHTEnabled=false",
      "Session\\LSDEnabled=false",
      "Session\\PeXEnabled=false",
      "Session\\BTProtocol=TCP",
      "Session\\Encryption=2",
      `Session\\Port=${String(PORT + n)}`,
      "Session\\Interface=lo",
      "Session\\InterfaceName=lo",
      `Session\\InterfaceAddress=${hostOf(n, family)}`,
      "Session\\QueueingSystemEnabled=false",
      "Session\\Preallocation=false",
      "[Network]",
      "PortForwardingEnabled=false",
      "[Preferences]",
      "WebUI\\Enabled=false",
      "",
    ];
    await writeFile(path.join(home, "qBittorrent/config/qBittorrent.conf"), lines.join("\n"));
    const args = [`--profile=${home}`, `--save-path=${directory}`, "--add-paused=false", torrentPath];
    return network.start("qbittorrent-nox", args, home, { HOME: home, LANG: "C.UTF-8" });
  },
};
