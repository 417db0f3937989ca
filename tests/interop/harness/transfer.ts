import { createHash } from "node:crypto";
import { cp } from "node:fs/promises";
import path from "node:path";
import { expect } from "vitest";
import type { Peer, PeerKind } from "../peers/peer.ts";
import type { TrackerKind } from "../trackers/tracker.ts";
import { freePort } from "./free-port.ts";
import { makeTorrent } from "./make-torrent.ts";
import { digestTree, type Payload } from "./payload.ts";
import type { Scope } from "./scope.ts";
import { HOST, LARGE } from "./settings.ts";
import { waitUntil } from "./wait-until.ts";

export interface TransferOptions {
  readonly scope: Scope;
  readonly seeder: PeerKind;
  readonly leecher: PeerKind;
  readonly tracker: TrackerKind;
  readonly payload: Payload;
}

const EMPTY = createHash("sha256").digest("hex");

/** How long one transfer may take altogether. */
export function transferTimeoutMs(seeder: PeerKind, leecher: PeerKind): number {
  return (seeder.patienceMs + leecher.patienceMs) * (LARGE ? 5 : 2);
}

/**
 * One client seeds, one downloads, both meet through the tracker only; then both are stopped and every byte is
 * compared. The side that does not dial loopback addresses starts first, because only a peer that announces
 * itself later is told of it.
 */
export async function transfer({ scope, seeder, leecher, tracker, payload }: TransferOptions): Promise<void> {
  const port = await freePort();
  const torrent = await makeTorrent(scope, payload, `http://${HOST}:${String(port)}/announce`);
  const { scrape } = await tracker.start({ scope, port, infoHash: torrent.infoHash });
  const explain = (): string => scope.tails;

  const seedFolder = await scope.folder("seed");
  await cp(path.join(payload.directory, payload.name), path.join(seedFolder, payload.name), {
    recursive: true,
  });
  const leechFolder = await scope.folder("download");
  const startSeeder = (): Promise<Peer> =>
    seeder.startSeeder({ scope, torrentPath: torrent.path, directory: seedFolder });
  const startLeecher = (): Promise<Peer> =>
    leecher.startLeecher({ scope, torrentPath: torrent.path, directory: leechFolder });

  let from: Peer;
  let to: Peer;
  if (leecher.dialsLoopback) {
    from = await startSeeder();
    const isKnown = async (): Promise<boolean> => (await scrape()).seederCount === 1;
    await waitUntil(`the tracker knows ${seeder.name} as a seeder`, seeder.patienceMs, isKnown, explain);
    to = await startLeecher();
  } else {
    to = await startLeecher();
    const isKnown = async (): Promise<boolean> => (await scrape()).leecherCount === 1;
    await waitUntil(`the tracker knows ${leecher.name} as a leecher`, leecher.patienceMs, isKnown, explain);
    from = await startSeeder();
  }
  const timeoutMs = Math.max(leecher.patienceMs, seeder.patienceMs) * (LARGE ? 4 : 1);
  await waitUntil(
    `${leecher.name} has everything from ${seeder.name}`,
    timeoutMs,
    () => to.isComplete(),
    explain,
  );
  await to.stop();
  await from.stop();
  // Nothing missing, nothing different, nothing left over.
  const expected = Object.entries(payload.digests).filter(
    ([, digest]) => leecher.makesEmptyFiles || digest !== EMPTY,
  );
  expect(await digestTree(leechFolder)).toEqual(Object.fromEntries(expected));
}
