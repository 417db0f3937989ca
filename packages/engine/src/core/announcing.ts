import type { TrackerError, AnnounceResponse } from "@bt/tracker";
import { dialMore } from "./connecting.ts";
import { EngineError } from "../errors.ts";
import type { TorrentState } from "./torrent-state.ts";

/** Takes leave of the trackers: announces under way are cut short, so that none of them arrives after the farewell. */
export function stopAnnouncing(t: TorrentState): void {
  for (const taskId of t.announcer.stop(t.now)) t.surroundings.abortAnnounce(taskId);
  driveAnnouncer(t);
}

/** Hands over every announce that is due. */
export function driveAnnouncer(t: TorrentState): void {
  // BEP 21: all that is wanted is there, but not everything.
  t.announcer.setPartialSeed(t.status === "seeding" && !t.picker.have.isFull, t.now);
  if (t.announcer.nextWakeAt() > t.now) return;
  t.announcer.setNumWant(
    t.policies.numWant({
      roomCount: t.limits.maximumPeers - t.peers.size,
      candidateCount: t.book.candidateCount(t.status === "seeding"),
    }),
  );
  for (;;) {
    const task = t.announcer.poll(t.now);
    if (task === undefined) return;
    t.surroundings.announce(task);
  }
}

export function trackerAnswered(t: TorrentState, taskId: number, response: AnnounceResponse): void {
  const { switchedFrom, hashIndex } = t.announcer.succeeded(taskId, response, t.now);
  if (t.isActive) {
    if (switchedFrom !== undefined && t.metainfo.private) leavePeers(t);
    for (const endpoint of response.peers) t.book.note(endpoint, "tracker", true, hashIndex);
    dialMore(t);
    if (response.warning !== undefined)
      t.reports.warning(new EngineError("ENGINE_TRACKER_FAILED", `a tracker warns: ${response.warning}`));
  }
  driveAnnouncer(t);
}

export function trackerFailed(t: TorrentState, taskId: number, error: TrackerError): void {
  t.announcer.failed(taskId, error, t.now);
  if (t.isActive) t.reports.warning(error);
  driveAnnouncer(t);
}

/** BEP 27: a private torrent that switches to another tracker keeps no peer of the one before. */
function leavePeers(t: TorrentState): void {
  t.book.disownAll();
  for (const peer of t.peers)
    if (peer.record.source !== "user") peer.link.close("another tracker is used now");
}
