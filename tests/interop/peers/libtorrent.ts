import path from "node:path";
import { fileURLToPath } from "node:url";
import { freeEndpoint } from "../harness/endpoint.ts";
import type { Peer, PeerKind, PeerOptions } from "./peer.ts";

/** Debian builds the module for its own interpreter only, whatever `python3` comes first in the path. */
export const PYTHON = "/usr/bin/python3";
export const LIBTORRENT_SCRIPT = path.join(
  path.dirname(fileURLToPath(import.meta.url)),
  "libtorrent_peer.py",
);

export const libtorrent: PeerKind = {
  name: "libtorrent",
  needs: ["python:libtorrent"],
  packages: ["python3", "python3-libtorrent"],
  dialsLoopback: true,
  makesEmptyFiles: true,
  patienceMs: 45_000,
  startSeeder: start,
  startLeecher: start,
};

async function start({ scope, torrentPath, directory }: PeerOptions): Promise<Peer> {
  const endpoint = await freeEndpoint();
  const child = scope.start(
    PYTHON,
    [LIBTORRENT_SCRIPT, "run", torrentPath, directory, endpoint.host, String(endpoint.port)],
    await scope.folder("libtorrent"),
  );
  return {
    endpoint,
    isComplete: () => {
      if (child.status !== undefined) throw new Error(`libtorrent ended\n${child.tail}`);
      return Promise.resolve(child.stdout.includes("COMPLETE"));
    },
    stop: async () => void (await child.stop()),
  };
}
