import { describe, expect, it, type TestContext } from "vitest";
import { missingOf } from "./harness/availability.ts";
import { startBt } from "./harness/bt-process.ts";
import { loadTracker, type TrackerClient, type TrackerClientOptions } from "./harness/built-packages.ts";
import { freePort } from "./harness/free-port.ts";
import { makeTorrent } from "./harness/make-torrent.ts";
import { digestTree, makeSingleFile } from "./harness/payload.ts";
import { openScope, type Scope } from "./harness/scope.ts";
import { HOST, KIBI, MEBI } from "./harness/settings.ts";
import { waitUntil } from "./harness/wait-until.ts";
import { startNpmTracker } from "./trackers/npm-tracker.ts";
import { opentracker } from "./trackers/opentracker.ts";

const INFO_HASH = "5a".repeat(20);
const OTHER_HASH = "6b".repeat(20);
const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));

async function clientOf(scope: Scope, options: TrackerClientOptions = {}): Promise<TrackerClient> {
  const { createTrackerClient } = await loadTracker();
  const client = createTrackerClient({ totalTimeoutMs: 10_000, ...options });
  scope.defer(() => client.close());
  return client;
}

/**
 * A life in a swarm: a seeder and a leecher come, find one another, are counted, complete, and go. `from` are two
 * addresses of this machine, since opentracker knows one peer per address.
 */
async function liveInSwarm(
  scope: Scope,
  url: string,
  from: readonly [string, string],
  quirks: { readonly namesNobody?: boolean; readonly countsSeedersAsDownloads?: boolean } = {},
): Promise<void> {
  const seeder = await clientOf(scope, { bindAddress: from[0] });
  const leecher = await clientOf(scope, { bindAddress: from[1] });
  const own = { infoHash: bytesOf(INFO_HASH), uploaded: 0, downloaded: 0 };
  const a = { ...own, peerId: new TextEncoder().encode("-bt0000-aaaaaaaaaaaa"), port: 7_001, left: 0 };
  const b = { ...own, peerId: new TextEncoder().encode("-bt0000-bbbbbbbbbbbb"), port: 7_002, left: 50 };
  const first = await seeder.announce(url, { ...a, event: "started" });
  expect(first.intervalMs).toBeGreaterThanOrEqual(60_000);
  const found = await leecher.announce(url, { ...b, event: "started", numWant: 30 });
  if (quirks.namesNobody === true) expect(found.peers).toEqual([]);
  else expect(found.peers).toContainEqual({ host: from[0], port: 7_001 });
  expect(found).toMatchObject({ seederCount: 1, leecherCount: 1 });
  const counts = async (): Promise<unknown> =>
    (await leecher.scrape(url, [bytesOf(INFO_HASH), bytesOf(OTHER_HASH)])).swarms.get(INFO_HASH);
  expect(await counts()).toMatchObject({ seederCount: 1, leecherCount: 1 });
  await leecher.announce(url, { ...b, left: 0, downloaded: 50, event: "completed" });
  const completedCount = quirks.countsSeedersAsDownloads === true ? 2 : 1;
  expect(await counts()).toMatchObject({ seederCount: 2, leecherCount: 0, completedCount });
  await seeder.announce(url, { ...a, event: "stopped", numWant: 0 });
  expect(await counts()).toMatchObject({ seederCount: 1, leecherCount: 0 });
}

function skipWithoutOpentracker(context: TestContext): void {
  const missing = missingOf(opentracker.needs);
  if (missing.length > 0) context.skip(`not installed: ${missing.join(", ")}`);
}

describe("our tracker client lives in a swarm of", () => {
  const V4 = ["127.0.0.21", "127.0.0.22"] as const;
  // One loopback address is all there is of IPv6.
  const V6 = ["::1", "::1"] as const;

  it.for(["http", "udp"])("opentracker over %s", async (scheme, context) => {
    skipWithoutOpentracker(context);
    const scope = openScope();
    const port = await freePort();
    await opentracker.start({ scope, port, infoHash: INFO_HASH });
    await liveInSwarm(scope, `${scheme}://${HOST}:${String(port)}/announce`, V4);
  });

  it.each([
    ["http", HOST, V4],
    ["udp", HOST, V4],
    ["http", "::1", V6],
    ["udp", "::1", V6],
  ] as const)("npm bittorrent-tracker over %s at %s", async (scheme, host, from) => {
    const scope = openScope();
    const port = await freePort();
    await startNpmTracker(scope, host, port);
    const shown = host.includes(":") ? `[${host}]` : host;
    // Version 11 puts only the IPv4 peers into an answer over UDP, whichever family was asked over.
    const quirks = { countsSeedersAsDownloads: true, namesNobody: scheme === "udp" && host === "::1" };
    await liveInSwarm(scope, `${scheme}://${shown}:${String(port)}/announce`, from, quirks);
  });
});

describe("our tracker client lives in a swarm of our own tracker", () => {
  it.each([
    ["http", HOST, ["127.0.0.21", "127.0.0.22"]],
    ["udp", HOST, ["127.0.0.21", "127.0.0.22"]],
    ["http", "::1", ["::1", "::1"]],
    ["udp", "::1", ["::1", "::1"]],
  ] as const)("over %s at %s", async (scheme, host, from) => {
    const scope = openScope();
    const port = await freePort();
    const { child, events } = await startBt(scope, [
      ...["tracker", "--bind", host, "--http-port", String(port), "--json"],
    ]);
    await waitUntil(
      "bt tracker listens",
      15_000,
      () => events("listening").length > 0,
      () => child.tail,
    );
    const shown = host.includes(":") ? `[${host}]` : host;
    await liveInSwarm(scope, `${scheme}://${shown}:${String(port)}/announce`, from);
  });
});

describe("opentracker", () => {
  it("refuses what it does not know, and we say so", async (context) => {
    skipWithoutOpentracker(context);
    const scope = openScope();
    const port = await freePort();
    await opentracker.start({ scope, port, infoHash: OTHER_HASH });
    const client = await clientOf(scope);
    const announce = client.announce(`http://${HOST}:${String(port)}/announce`, {
      infoHash: bytesOf(INFO_HASH),
      peerId: new Uint8Array(20),
      port: 1,
      left: 1,
      uploaded: 0,
      downloaded: 0,
    });
    await expect(announce).rejects.toMatchObject({
      code: "TRACKER_FAILURE",
      failureReason: expect.stringContaining("not authorized") as string,
    });
  });
});

describe("bt", () => {
  it("downloads from bt with opentracker over UDP in between, byte for byte", async (context) => {
    skipWithoutOpentracker(context);
    const scope = openScope();
    const payload = await makeSingleFile(await scope.folder("payload"), MEBI + 1_234, 32 * KIBI);
    const torrent = await makeTorrent(scope, payload);
    const port = await freePort();
    await opentracker.start({ scope, port, infoHash: torrent.infoHash });
    const url = `udp://${HOST}:${String(port)}/announce`;
    const seed = ["seed", torrent.path, "--data", payload.directory, "--tracker", url];
    await startBt(scope, [...seed, "--bind", "127.0.0.21"]);
    const client = await clientOf(scope);
    await waitUntil("the seeder is in the swarm", 20_000, async () => {
      const { swarms } = await client.scrape(url, [bytesOf(torrent.infoHash)]);
      return swarms.get(torrent.infoHash)?.seederCount === 1;
    });
    const out = await scope.folder("download");
    const { child } = await startBt(scope, [
      ...[
        "download",
        torrent.path,
        "--out",
        out,
        "--tracker",
        url,
        "--bind",
        "127.0.0.22",
        "--timeout",
        "30s",
      ],
    ]);
    await waitUntil(
      "bt download ends",
      60_000,
      () => Promise.resolve(child.status !== undefined),
      () => child.tail,
    );
    expect(child.status, child.tail).toEqual({ code: 0, signal: null });
    expect(await digestTree(out)).toEqual(payload.digests);
    const { swarms } = await client.scrape(url, [bytesOf(torrent.infoHash)]);
    expect(swarms.get(torrent.infoHash)).toMatchObject({ leecherCount: 0, completedCount: 1 });
  });
});
