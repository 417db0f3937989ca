import { driveAnnouncer } from "./announcing.ts";
import { dialMore } from "./connecting.ts";
import type { FilePriority } from "./file-priority.ts";
import { refillIdle, updateInterest } from "./downloading.ts";
import type { TorrentState } from "./torrent-state.ts";
import { becomeSeed } from "./verifying.ts";

/** Files are wanted more or less than before, or not at all. What is on its way for unwanted ones is given up. */
export function selectFiles(t: TorrentState, priorities: ReadonlyMap<number, FilePriority>): void {
  const { layout, files } = t.metainfo;
  for (const [index, priority] of priorities) t.filePriorities[index] = priority;
  for (const index of priorities.keys()) {
    if (files[index]!.pad) continue;
    const { first, end } = layout.piecesOfFile(index);
    for (let piece = first; piece < end; piece++)
      if (piece === first || piece === end - 1) t.picker.setPriority(piece, priorityOfPiece(t, piece));
      else t.picker.setPriority(piece, t.filePriorities[index]! as FilePriority);
  }
  countWanted(t);
  if (t.status === "seeding" && !t.picker.isComplete) t.setStatus("downloading");
  else if (t.status === "downloading" && t.picker.isComplete) becomeSeed(t);
  if (t.status !== "downloading") return;
  for (const peer of t.peers) updateInterest(t, peer);
  refillIdle(t);
  dialMore(t);
  driveAnnouncer(t);
}

/** A piece that several files share is wanted as much as the one that is wanted most. */
function priorityOfPiece(t: TorrentState, piece: number): FilePriority {
  let highest: number = 0;
  for (const index of t.metainfo.layout.filesOfPiece(piece))
    if (!t.metainfo.files[index]!.pad) highest = Math.max(highest, t.filePriorities[index]!);
  return highest as FilePriority;
}

/** How many bytes are wanted, and how many of these are there. */
export function countWanted(t: TorrentState): void {
  const { picker, layout } = t;
  t.wantedLength = layout.totalLength;
  t.wantedVerifiedLength = t.verifiedLength;
  if (!t.filePriorities.includes(0)) return;
  for (let piece = 0; piece < layout.pieceCount; piece++) {
    if (picker.priorityOf(piece) > 0) continue;
    const length = layout.pieceLengthAt(piece);
    t.wantedLength -= length;
    if (picker.have.has(piece)) t.wantedVerifiedLength -= length;
  }
}

/** The files with priority 0. */
export function unwantedFiles(t: TorrentState): Set<number> {
  const unwanted = new Set<number>();
  for (const [index, priority] of t.filePriorities.entries())
    if (priority === 0 && !t.metainfo.files[index]!.pad) unwanted.add(index);
  return unwanted;
}
