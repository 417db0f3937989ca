import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { freeEndpoint } from "../harness/endpoint.ts";
import type { Peer, PeerKind, PeerOptions } from "./peer.ts";

export const rtorrent: PeerKind = {
  name: "rtorrent",
  needs: ["rtorrent"],
  packages: ["rtorrent"],
  dialsLoopback: true,
  makesEmptyFiles: true,
  patienceMs: 45_000,
  startSeeder: start,
  startLeecher: start,
};

async function start({ scope, torrentPath, directory }: PeerOptions): Promise<Peer> {
  const endpoint = await freeEndpoint();
  const port = String(endpoint.port);
  const home = await scope.folder("rtorrent");
  const session = path.join(home, "session");
  await mkdir(session);
  const finished = path.join(home, "finished");
  const settings = path.join(home, "settings.rc");
  const lines = [
    // No screen: it needs no terminal then.
    "system.daemon.set = true",
    `session.path.set = ${session}`,
    `directory.default.set = ${directory}`,
    `network.bind_address.set = ${endpoint.host}`,
    `network.port_range.set = ${port}-${port}`,
    "network.port_random.set = no",
    "dht.mode.set = disable",
    "protocol.pex.set = no",
    "protocol.encryption.set = none",
    "trackers.use_udp.set = yes",
    // Checking the whole once more adds nothing to a test that compares every byte.
    "pieces.hash.on_completion.set = no",
    `method.set_key = event.download.finished, interop, "execute.nothrow = touch, ${finished}"`,
    `load.start = ${torrentPath}`,
    "",
  ];
  await writeFile(settings, lines.join("\n"));
  const child = scope.start("rtorrent", ["-n", "-o", `import=${settings}`], home, { HOME: home });
  return {
    endpoint,
    isComplete: () => {
      if (child.status !== undefined) throw new Error(`rtorrent ended\n${child.tail}`);
      return Promise.resolve(existsSync(finished));
    },
    stop: async () => void (await child.stop()),
  };
}
