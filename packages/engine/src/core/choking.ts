import { encodeChoke, encodeUnchoke, REQUEST_LENGTH, writeReject } from "@bt/wire";
import type { ChokeCandidate } from "../policy/choke.ts";
import type { Peer } from "./peer.ts";
import { sendTo } from "./sending.ts";
import type { TorrentState } from "./torrent-state.ts";
import type { UploadRequest } from "./upload-queue.ts";

interface Candidate extends ChokeCandidate {
  readonly peer: Peer;
}

/** A choke round: the policy says who is served until the next one. */
export function rechoke(t: TorrentState): void {
  const { now } = t;
  t.nextChokeAt = t.peers.size > 0 ? now + t.limits.chokeIntervalMs : Infinity;
  if (!t.isActive) return;
  const candidates: Candidate[] = [];
  for (const peer of t.peers)
    candidates.push({
      peer,
      interested: peer.peerInterested,
      unchoked: !peer.amChoking,
      optimistic: peer.optimistic,
      snubbed: peer.snubbed,
      downRate: peer.down.rate(now),
      upRate: peer.up.rate(now),
      unchokedAt: peer.unchokedAt,
      sentSinceUnchoke: peer.up.total - peer.sentAtUnchoke,
    });
  const { regular, optimistic } = t.policies.choke(candidates, t.status === "seeding", now, t.limits.choke);
  const chosen = new Set<Peer>();
  for (const { peer } of regular) {
    chosen.add(peer);
    peer.optimistic = false;
  }
  for (const { peer } of optimistic) {
    chosen.add(peer);
    peer.optimistic = true;
  }
  for (const peer of t.peers) if (!chosen.has(peer)) choke(t, peer);
  for (const peer of chosen) unchoke(t, peer);
}

/** While there are free slots nobody waits for the next round. */
export function fillSlots(t: TorrentState): void {
  if (!t.isActive) return;
  let free = t.limits.choke.slots;
  let waiting = 0;
  for (const peer of t.peers) {
    if (!peer.amChoking) free--;
    else if (peer.peerInterested) waiting++;
  }
  if (free <= 0 || waiting === 0) return;
  if (waiting > free) {
    rechoke(t);
    return;
  }
  for (const peer of t.peers) if (peer.peerInterested) unchoke(t, peer);
}

/** The peer lost interest: its slot is free. */
export function slotGivenUp(t: TorrentState, peer: Peer): void {
  if (peer.amChoking) return;
  choke(t, peer);
  fillSlots(t);
}

function unchoke(t: TorrentState, peer: Peer): void {
  if (!peer.amChoking) return;
  peer.amChoking = false;
  peer.unchokedAt = t.now;
  peer.sentAtUnchoke = peer.up.total;
  sendTo(t, peer, encodeUnchoke());
}

/** Chokes and says no to what still waits: silently without the fast extension (BEP 3), one by one with it (BEP 6). */
export function choke(t: TorrentState, peer: Peer): void {
  if (peer.amChoking) return;
  peer.amChoking = true;
  peer.optimistic = false;
  sendTo(t, peer, encodeChoke());
  if (peer.fast && peer.uploads.count > 0) {
    const messages = new Uint8Array(REQUEST_LENGTH * peer.uploads.count);
    const request: UploadRequest = { piece: 0, offset: 0, length: 0 };
    let at = 0;
    while (peer.uploads.peek(request)) {
      at = writeReject(messages, at, request.piece, request.offset, request.length);
      peer.uploads.shift();
    }
    sendTo(t, peer, messages);
  }
  peer.uploads.clear();
}
