import type { Bitfield } from "@bt/primitives";
import { driveAnnouncer, stopAnnouncing } from "./announcing.ts";
import { dialMore } from "./connecting.ts";
import { countWanted } from "./selecting.ts";
import { dropPeersAndPieces } from "./stopping.ts";
import type { TorrentState } from "./torrent-state.ts";

/** The data that was there has been checked: off we go, unless we were told to pause meanwhile. */
export function start(t: TorrentState, have: Bitfield, paused: boolean): void {
  if (t.status !== "checking") return;
  for (const piece of t.picker.have.clone().indices()) if (!have.has(piece)) t.picker.markLost(piece);
  for (const piece of have.indices()) t.picker.markHave(piece);
  countWanted(t);
  if (paused) {
    t.setStatus("paused");
    if (t.picker.isComplete) t.reports.done();
    return;
  }
  if (t.picker.isComplete) {
    t.setStatus("seeding");
    t.reports.done();
  } else t.setStatus("downloading");
  t.book.comeBack(t.now);
  t.announcer.start(t.now);
  driveAnnouncer(t);
  dialMore(t);
}

/** Stops for real: no peers, no announces, no requests. What was verified stays; open pieces are given up. */
export function pause(t: TorrentState): void {
  if (!t.isActive) return;
  t.setStatus("paused");
  stopAnnouncing(t);
  dropPeersAndPieces(t);
}

/** The disk is opened anew, after an error or to hash everything: until then nothing is fetched or served. */
export function beginCheck(t: TorrentState): void {
  if (t.status === "closed" || t.status === "checking") return;
  t.error = undefined;
  if (t.isActive) stopAnnouncing(t);
  t.setStatus("checking");
  dropPeersAndPieces(t);
}

/** Goes on after `pause`. */
export function resume(t: TorrentState): void {
  if (t.status !== "paused") return;
  t.book.comeBack(t.now);
  t.setStatus(t.picker.isComplete ? "seeding" : "downloading");
  t.announcer.start(t.now);
  driveAnnouncer(t);
  dialMore(t);
}

/** The end: the trackers are told, the peers are left. Pieces that are being written still get their verdict. */
export function closing(t: TorrentState): void {
  stopAnnouncing(t);
  dropPeersAndPieces(t);
}
