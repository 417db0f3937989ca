import { copyFile, open } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startBt } from "./harness/bt-process.ts";
import { startHostilePeer } from "./harness/hostile-peer.ts";
import { hostileTrackers, startHostileTracker } from "./harness/hostile-tracker.ts";
import { hostilities } from "./harness/hostilities.ts";
import { makeTorrent, type TorrentFile } from "./harness/make-torrent.ts";
import { digestTree, makeSingleFile, type Payload } from "./harness/payload.ts";
import { openScope, Scope } from "./harness/scope.ts";
import { KIBI, MEBI, REFERENCE } from "./harness/settings.ts";
import { waitUntil } from "./harness/wait-until.ts";
import { startSlowSeeder } from "./harness/slow-seeder.ts";
import type { Endpoint } from "./harness/endpoint.ts";

const TIMEOUT_MS = 90_000;

// Beside the bad one there is always an honest seeder, slow enough that the bad one is asked, too.
describe.skipIf(REFERENCE)("bt download ends well although", () => {
  const shared = new Scope();
  let payload: Payload;
  let torrent: TorrentFile;
  let honest: Endpoint;

  beforeAll(async () => {
    payload = await makeSingleFile(await shared.folder("payload"), 6 * MEBI + 1_000, 128 * KIBI);
    torrent = await makeTorrent(shared, payload);
    honest = await startSlowSeeder(shared, torrent.path, payload.directory, "4M");
  });
  afterAll(() => shared.close());

  async function download(scope: Scope, extra: readonly string[]): Promise<void> {
    const out = await scope.folder("download");
    const { child } = await startBt(scope, ["download", torrent.path, "--out", out, "--json", ...extra]);
    await waitUntil(
      "bt download ends",
      TIMEOUT_MS,
      () => child.status !== undefined,
      () => child.tail,
    );
    expect(child.status, child.tail).toEqual({ code: 0, signal: null });
    expect(await digestTree(out)).toEqual(payload.digests);
  }

  const peerOf = ({ host, port }: Endpoint): string[] => ["--peer", `${host}:${String(port)}`];
  const pieceCount = (): number => Math.ceil(payload.totalLength / payload.pieceLength);

  it.for(Object.entries(hostilities))(
    "a peer %s",
    { timeout: TIMEOUT_MS + 30_000 },
    async ([, hostility]) => {
      const scope = openScope();
      const hostile = await startHostilePeer(scope, hostility, pieceCount());
      await download(scope, [...peerOf(hostile.endpoint), ...peerOf(honest)]);
      expect(hostile.connectionCount).toBeGreaterThan(0);
    },
  );

  it.for(Object.entries(hostileTrackers))(
    "a tracker %s",
    { timeout: TIMEOUT_MS + 30_000 },
    async ([, listener]) => {
      const scope = openScope();
      let requestCount = 0;
      const url = await startHostileTracker(scope, (request, response) => {
        requestCount++;
        listener(request, response);
      });
      await download(scope, ["--tracker", url, ...peerOf(honest)]);
      expect(requestCount).toBeGreaterThan(0);
    },
  );

  it("five bad peers of different kinds are there at once", { timeout: TIMEOUT_MS + 30_000 }, async () => {
    const scope = openScope();
    const peers: string[] = [];
    for (const hostility of Object.values(hostilities).slice(0, 5))
      peers.push(...peerOf((await startHostilePeer(scope, hostility, pieceCount())).endpoint));
    await download(scope, [...peers, ...peerOf(honest)]);
  });

  it("its folder holds a damaged copy of the file", { timeout: TIMEOUT_MS }, async () => {
    const scope = openScope();
    const out = await scope.folder("damaged");
    const place = path.join(out, payload.name);
    await copyFile(path.join(payload.directory, payload.name), place);
    const file = await open(place, "r+");
    for (let at = 0; at < payload.totalLength; at += 3 * payload.pieceLength)
      await file.write("damaged", at + 100);
    await file.close();
    const { child } = await startBt(scope, [
      ...["download", torrent.path, "--out", out, "--json"],
      ...peerOf(honest),
    ]);
    await child.exited;
    expect(child.status, child.tail).toEqual({ code: 0, signal: null });
    expect(await digestTree(out)).toEqual(payload.digests);
  });

  it(
    "ends with a disk error before it writes over a file of the same name and length that is not of the torrent",
    { timeout: TIMEOUT_MS },
    async () => {
      const scope = openScope();
      const other = await makeSingleFile(
        await scope.folder("other"),
        payload.totalLength,
        payload.pieceLength,
        "other",
      );
      const { child } = await startBt(scope, [
        ...["download", torrent.path, "--out", other.directory, "--json"],
        ...peerOf(honest),
      ]);
      await child.exited;
      expect(child.status, child.tail).toEqual({ code: 7, signal: null });
      expect(child.tail).toContain("FOREIGN_DATA");
      expect((await digestTree(other.directory))[other.name]).toBe(other.digests[other.name]);
    },
  );
});
