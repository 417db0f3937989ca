import { freeEndpoint } from "../harness/endpoint.ts";
import type { Peer, PeerKind, PeerOptions } from "./peer.ts";

export const aria2: PeerKind = {
  name: "aria2",
  needs: ["aria2c"],
  packages: ["aria2"],
  dialsLoopback: true,
  makesEmptyFiles: true,
  patienceMs: 45_000,
  startSeeder: (options) => start(options, ["--seed-ratio=0.0", "--check-integrity=true"]),
  startLeecher: (options) => start(options, ["--seed-time=0"]),
};

async function start(
  { scope, torrentPath, directory }: PeerOptions,
  extra: readonly string[],
): Promise<Peer> {
  const endpoint = await freeEndpoint();
  const child = scope.start(
    "aria2c",
    [
      "--no-conf",
      `--interface=${endpoint.host}`,
      `--listen-port=${String(endpoint.port)}`,
      "--enable-dht=false",
      "--enable-dht6=false",
      "--disable-ipv6=true",
      "--bt-enable-lpd=false",
      "--enable-peer-exchange=false",
      "--bt-min-crypto-level=plain",
      "--file-allocation=none",
      "--show-console-readout=false",
      "--console-log-level=notice",
      `--dir=${directory}`,
      ...extra,
      torrentPath,
    ],
    await scope.folder("aria2"),
  );
  return {
    endpoint,
    // With no seeding time it leaves as soon as it has everything.
    isComplete: () => {
      if (child.status === undefined) return Promise.resolve(false);
      if (child.status.code !== 0) throw new Error(`aria2 failed\n${child.tail}`);
      return Promise.resolve(true);
    },
    stop: async () => void (await child.stop()),
  };
}
