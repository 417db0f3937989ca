import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Session } from "@bt/engine";
import { createNodeSession } from "@bt/engine/node";
import { type Metainfo, parseTorrent } from "@bt/metainfo";
import { createTrackerServer, type TrackerServer } from "@bt/tracker/server";
import { makeTorrent } from "../create/make-torrent.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { Failure } from "../failure.ts";
import type { TransferView } from "../output/transfer-event.ts";
import { formatCount, formatLength } from "../output/units.ts";
import type { Stop } from "../stop.ts";
import { TorrentRun } from "../transfer/torrent-run.ts";
import { compareFolders, makeDemoPayload } from "./demo-payload.ts";

const LOOPBACK = "127.0.0.1";
const PAYLOAD_NAME = "bt demo";
const SEEDER_COUNT = 2;
/** On this machine alone, silence means that something is broken. */
const SILENCE_MS = 20_000;

/** The whole way of a torrent on this machine: made, announced, seeded twice, downloaded, compared, removed. */
export async function runDemo(payloadLength: number, view: TransferView, stop: Stop): Promise<ExitCode> {
  const folder = await mkdtemp(join(tmpdir(), "bt-demo-"));
  const open: { close(): Promise<unknown> }[] = [];
  try {
    return await Promise.race([playThrough(folder, payloadLength, view, stop, open), stop.interrupted()]);
  } finally {
    view.close();
    // Sessions before the tracker, which they still have a word for.
    for (const one of open.reverse()) await one.close().catch(() => undefined);
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    view.say(`removed ${folder}`);
  }
}

async function playThrough(
  folder: string,
  payloadLength: number,
  view: TransferView,
  stop: Stop,
  open: { close(): Promise<unknown> }[],
): Promise<ExitCode> {
  const original = join(folder, "original", PAYLOAD_NAME);
  await makeDemoPayload(original, payloadLength);
  view.say(`made a payload of ${formatLength(payloadLength)} in ${original}`);

  const tracker = await createTrackerServer({ host: LOOPBACK, port: 0 });
  open.push(tracker);
  view.say(`started a tracker at ${tracker.announceUrl}`);
  const metainfo = await makeDemoTorrent(original, tracker, view, stop);

  const seeders = await startSeeders(folder, metainfo, view, open);
  const leecher = await createNodeSession({ host: LOOPBACK });
  open.push(leecher);
  view.say(
    `the leecher listens on port ${leecher.port}, knows the torrent only, and asks the tracker for peers`,
  );
  const downloads = join(folder, "leecher");
  const torrent = leecher.add(metainfo, { root: downloads });
  const run = new TorrentRun(torrent, view, { goal: undefined, timeoutMs: SILENCE_MS, seedOnly: false });
  const tick = (): void => view.progress([run.row()], performance.now());
  const ticking = setInterval(tick, view.intervalMs);
  try {
    tick();
    const exitCode = await run.finish(tick);
    if (exitCode !== EXIT.ok) return exitCode;
  } finally {
    clearInterval(ticking);
    view.close();
  }
  seeders.forEach((session, index) => {
    const uploaded = session.torrents[0]!.snapshot().uploadedLength;
    view.say(`seeder ${index + 1} sent ${formatLength(uploaded)}`);
  });
  await compare(original, join(downloads, PAYLOAD_NAME), view);
  const { announceCount } = await tracker.stats();
  view.say(`the tracker answered ${formatCount(announceCount, "announce")}`);
  return EXIT.ok;
}

async function makeDemoTorrent(
  original: string,
  tracker: TrackerServer,
  view: TransferView,
  stop: Stop,
): Promise<Metainfo> {
  const { bytes } = await makeTorrent(
    original,
    original,
    { format: "v1", pieceLength: undefined, withDate: true, trackers: [[tracker.announceUrl]] },
    { signal: stop.signal, onProgress: () => undefined },
  );
  const metainfo = parseTorrent(bytes);
  view.say(
    `made a torrent of it: ${formatCount(metainfo.files.length, "file")}, ` +
      `${formatCount(metainfo.pieceCount, "piece")} of ${formatLength(metainfo.pieceLength)}`,
  );
  return metainfo;
}

async function startSeeders(
  folder: string,
  metainfo: Metainfo,
  view: TransferView,
  open: { close(): Promise<unknown> }[],
): Promise<Session[]> {
  const sessions: Session[] = [];
  for (let number = 1; number <= SEEDER_COUNT; number++) {
    const root = join(folder, `seeder ${number}`);
    await cp(join(folder, "original"), root, { recursive: true });
    const session = await createNodeSession({ host: LOOPBACK });
    open.push(session);
    await session.add(metainfo, { root }).done;
    sessions.push(session);
    view.say(`seeder ${number} has checked its data and listens on port ${session.port}`);
  }
  return sessions;
}

async function compare(original: string, downloaded: string, view: TransferView): Promise<void> {
  const { fileCount, different } = await compareFolders(original, downloaded);
  if (different !== undefined) {
    throw new Failure(
      EXIT.mismatch,
      "DATA_MISMATCH",
      `the downloaded "${different}" differs from the original; this is a fault of bt`,
    );
  }
  view.say(
    `compared the download with the original: ${formatCount(fileCount, "file")}, every byte is the same`,
  );
}
