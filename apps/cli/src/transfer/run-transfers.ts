import type { Torrent } from "@bt/engine";
import type { Metainfo } from "@bt/metainfo";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { hexOrNull } from "../info/torrent-json.ts";
import type { TransferView } from "../output/transfer-event.ts";
import { formatCount } from "../output/units.ts";
import { CLEAN_STOP_MS, type Stop } from "../stop.ts";
import { checkProxy, type NetworkValues, openSession, resolvePeers } from "./open-session.ts";
import { TorrentRun, type TorrentRunOptions } from "./torrent-run.ts";

/** One torrent to be downloaded or seeded. */
export interface TransferItem {
  readonly metainfo: Metainfo;
  /** The download folder. */
  readonly root: string;
  /** Tiers besides those of the torrent. */
  readonly trackers: readonly (readonly string[])[];
  /** Indices of the only files that are wanted; absent: all. */
  readonly selected?: ReadonlySet<number> | undefined;
  /** Whether what is known of complete data stays beside it, so that the next start reads none of it. */
  readonly keepsState?: boolean;
  /** For a torrent that was made on the spot. */
  readonly magnet?: string;
}

export interface TransferPlan extends TorrentRunOptions {
  readonly items: readonly TransferItem[];
  readonly network: NetworkValues;
  readonly allocation?: "sparse" | "full" | undefined;
  /** False: hash what is there, whatever was saved about it. */
  readonly resume: boolean;
}

/** How long a tracker may keep a finished command from ending: it is told that we leave, but nobody waits for its answer. */
const FAREWELL_MS = 1_000;

/** Downloads or seeds until all items are done with. Rejects with the interruption after a clean stop. */
export async function runTransfers(plan: TransferPlan, view: TransferView, stop: Stop): Promise<ExitCode> {
  await checkProxy(plan.network);
  const peers = await resolvePeers(plan.network);
  const session = await openSession(plan.network, plan.allocation);
  let ticking: ReturnType<typeof setInterval> | undefined;
  let runs: readonly TorrentRun[] = [];
  try {
    if (plan.network.proxy === undefined) view.emit({ event: "listening", port: session.port });
    else view.detail("everything goes through the proxy; nobody can connect to us");
    runs = plan.items.map((item) => {
      const { metainfo, root } = item;
      view.emit({
        event: "metadata",
        infoHash: hexOrNull(metainfo.infoHash),
        infoHashV2: hexOrNull(metainfo.infoHashV2),
        name: metainfo.name,
        totalLength: metainfo.totalLength,
        pieceCount: metainfo.pieceCount,
        ...(item.magnet === undefined ? {} : { magnet: item.magnet }),
      });
      const torrent = session.add(metainfo, {
        root,
        peers,
        trackers: item.trackers,
        useTrackers: !plan.network.noTrackers,
        resume: plan.resume,
        keepJournal: item.keepsState ?? false,
        ...(item.selected === undefined ? {} : { filePriorities: onlyThese(metainfo, item.selected) }),
      });
      return new TorrentRun(torrent, view, plan);
    });
    const tick = (): void =>
      view.progress(
        runs.map((run) => run.row()),
        performance.now(),
      );
    ticking = setInterval(tick, view.intervalMs);
    tick();
    if (plan.seedOnly && runs.length > 1) void sayWhenSeeding(session.torrents, view);
    const codes = await Promise.race([Promise.all(runs.map((run) => run.finish(tick))), stop.interrupted()]);
    return codes.find((code) => code !== EXIT.ok) ?? EXIT.ok;
  } finally {
    clearInterval(ticking);
    if (stop.isRequested) view.say(plan.seedOnly ? "stopping" : "stopping; the same command goes on later");
    view.close();
    await session
      .close({ timeoutMs: stop.isRequested ? CLEAN_STOP_MS : FAREWELL_MS })
      .catch((error: unknown) => {
        // A disk that failed before fails again when the files are closed.
        if (!runs.some(({ hasDiskFailed }) => hasDiskFailed)) throw error;
      });
  }
}

/** Of a thousand torrents nobody counts the lines. */
async function sayWhenSeeding(torrents: readonly Torrent[], view: TransferView): Promise<void> {
  await Promise.allSettled(torrents.map((torrent) => torrent.ready));
  // Each torrent's own line comes first.
  await new Promise((resolve) => setImmediate(resolve));
  const count = torrents.filter(({ state }) => state === "seeding").length;
  if (count > 0) view.say(`seeding ${formatCount(count, "torrent")}`);
}

function onlyThese({ files }: Metainfo, selected: ReadonlySet<number>): Map<number, 0> {
  const priorities = new Map<number, 0>();
  for (const [index, { pad }] of files.entries()) if (!pad && !selected.has(index)) priorities.set(index, 0);
  return priorities;
}
