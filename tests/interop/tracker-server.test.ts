import { describe, expect, it, type TestContext } from "vitest";
import { cp } from "node:fs/promises";
import path from "node:path";
import { missingOf } from "./harness/availability.ts";
import { runBt, startBt } from "./harness/bt-process.ts";
import type { Child } from "./harness/child.ts";
import { freePort } from "./harness/free-port.ts";
import { makeTorrent, type TorrentFile } from "./harness/make-torrent.ts";
import { digestTree, makeSingleFile, type Payload } from "./harness/payload.ts";
import { openScope, type Scope } from "./harness/scope.ts";
import { HOST, KIBI, MEBI, ROOT } from "./harness/settings.ts";
import { waitUntil } from "./harness/wait-until.ts";
import { aria2 } from "./peers/aria2.ts";
import { libtorrent, LIBTORRENT_SCRIPT, PYTHON } from "./peers/libtorrent.ts";
import type { PeerKind } from "./peers/peer.ts";
import { qbittorrent } from "./peers/qbittorrent.ts";
import { rtorrent } from "./peers/rtorrent.ts";
import { transmission } from "./peers/transmission.ts";
import { redisServer, RedisServer } from "./trackers/redis.ts";
import { scrapeHttp } from "./trackers/tracker.ts";

const NPM_CLIENT = path.join(ROOT, "tests/interop/trackers/bittorrent-tracker-client.mjs");

/** `bt tracker` on one address, HTTP and UDP on one port. */
async function startTracker(
  scope: Scope,
  host: string = HOST,
  more: readonly string[] = [],
): Promise<number> {
  const port = await freePort();
  const { child, events } = await startBt(scope, [
    ...["tracker", "--bind", host, "--http-port", String(port), "--json"],
    ...more,
  ]);
  await waitUntil(
    "bt tracker listens",
    15_000,
    () => {
      if (child.status !== undefined) throw new Error(`bt tracker ended\n${child.tail}`);
      return events("listening").length > 0;
    },
    () => child.tail,
  );
  return port;
}

function skipWithout(context: TestContext, ...needs: readonly string[]): void {
  const missing = missingOf(needs);
  if (missing.length > 0) context.skip(`not installed: ${missing.join(", ")}`);
}

async function prepare(
  scope: Scope,
  url: string,
): Promise<{ payload: Payload; torrent: TorrentFile; seedFolder: string; leechFolder: string }> {
  const payload = await makeSingleFile(await scope.folder("payload"), MEBI + 1_234, 32 * KIBI);
  const torrent = await makeTorrent(scope, payload, url);
  const seedFolder = await scope.folder("seed");
  await cp(path.join(payload.directory, payload.name), path.join(seedFolder, payload.name));
  return { payload, torrent, seedFolder, leechFolder: await scope.folder("download") };
}

async function startLibtorrent6(scope: Scope, torrentPath: string, directory: string): Promise<Child> {
  const port = await freePort();
  const args = [LIBTORRENT_SCRIPT, "run", torrentPath, directory, "[::1]", String(port)];
  return scope.start(PYTHON, args, await scope.folder("libtorrent"));
}

interface ClientCase {
  readonly name: string;
  readonly client: PeerKind;
  readonly scheme: "http" | "udp";
  /** It waits for its "stopped" to get through before it ends: over UDP most do not, Transmission never in time. */
  readonly saysFarewell: boolean;
}

const CLIENTS: readonly ClientCase[] = [
  // aria2 asks UDP trackers only where its DHT runs, which here it must not.
  // Ended by SIGTERM it leaves at once; after SIGINT it would say so.
  { name: "aria2", client: aria2, scheme: "http", saysFarewell: false },
  { name: "libtorrent", client: libtorrent, scheme: "http", saysFarewell: true },
  { name: "libtorrent", client: libtorrent, scheme: "udp", saysFarewell: false },
  { name: "qbittorrent", client: qbittorrent, scheme: "http", saysFarewell: true },
  { name: "qbittorrent", client: qbittorrent, scheme: "udp", saysFarewell: true },
  { name: "rtorrent", client: rtorrent, scheme: "http", saysFarewell: true },
  { name: "rtorrent", client: rtorrent, scheme: "udp", saysFarewell: false },
  { name: "transmission", client: transmission, scheme: "http", saysFarewell: false },
  { name: "transmission", client: transmission, scheme: "udp", saysFarewell: false },
];

describe("clients of other people meet through bt tracker", () => {
  it.for(CLIENTS)(
    "$name is found by libtorrent over $scheme, and the data comes",
    { timeout: 200_000 },
    async ({ client, scheme, saysFarewell }, context) => {
      skipWithout(context, ...client.needs, ...libtorrent.needs);
      const scope = openScope();
      const port = await startTracker(scope);
      const url = `${scheme}://${HOST}:${String(port)}/announce`;
      const { payload, torrent, seedFolder, leechFolder } = await prepare(scope, url);
      const seeder = await client.startSeeder({ scope, torrentPath: torrent.path, directory: seedFolder });
      const swarm = (): ReturnType<typeof scrapeHttp> => scrapeHttp(port, torrent.infoHash);
      const explain = (): string => scope.tails;
      await waitUntil(
        `${client.name} is a seeder`,
        80_000,
        async () => (await swarm()).seederCount === 1,
        explain,
      );
      const leecher = await libtorrent.startLeecher({
        scope,
        torrentPath: torrent.path,
        directory: leechFolder,
      });
      await waitUntil("libtorrent has everything", 60_000, () => leecher.isComplete(), explain);
      await waitUntil("both are seeders", 20_000, async () => (await swarm()).seederCount === 2, explain);
      await seeder.stop();
      const hasLeft = async (): Promise<boolean> => (await swarm()).seederCount === 1;
      if (saysFarewell) await waitUntil(`${client.name} has left`, 20_000, hasLeft, explain);
      await leecher.stop();
      expect(await digestTree(leechFolder)).toEqual(payload.digests);
    },
  );

  it.for(["http", "udp"])(
    "libtorrent and libtorrent meet over %s and IPv6",
    { timeout: 120_000 },
    async (scheme, context) => {
      skipWithout(context, ...libtorrent.needs);
      const scope = openScope();
      const port = await startTracker(scope, "::1");
      const { payload, torrent, seedFolder, leechFolder } = await prepare(
        scope,
        `${scheme}://[::1]:${String(port)}/announce`,
      );
      await startLibtorrent6(scope, torrent.path, seedFolder);
      const explain = (): string => scope.tails;
      const isSeeder = async (): Promise<boolean> => {
        const escaped = torrent.infoHash.replace(/../g, "%$&");
        const response = await fetch(`http://[::1]:${String(port)}/scrape?info_hash=${escaped}`);
        return Buffer.from(await response.arrayBuffer())
          .toString("latin1")
          .includes("8:completei1e");
      };
      await waitUntil("the seeder is known", 40_000, isSeeder, explain);
      const leecher = await startLibtorrent6(scope, torrent.path, leechFolder);
      await waitUntil(
        "the leecher has everything",
        40_000,
        () => leecher.stdout.includes("COMPLETE"),
        explain,
      );
      await leecher.stop();
      expect(await digestTree(leechFolder)).toEqual(payload.digests);
    },
  );

  it.each([
    ["http", HOST],
    ["udp", HOST],
    ["http", "::1"],
  ])(
    "npm bittorrent-tracker's client finds its like over %s at %s, and counts them",
    async (scheme, host) => {
      const scope = openScope();
      const port = await startTracker(scope, host);
      const shown = host.includes(":") ? `[${host}]` : host;
      const url = `${scheme}://${shown}:${String(port)}/announce`;
      const hash = "5a".repeat(20);
      const home = await scope.folder("npm-client");
      const start = (peerPort: number, left: number): Child =>
        scope.start(process.execPath, [NPM_CLIENT, url, hash, String(peerPort), String(left)], home);
      const saw = (child: Child, text: string): Promise<void> =>
        waitUntil(
          text,
          20_000,
          () => child.stdout.includes(text),
          () => scope.tails,
        );
      const seeder = start(7_101, 0);
      await saw(seeder, "update 1 0\n");
      const leecher = start(7_102, 5);
      await saw(leecher, `peer ${host === HOST ? HOST : "[::1]"}:7101\n`);
      await saw(leecher, "update 1 1\n");
      await saw(leecher, "scrape 1 1 0\n");
      await leecher.stop();
      const third = start(7_103, 5);
      await saw(third, "update 1 1\n");
    },
  );
});

describe("a hybrid torrent", () => {
  it("of bt is found by libtorrent, and each is counted in both of its swarms", async (context) => {
    skipWithout(context, ...libtorrent.needs);
    const scope = openScope();
    const port = await startTracker(scope);
    const url = `http://${HOST}:${String(port)}/announce`;
    const payload = await makeSingleFile(await scope.folder("payload"), MEBI + 1_234, 32 * KIBI);
    const source = path.join(payload.directory, payload.name);
    const target = path.join(await scope.folder("torrent"), "hybrid.torrent");
    const made = await runBt(scope, ["create", source, "-o", target, "--format", "hybrid", "--tracker", url]);
    expect(made.code, made.tail).toBe(0);
    const { stdout } = await runBt(scope, ["info", target, "--json"]);
    const { infoHash, infoHashV2 } = JSON.parse(stdout) as { infoHash: string; infoHashV2: string };
    const seederCounts = async (): Promise<string> => {
      const [v1, v2] = [await scrapeHttp(port, infoHash), await scrapeHttp(port, infoHashV2.slice(0, 40))];
      return `${String(v1.seederCount)} ${String(v2.seederCount)}`;
    };
    const explain = (): string => scope.tails;
    const seeder = await startBt(scope, [
      "seed",
      target,
      "--data",
      payload.directory,
      "--bind",
      "127.0.0.34",
    ]);
    await waitUntil("bt is in both swarms", 20_000, async () => (await seederCounts()) === "1 1", explain);
    const directory = await scope.folder("download");
    const leecher = await libtorrent.startLeecher({ scope, torrentPath: target, directory });
    await waitUntil("libtorrent has everything", 40_000, () => leecher.isComplete(), explain);
    await waitUntil("both are in both", 20_000, async () => (await seederCounts()) === "2 2", explain);
    await seeder.child.stop();
    await waitUntil("bt has left both", 20_000, async () => (await seederCounts()) === "1 1", explain);
    await leecher.stop();
    expect(await digestTree(directory)).toEqual(payload.digests);
  });
});

describe("two bt trackers with one Redis", () => {
  it(
    "share their peers, and recover when Redis has gone and come back",
    { timeout: 120_000 },
    async (context) => {
      skipWithout(context, ...redisServer.needs);
      const scope = openScope();
      const redis = await RedisServer.start(scope);
      const store = ["--store", redis.url];
      const [one, other] = [await startTracker(scope, HOST, store), await startTracker(scope, HOST, store)];
      const url = (port: number): string => `http://${HOST}:${String(port)}/announce`;
      const { payload, torrent } = await prepare(scope, url(one));
      const seed = ["seed", torrent.path, "--data", payload.directory, "--bind", "127.0.0.31"];
      await startBt(scope, seed);
      const explain = (): string => scope.tails;
      const knows = async (port: number): Promise<boolean> =>
        (await scrapeHttp(port, torrent.infoHash)).seederCount === 1;
      await waitUntil("the other tracker knows the seeder", 20_000, () => knows(other), explain);
      const download = async (): Promise<void> => {
        const out = await scope.folder("download");
        const through = await makeTorrent(scope, payload, url(other));
        const { child } = await startBt(scope, [
          "download",
          through.path,
          "--out",
          out,
          "--bind",
          "127.0.0.32",
          "--timeout",
          "40s",
        ]);
        await waitUntil("the download ends", 50_000, () => child.status !== undefined, explain);
        expect(child.status?.code, child.tail).toBe(0);
        expect(await digestTree(out)).toEqual(payload.digests);
      };
      await download();
      await redis.stop();
      const escaped = torrent.infoHash.replace(/../g, "%$&");
      const ask = async (peerPort: number): Promise<string> => {
        const query = `info_hash=${escaped}&peer_id=-XX0000-abcdefghijkl&port=${String(peerPort)}&left=1`;
        return (await fetch(`${url(one)}?${query}`)).text();
      };
      expect(await ask(1)).toContain("cannot reach its store, try again later8:retry ini1e");
      await redis.start();
      await waitUntil(
        "announces are answered again",
        20_000,
        async () => (await ask(1)).includes("8:interval"),
        explain,
      );
      await startBt(scope, ["seed", torrent.path, "--data", payload.directory, "--bind", "127.0.0.33"]);
      await waitUntil("the other tracker knows the new seeder", 20_000, () => knows(other), explain);
      await download();
    },
  );
});
