import { BLOCK_LENGTH } from "@bt/primitives";
import { encodeInterested, encodeNotInterested, REQUEST_LENGTH, writeCancel, writeRequest } from "@bt/wire";
import { asBtError } from "../errors.ts";
import type { Peer } from "./peer.ts";
import { sendTo } from "./sending.ts";
import type { TorrentState } from "./torrent-state.ts";

/** Tells the peer whether it has what we want, when that has changed. */
export function updateInterest(t: TorrentState, peer: Peer): void {
  const interested = t.status === "downloading" && t.picker.isInteresting(peer.slot);
  if (interested === peer.amInterested) return;
  peer.amInterested = interested;
  sendTo(t, peer, interested ? encodeInterested() : encodeNotInterested());
  if (interested) refill(t, peer);
}

/**
 * Brings the peer's request queue to its depth: one write for all requests. Refills wait until a quarter of the queue
 * is free, so that at speed one write asks for a hundred blocks.
 */
export function refill(t: TorrentState, peer: Peer): void {
  if (t.status !== "downloading" || peer.gone || !peer.amInterested) return;
  const choked = peer.peerChoking;
  if (choked && peer.allowedFast.length === 0) return;
  const inFlight = peer.requests.count;
  if (inFlight > peer.requestDepth * 0.75) return;
  const now = t.now;
  const allowance = t.surroundings.downLimiter.available(now);
  if (allowance <= 0) {
    t.idle.add(peer);
    t.surroundings.awaitAllowance();
    return;
  }
  let room = Math.min(peer.requestDepth - inFlight, peer.requests.room, t.batch.blocks.length);
  const wanted = room;
  // A limit that allows anything allows one block, the debt is waited for; those who wait share what there is.
  if (allowance !== Infinity)
    room = Math.min(room, Math.ceil(allowance / BLOCK_LENGTH / Math.max(1, t.idle.size)));
  const { batch, layout, picker } = t;
  batch.count = 0;
  const exclusive = peer.down.rate(now) * (t.limits.wholePieceMs / 1000) >= layout.pieceLength;
  const trusted = isTrusted(t, peer);
  while (room > 0) {
    const first = batch.count;
    const mayOpenPiece = !t.surroundings.buffers.areSpent;
    // At most one piece's worth at a time, so that a call opens one piece at most and its buffer can be had or not.
    const got = picker.pick(peer.slot, Math.min(room, layout.blocksPerPiece), batch, {
      exclusive,
      mayOpenPiece,
      trusted,
      allowedFast: choked ? peer.allowedFast : undefined,
    });
    if (got === 0) break;
    const lost = ensureSinks(t, first);
    room -= got - lost;
    if (lost > 0 && lost === got) break;
  }
  if (batch.count > 0) sendRequests(t, peer, now);
  t.idle.delete(peer);
  if (batch.count < wanted) {
    t.idle.add(peer);
    if (allowance !== Infinity) t.surroundings.awaitAllowance();
  }
}

/**
 * Whether the peer may have a piece that is to come from one peer alone. Somebody who has sent nothing good yet might hold it
 * up for as long as his requests take to time out, so he gets it only when nobody better is there.
 */
function isTrusted(t: TorrentState, peer: Peer): boolean {
  if (t.suspicions.size === 0 || peer.record.goodPieceCount > 0) return true;
  for (const other of t.peers)
    if (other.record.goodPieceCount > 0 && !other.peerChoking && !other.snubbed) return false;
  return true;
}

/** Gives every newly opened piece of the batch its buffer; takes pieces back for which there is none. Returns blocks lost. */
function ensureSinks(t: TorrentState, first: number): number {
  const { batch, picker } = t;
  let kept = first;
  let checked = -1;
  let usable = false;
  for (let i = first; i < batch.count; i++) {
    const piece = batch.pieces[i]!;
    if (piece !== checked) {
      checked = piece;
      usable = t.sinks.has(piece);
      if (!usable) {
        const sink = t.disk.acquire(piece);
        if (sink !== undefined) t.sinks.set(piece, { sink, senders: [] });
        else {
          t.surroundings.buffers.areSpent = true;
          picker.abandon(piece);
        }
        usable = sink !== undefined;
      }
    }
    if (!usable) continue;
    batch.pieces[kept] = piece;
    batch.blocks[kept++] = batch.blocks[i]!;
  }
  const lost = batch.count - kept;
  batch.count = kept;
  return lost;
}

function sendRequests(t: TorrentState, peer: Peer, now: number): void {
  const { batch, layout } = t;
  const messages = new Uint8Array(REQUEST_LENGTH * batch.count);
  if (peer.requests.count === 0) peer.awaitingSince = now;
  let at = 0;
  let length = 0;
  for (let i = 0; i < batch.count; i++) {
    const piece = batch.pieces[i]!;
    const block = batch.blocks[i]!;
    const blockLength = layout.blockLengthAt(piece, block);
    at = writeRequest(messages, at, piece, block * BLOCK_LENGTH, blockLength);
    peer.requests.add(piece, block);
    length += blockLength;
  }
  t.surroundings.downLimiter.take(length, now);
  if (t.picker.inEndgame) t.blocksMayOverlap = true;
  sendTo(t, peer, messages);
}

/** Asks those again who had nothing to be asked for, or could not be. */
export function refillIdle(t: TorrentState): void {
  if (t.idle.size === 0) return;
  for (const peer of [...t.idle]) refill(t, peer);
}

/** A block begins to come in. False: its bytes are of no use and are skipped. */
export function blockStarts(
  t: TorrentState,
  peer: Peer,
  piece: number,
  offset: number,
  length: number,
): boolean {
  const block = offset / BLOCK_LENGTH;
  if (!t.layout.isBlock(piece, offset, length) || !peer.requests.has(piece, block)) {
    waste(t, length);
    peer.unrequestedLength += length;
    if (peer.unrequestedLength > t.limits.maximumUnrequestedLength)
      peer.link.close("sends blocks that nobody asked for");
    return false;
  }
  const open = t.sinks.get(piece);
  if (open === undefined || t.picker.isReceived(piece, block)) {
    // Another peer was faster, or the piece was given up.
    waste(t, length);
    if (peer.requests.take(piece, block) === "active") t.picker.release(peer.slot, piece, block);
    return false;
  }
  peer.sink = open.sink;
  peer.receivingPiece = piece;
  peer.receivingBlock = block;
  return true;
}

/** Bytes that came and are of no use. */
function waste(t: TorrentState, length: number): void {
  t.wastedLength += length;
  t.down.add(length, t.now);
}

/** The block that began last is whole. */
export function blockEnds(t: TorrentState, peer: Peer): void {
  const { sink, receivingPiece: piece, receivingBlock: block } = peer;
  peer.sink = undefined;
  peer.receivingPiece = -1;
  const length = t.layout.blockLengthAt(piece, block);
  const asked = peer.requests.take(piece, block);
  if (peer.slowStart && peer.requestDepth < Math.min(peer.requestLimit, t.limits.requestDepth.maximumDepth))
    peer.requestDepth++;
  if (sink === undefined) {
    t.wastedLength += length;
    if (asked === "active") t.picker.release(peer.slot, piece, block);
    return;
  }
  sink.blockDone(block * BLOCK_LENGTH, length);
  t.sinks.get(piece)!.senders[block] = peer.record;
  if (t.blocksMayOverlap) cancelElsewhere(t, peer, piece, block);
  t.picker.received(peer.slot, piece, block);
  if (t.picker.isPieceComplete(piece)) commit(t, piece);
}

/** Nobody else has to send this block any more; who is sending it this moment is not listened to. */
function cancelElsewhere(t: TorrentState, sender: Peer, piece: number, block: number): void {
  for (const peer of t.peers) {
    if (peer === sender || !peer.requests.has(piece, block)) continue;
    if (peer.receivingPiece === piece && peer.receivingBlock === block) {
      peer.sink = undefined;
      continue;
    }
    // The entry stays as a late one: the block may be on its way, and an answer to a request is no offence.
    const message = new Uint8Array(REQUEST_LENGTH);
    writeCancel(message, 0, piece, block * BLOCK_LENGTH, t.layout.blockLengthAt(piece, block));
    if (peer.requests.giveUp(piece, block)) {
      t.picker.release(peer.slot, piece, block);
      sendTo(t, peer, message);
    }
    refill(t, peer);
  }
}

/** All blocks are there: hash and write. The verdict comes back as a fact. */
function commit(t: TorrentState, piece: number): void {
  const open = t.sinks.get(piece);
  if (open === undefined) return;
  t.committingCount++;
  t.disk.commit(open.sink).then(
    (matches) => t.handleLater({ type: "piece-verdict", piece, matches }),
    (error: unknown) => t.handleLater({ type: "disk-failed", error: asBtError(error), piece }),
  );
}

/** After everything in one chunk of bytes was handled: the peer has answered, so it may be asked for more. */
export function afterBytes(t: TorrentState, peer: Peer, blockLength: number, now: number): void {
  if (blockLength > 0) {
    peer.down.add(blockLength, now);
    t.down.add(blockLength, now);
    noteGap(peer, now - peer.awaitingSince);
    peer.awaitingSince = now;
    peer.snubbed = false;
  }
  refill(t, peer);
}

function noteGap(peer: Peer, gapMs: number): void {
  if (Number.isNaN(peer.gapMeanMs)) {
    peer.gapMeanMs = gapMs;
    peer.gapDeviationMs = gapMs;
    return;
  }
  peer.gapDeviationMs += (Math.abs(gapMs - peer.gapMeanMs) - peer.gapDeviationMs) / 4;
  peer.gapMeanMs += (gapMs - peer.gapMeanMs) / 8;
}

/** The peer will not answer its requests: others may be asked. */
export function releaseRequests(t: TorrentState, peer: Peer): void {
  if (peer.requests.count === 0) return;
  peer.requests.forEachActive((piece, block) => {
    t.picker.release(peer.slot, piece, block);
    t.surroundings.downLimiter.giveBack(t.layout.blockLengthAt(piece, block));
  });
  peer.requests.giveUpAll();
  t.blocksMayOverlap = true;
}

/** One request was refused (BEP 6 "reject request"). */
export function rejected(t: TorrentState, peer: Peer, piece: number, offset: number): void {
  const block = offset / BLOCK_LENGTH;
  if (!t.layout.isPiece(piece) || !Number.isInteger(block)) return;
  if (peer.requests.take(piece, block) !== "active") return;
  t.picker.release(peer.slot, piece, block);
  t.surroundings.downLimiter.giveBack(t.layout.blockLengthAt(piece, block));
  peer.allowedFast = peer.allowedFast.filter((allowed) => allowed !== piece);
}
