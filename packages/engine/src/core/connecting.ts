import type { Bitfield } from "@bt/primitives";
import {
  encodeBitfield,
  encodeExtensionHandshake,
  encodeHaveAll,
  encodeHaveNone,
  type ExtensionHandshake,
} from "@bt/wire";
import { CLIENT_NAME } from "../client-name.ts";
import { fillSlots } from "./choking.ts";
import { refillIdle, releaseRequests, updateInterest } from "./downloading.ts";
import type { Peer } from "./peer.ts";
import { sendTo } from "./sending.ts";
import type { TorrentState } from "./torrent-state.ts";

/** How long to wait for room when other torrents hold all connections of the session, ms. */
const FULL_SESSION_PAUSE_MS = 5_000;

/** Dials whoever is due, as far as there is room. */
export function dialMore(t: TorrentState): void {
  t.nextDialAt = Infinity;
  if (!t.isActive) return;
  const seeding = t.status === "seeding";
  // Full of peers or of dials: the next one that ends brings us here again.
  while (
    t.peers.size + t.dialling.size < t.limits.maximumPeers &&
    t.dialling.size < t.limits.maximumDialling
  ) {
    if (!t.surroundings.hasRoomForPeer()) {
      t.nextDialAt = t.now + FULL_SESSION_PAUSE_MS;
      return;
    }
    const record = t.book.next(t.now, seeding);
    if (record === undefined) {
      t.nextDialAt = t.book.nextDialAt(seeding);
      return;
    }
    t.book.dialling(record, t.now);
    t.dialling.add(record);
    t.surroundings.dial(record);
  }
}

/** A handshake was exchanged in full. */
export function peerJoined(t: TorrentState, peer: Peer): void {
  t.dialling.delete(peer.record);
  t.book.connected(peer.record);
  peer.slot = t.picker.addPeer();
  t.peersBySlot[peer.slot] = peer;
  t.peers.add(peer);
  const { have } = t.picker;
  if (peer.fast && have.isFull) sendTo(t, peer, encodeHaveAll());
  else if (peer.fast && have.isEmpty) sendTo(t, peer, encodeHaveNone());
  else if (!have.isEmpty) sendTo(t, peer, encodeBitfield(have.toBytes()));
  const port = t.surroundings.listenPort();
  if (peer.extensionProtocol)
    sendTo(
      t,
      peer,
      encodeExtensionHandshake({
        extensions: {},
        client: CLIENT_NAME,
        requestQueueDepth: t.limits.maximumWaitingRequests,
        ...(port > 0 && { port }),
      }),
    );
}

/** The connection is over, whoever ended it. Its requests are free for others. */
export function peerLeft(t: TorrentState, peer: Peer, misbehaved: boolean): void {
  if (peer.gone) return;
  peer.gone = true;
  peer.sink = undefined;
  t.peers.delete(peer);
  t.idle.delete(peer);
  releaseRequests(t, peer);
  peer.uploads.clear();
  peer.record.isSeed = t.picker.isPeerSeed(peer.slot);
  t.picker.removePeer(peer.slot);
  t.peersBySlot[peer.slot] = undefined;
  // Who joined and left at once without a byte is not worth an early visit.
  t.book.disconnected(
    peer.record,
    !misbehaved && (peer.down.total > 0 || peer.up.total > 0 || t.now - peer.joinedAt > 30_000),
    t.now,
  );
  if (!peer.amChoking) fillSlots(t);
  refillIdle(t);
  dialMore(t);
}

export function extensionHandshake(t: TorrentState, peer: Peer, handshake: ExtensionHandshake): void {
  if (handshake.requestQueueDepth !== undefined && handshake.requestQueueDepth > 0)
    peer.requestLimit = Math.min(handshake.requestQueueDepth, t.limits.requestDepth.maximumDepth);
  peer.requestDepth = Math.min(peer.requestDepth, peer.requestLimit);
  peer.client = handshake.client ?? peer.client;
  // Where an incoming peer can be dialled; noted so that it is found again after it has gone.
  if (!peer.outgoing && handshake.port !== undefined)
    t.book.note({ host: peer.endpoint.host, port: handshake.port }, "incoming", true, peer.record.hashIndex);
}

export function peerHas(t: TorrentState, peer: Peer, piece: number): void {
  if (!t.picker.peerHave(peer.slot, piece)) return;
  peerHasMore(t, peer);
}

export function peerBitfield(t: TorrentState, peer: Peer, field: Bitfield | "all"): void {
  if (field === "all") t.picker.peerHasAll(peer.slot);
  else t.picker.peerBitfield(peer.slot, field);
  peerHasMore(t, peer);
}

function peerHasMore(t: TorrentState, peer: Peer): void {
  if (t.status === "seeding" && t.picker.isPeerSeed(peer.slot)) {
    peer.link.close("both sides are seeds");
    return;
  }
  if (!peer.amInterested) updateInterest(t, peer);
  else if (t.idle.has(peer)) refillIdle(t);
}
