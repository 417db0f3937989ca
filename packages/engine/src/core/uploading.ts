import { REQUEST_LENGTH, writePieceHeader, writeReject } from "@bt/wire";
import { asBtError } from "../errors.ts";
import type { Peer } from "./peer.ts";
import { FRAME_BLOCK_COUNT, type Frame } from "./frame-pool.ts";
import { sendTo } from "./sending.ts";
import type { TorrentState } from "./torrent-state.ts";
import type { UploadRequest } from "./upload-queue.ts";

/** Reused between calls: nothing is allocated per request. */
const request: UploadRequest = { piece: 0, offset: 0, length: 0 };

/** A peer asks for a block. */
export function blockRequested(
  t: TorrentState,
  peer: Peer,
  piece: number,
  offset: number,
  length: number,
): void {
  const valid =
    t.layout.isRange(piece, offset, length) &&
    length <= t.limits.maximumServedLength &&
    t.picker.have.has(piece);
  if (!valid) {
    peer.badRequestCount++;
    if (peer.badRequestCount > t.limits.maximumBadRequests || length > t.limits.maximumServedLength)
      peer.link.close("asks for what cannot be served");
    else refuse(t, peer, piece, offset, length);
    return;
  }
  // A request that crossed our choke is no offence.
  if (peer.amChoking || !t.isActive) {
    refuse(t, peer, piece, offset, length);
    return;
  }
  if (peer.uploads.count >= t.limits.maximumWaitingRequests) {
    // Without the fast extension there is no way to say no, and a request dropped in silence stalls some clients for
    // good (rtorrent), so those may queue twice as many before they are shown the door.
    if (peer.fast) refuse(t, peer, piece, offset, length);
    else if (peer.uploads.count >= 2 * t.limits.maximumWaitingRequests)
      peer.link.close("has too many requests waiting");
    else peer.uploads.push(piece, offset, length);
    return;
  }
  peer.uploads.push(piece, offset, length);
}

function refuse(t: TorrentState, peer: Peer, piece: number, offset: number, length: number): void {
  if (!peer.fast) return;
  const message = new Uint8Array(REQUEST_LENGTH);
  writeReject(message, 0, piece, offset, length);
  sendTo(t, peer, message);
}

/** A peer takes a request back; with the fast extension it still gets an answer (BEP 6). */
export function requestCancelled(
  t: TorrentState,
  peer: Peer,
  piece: number,
  offset: number,
  length: number,
): void {
  if (peer.uploads.remove(piece, offset, length)) refuse(t, peer, piece, offset, length);
}

/**
 * Serves one batch: lays out headers in the frame, has the disk put the payloads between them, sends all with one write.
 * At most `allowance` bytes and then the block that crosses it. Returns the bytes taken; `finished` is called when the
 * frame is free again.
 */
export function serveBatch(
  t: TorrentState,
  peer: Peer,
  frame: Frame,
  allowance: number,
  finished: () => void,
): number {
  const { bytes, targets } = frame;
  let at = 0;
  let payload = 0;
  let count = 0;
  while (count < FRAME_BLOCK_COUNT && payload < allowance && peer.uploads.peek(request)) {
    const { piece, offset, length } = request;
    if (at + 13 + length > bytes.length) break;
    peer.uploads.shift();
    at = writePieceHeader(bytes, at, piece, offset, length);
    const into = bytes.subarray(at, at + length);
    const torrentOffset = t.layout.offsetOf(piece) + offset;
    const target = targets[count];
    if (target === undefined) targets[count] = { offset: torrentOffset, into };
    else {
      target.offset = torrentOffset;
      target.into = into;
    }
    at += length;
    payload += length;
    count++;
  }
  if (count === 0) {
    finished();
    return 0;
  }
  peer.uploadBatches++;
  const done = (): void => {
    peer.uploadBatches--;
    finished();
  };
  const sent = (): void => {
    if (!peer.gone) {
      const { now } = t;
      peer.up.add(payload, now);
      t.up.add(payload, now);
    }
    done();
  };
  t.disk.read(count === targets.length ? targets : targets.slice(0, count)).then(
    () => {
      if (peer.gone) done();
      else sendTo(t, peer, bytes.subarray(0, at), sent);
    },
    (error: unknown) => {
      done();
      t.handleLater({ type: "disk-failed", error: asBtError(error) });
    },
  );
  return payload;
}
