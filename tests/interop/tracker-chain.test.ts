import { copyFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { missingOf } from "./harness/availability.ts";
import type { Child } from "./harness/child.ts";
import { makeTorrent, type TorrentFile } from "./harness/make-torrent.ts";
import {
  hostOf,
  mayMakeNetworks,
  NetworkNamespace,
  networks,
  type Family,
} from "./harness/network-namespace.ts";
import { digestFile, makeSingleFile } from "./harness/payload.ts";
import { openScope, type Scope } from "./harness/scope.ts";
import { BT_SCRIPT, KIBI, MEBI } from "./harness/settings.ts";
import { waitUntil } from "./harness/wait-until.ts";
import {
  networkedAria2 as aria2,
  networkedBt as bt,
  networkedLibtorrent as libtorrent,
  networkedQbittorrent as qbittorrent,
  networkedRtorrent as rtorrent,
  networkedTransmission as transmission,
  type NetworkedKind,
} from "./peers/networked.ts";

const ALL = [bt, aria2, libtorrent, rtorrent, transmission, qbittorrent, bt];
interface Chain {
  readonly scheme: "http" | "udp";
  readonly family: Family;
  readonly kinds: readonly NetworkedKind[];
  /** They are found and find nobody themselves: they have everything when the one after them has. */
  readonly findNobody?: readonly NetworkedKind[];
}
const CHAINS: readonly Chain[] = [
  { scheme: "http", family: 4, kinds: ALL },
  { scheme: "http", family: 6, kinds: ALL },
  { scheme: "udp", family: 4, kinds: ALL },
  // aria2 asks UDP trackers over IPv4 only; rtorrent 0.9.8 and Transmission 3.00 tell them of themselves over IPv6, and take
  // the peers in the answer for IPv4.
  {
    scheme: "udp",
    family: 6,
    kinds: ALL.filter((kind) => kind !== aria2),
    findNobody: [rtorrent, transmission],
  },
];
/** Transmission lets 12 to 17 s pass before its first byte. */
const HOP_MS = 60_000;

async function startTracker(network: NetworkNamespace, scope: Scope): Promise<void> {
  const port = String(network.trackerPort);
  const hosts = ["--bind", hostOf(1, 4), "--bind", hostOf(1, 6)];
  const args = [BT_SCRIPT, "tracker", ...hosts, "--http-port", port, "--json"];
  const child = network.start(process.execPath, args, await scope.folder("tracker"));
  await waitUntil(
    "bt tracker listens",
    15_000,
    () => child.stdout.includes("listening"),
    () => child.tail,
  );
}

describe("in a network of their own, clients hand a torrent on, each found by the next through bt tracker alone", () => {
  it.for(CHAINS)("over $scheme, family $family", { timeout: ALL.length * HOP_MS }, async (chain, context) => {
    const { scheme, family, kinds, findNobody = [] } = chain;
    const missing = missingOf([...networks.needs, ...kinds.flatMap(({ needs }) => needs)]);
    if (missing.length > 0) context.skip(`not installed: ${missing.join(", ")}`);
    if (!mayMakeNetworks()) context.skip("this machine lets nobody make a network (needs root)");
    const scope = openScope();
    const explain = (): string => scope.tails;
    const network = await NetworkNamespace.create(scope);
    await startTracker(network, scope);
    const numeric = family === 4 ? hostOf(1, 4) : `[${hostOf(1, 6)}]`;
    const payload = await makeSingleFile(await scope.folder("payload"), MEBI + 1_234, 32 * KIBI);
    const torrentFor = (host: string): Promise<TorrentFile> =>
      makeTorrent(scope, payload, `${scheme}://${host}:${String(network.trackerPort)}/announce`);
    const torrent = await torrentFor(`tracker${String(family)}.test`);
    const withAddress = await torrentFor(numeric);
    const escaped = torrent.infoHash.replace(/../g, "%$&");
    const isSeederKnown = async (): Promise<boolean> =>
      (await network.get(`/scrape?info_hash=${escaped}`)).includes("8:completei1e");
    const whole = payload.digests[payload.name];
    /** Those who have it, or are to get it from the next one. */
    let holders: Child[] = [];
    const waiting: (readonly [kind: NetworkedKind, child: Child, directory: string])[] = [];
    const handedOn: string[] = [];
    for (const [index, kind] of kinds.entries()) {
      const directory = await scope.folder(`data-${kind.name}`);
      if (index === 0)
        await copyFile(path.join(payload.directory, payload.name), path.join(directory, payload.name));
      const child = await kind.start({
        ...{
          scope,
          network,
          n: index + 2,
          family,
          torrentPath: (kind.looksUpNames ? torrent : withAddress).path,
          directory,
        },
      });
      waiting.push([kind, child, directory]);
      if (findNobody.includes(kind)) {
        await waitUntil(
          `${kind.name} is known`,
          HOP_MS,
          async () =>
            (await network.get(`/scrape?info_hash=${escaped}`)).includes(
              `10:incompletei${String(waiting.length)}e`,
            ),
          explain,
        );
        continue;
      }
      for (const [{ name }, { status }, folder] of waiting) {
        const hasAll = async (): Promise<boolean> => {
          if (status !== undefined) throw new Error(`${name} ended`);
          return (await digestFile(path.join(folder, payload.name))) === whole;
        };
        await waitUntil(`${name} has everything, after ${handedOn.join(", ")}`, HOP_MS, hasAll, explain);
        handedOn.push(name);
      }
      if (index === 0) await waitUntil("the seeder is known", HOP_MS, isSeederKnown, explain);
      // Those before leave: the next can only have it from this one.
      await Promise.all(holders.map((holder) => holder.stop()));
      holders = [child];
      waiting.splice(0);
    }
    expect(handedOn).toEqual(kinds.map(({ name }) => name));
  });
});
