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
  // A torrent that is full has no use for names; it still wants to be named to others.
  t.announcer.setNumWant(t.peers.size < t.limits.maximumPeers ? Infinity : 0);
  for (;;) {
    const task = t.announcer.poll(t.now);
    if (task === undefined) return;
    t.surroundings.announce(task);
  }
}

export function trackerAnswered(t: TorrentState, taskId: number, response: AnnounceResponse): void {
  const { switchedFrom } = t.announcer.succeeded(taskId, response, t.now);
  if (t.isActive) {
    if (switchedFrom !== undefined && t.metainfo.private) leavePeers(t);
    for (const endpoint of response.peers) t.book.note(endpoint, "tracker", true);
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
