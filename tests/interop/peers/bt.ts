import { freeEndpoint } from "../harness/endpoint.ts";
import { startBt, type BtProcess } from "../harness/bt-process.ts";
import type { Peer, PeerKind, PeerOptions } from "./peer.ts";

export const bt: PeerKind = {
  name: "bt",
  needs: [],
  packages: [],
  dialsLoopback: true,
  makesEmptyFiles: true,
  patienceMs: 30_000,
  async startSeeder({ scope, torrentPath, directory }: PeerOptions): Promise<Peer> {
    const endpoint = await freeEndpoint();
    const process = await startBt(scope, [
      "seed",
      torrentPath,
      ...["--data", directory],
      ...["--bind", endpoint.host],
      ...["--port", String(endpoint.port)],
      "--json",
    ]);
    return {
      endpoint,
      isComplete: () => {
        failIfEnded(process);
        return Promise.resolve(process.events("seeding").length > 0);
      },
      stop: async () => void (await process.child.stop()),
    };
  },
  async startLeecher({ scope, torrentPath, directory }: PeerOptions): Promise<Peer> {
    const endpoint = await freeEndpoint();
    const process = await startBt(scope, [
      "download",
      torrentPath,
      ...["--out", directory],
      ...["--bind", endpoint.host],
      ...["--port", String(endpoint.port)],
      "--json",
    ]);
    return {
      endpoint,
      // `bt download` ends by itself, with 0, when everything is there.
      isComplete: () => {
        if (process.child.status !== undefined && process.child.status.code !== 0) failIfEnded(process);
        return Promise.resolve(process.child.status !== undefined);
      },
      stop: async () => void (await process.child.stop()),
    };
  },
};

function failIfEnded({ child }: BtProcess): void {
  if (child.status !== undefined)
    throw new Error(`bt ended with ${String(child.status.code ?? child.status.signal)}\n${child.tail}`);
}
