import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { freeEndpoint } from "../harness/endpoint.ts";
import { freePort } from "../harness/free-port.ts";
import { HOST } from "../harness/settings.ts";
import { waitUntil } from "../harness/wait-until.ts";
import type { Peer, PeerKind, PeerOptions } from "./peer.ts";

export const transmission: PeerKind = {
  name: "transmission",
  needs: ["transmission-daemon", "transmission-show"],
  packages: ["transmission-daemon", "transmission-cli"],
  // Transmission 3.00 takes 127.0.0.0/8 for "martian" addresses.
  dialsLoopback: false,
  makesEmptyFiles: false,
  // Its pulses let 12 to 17 s pass before the first byte.
  patienceMs: 90_000,
  startSeeder: (options) => start(options, true),
  startLeecher: (options) => start(options, false),
};

const STATUS_SEEDING = 6;

async function start({ scope, torrentPath, directory }: PeerOptions, verify: boolean): Promise<Peer> {
  const endpoint = await freeEndpoint();
  const rpc = new TransmissionRpc(await freePort());
  const home = await scope.folder("transmission");
  const settings = {
    "bind-address-ipv4": endpoint.host,
    "peer-port": endpoint.port,
    "peer-port-random-on-start": false,
    "rpc-port": rpc.port,
    "rpc-bind-address": HOST,
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
    "message-level": 2,
  };
  await writeFile(path.join(home, "settings.json"), JSON.stringify(settings));
  const child = scope.start("transmission-daemon", ["--foreground", "--config-dir", home], home);
  await waitUntil(
    "Transmission answers RPC",
    15_000,
    () => rpc.isUp(),
    () => child.tail,
  );
  await rpc.call("torrent-add", {
    metainfo: (await readFile(torrentPath)).toString("base64"),
    "download-dir": directory,
  });
  if (verify) await rpc.call("torrent-verify", { ids: [1] });
  return {
    endpoint,
    isComplete: async () => {
      if (child.status !== undefined) throw new Error(`Transmission ended\n${child.tail}`);
      const fields = ["status", "leftUntilDone", "haveValid", "sizeWhenDone", "errorString"];
      const { torrents } = (await rpc.call("torrent-get", { ids: [1], fields })) as {
        torrents: Record<string, number>[];
      };
      const torrent = torrents[0]!;
      return (
        torrent["status"] === STATUS_SEEDING &&
        torrent["leftUntilDone"] === 0 &&
        torrent["haveValid"] === torrent["sizeWhenDone"]
      );
    },
    stop: async () => void (await child.stop(8_000)),
  };
}

class TransmissionRpc {
  readonly port: number;
  #sessionId = "";

  constructor(port: number) {
    this.port = port;
  }

  async isUp(): Promise<boolean> {
    try {
      await this.call("session-get", {});
      return true;
    } catch {
      return false;
    }
  }

  async call(method: string, parameters: object): Promise<unknown> {
    for (;;) {
      const response = await fetch(`http://${HOST}:${String(this.port)}/transmission/rpc`, {
        method: "POST",
        headers: { "X-Transmission-Session-Id": this.#sessionId },
        body: JSON.stringify({ method, arguments: parameters }),
        signal: AbortSignal.timeout(20_000),
      });
      const offered = response.headers.get("X-Transmission-Session-Id");
      if (response.status === 409 && offered !== null && offered !== this.#sessionId) {
        this.#sessionId = offered;
        continue;
      }
      const reply = (await response.json()) as { result: string; arguments: unknown };
      if (reply.result !== "success") throw new Error(`Transmission refused ${method}: ${reply.result}`);
      return reply.arguments;
    }
  }
}
