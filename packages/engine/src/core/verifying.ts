import { encodeHave } from "@bt/wire";
import type { BtError } from "@bt/primitives";
import { accuse, askForGoodBlocks } from "./blaming.ts";
import { fillSlots } from "./choking.ts";
import { refillIdle, updateInterest } from "./downloading.ts";
import { sendTo } from "./sending.ts";
import { dropPeersAndPieces } from "./stopping.ts";
import { driveAnnouncer, stopAnnouncing } from "./announcing.ts";
import type { TorrentState } from "./torrent-state.ts";

/** The disk has hashed a piece and, if it was right, written it. */
export function pieceJudged(t: TorrentState, piece: number, matches: boolean): void {
  t.committingCount--;
  if (matches) pieceHad(t, piece);
  else pieceBad(t, piece);
  t.surroundings.bufferFreed();
  refillIdle(t);
}

/** Only now is the piece announced: its bytes are verified and written (DESIGN "Promises"). */
function pieceHad(t: TorrentState, piece: number): void {
  for (const sender of new Set(t.sinks.get(piece)?.senders)) sender.goodPieceCount++;
  t.sinks.delete(piece);
  t.picker.verified(piece);
  if (t.picker.priorityOf(piece) > 0) t.wantedVerifiedLength += t.layout.pieceLengthAt(piece);
  t.reports.piece(piece);
  if (t.suspicions.has(piece)) askForGoodBlocks(t, piece);
  const message = encodeHave(piece);
  for (const peer of t.peers) {
    // Who has it does not ask us for it.
    if (!t.picker.peerHas(peer.slot, piece)) sendTo(t, peer, message);
    if (peer.amInterested) updateInterest(t, peer);
  }
  if (t.picker.isComplete && t.status === "downloading") becomeSeed(t);
}

/** Everything wanted is there. */
export function becomeSeed(t: TorrentState): void {
  t.setStatus("seeding");
  t.idle.clear();
  // BEP 3: "completed" is for who has everything; a part of the files is something else (BEP 21).
  if (t.picker.have.isFull) t.announcer.complete(t.now);
  driveAnnouncer(t);
  for (const peer of [...t.peers]) {
    updateInterest(t, peer);
    // Two seeds have nothing to say to each other.
    if (t.picker.isPeerSeed(peer.slot)) peer.link.close("both sides are seeds");
  }
  fillSlots(t);
  t.reports.done();
}

/** Somebody sent bytes that do not match the hash. Nothing was written; the blocks are asked for again. */
function pieceBad(t: TorrentState, piece: number): void {
  const senders = t.sinks.get(piece)?.senders ?? [];
  t.dropSink(piece);
  t.wastedLength += t.layout.pieceLengthAt(piece);
  const exclusive = accuse(t, piece, senders);
  t.picker.failed(piece, { exclusive });
}

/** The disk refused: the torrent stops, keeps what it has, and goes on when it is asked to. */
export function diskFailed(t: TorrentState, error: BtError, piece: number | undefined): void {
  if (piece !== undefined) {
    t.committingCount--;
    t.dropSink(piece);
    t.picker.abandon(piece);
    t.surroundings.bufferFreed();
  }
  // While the disk is opened anew, what was under way when it failed comes to its end: that is no news.
  if (t.status !== "checking") stopWith(t, error);
}

/** The torrent stops until it is asked to go on. */
export function stopWith(t: TorrentState, error: BtError): void {
  if (t.status === "error" || t.status === "closed") return;
  t.error = error;
  t.setStatus("error");
  stopAnnouncing(t);
  dropPeersAndPieces(t);
  t.reports.failed(error);
}
