import { formatEndpoint, type BtError } from "@bt/primitives";
import { clientNameOf } from "@bt/wire";
import type { Peer } from "./core/peer.ts";
import type { TorrentState, TorrentStatus } from "./core/torrent-state.ts";
import type { TrackerSnapshot } from "@bt/tracker";

/** One peer, for display. Rates in bytes per second. */
export interface PeerSnapshot {
  readonly address: string;
  readonly client: string;
  readonly direction: "in" | "out";
  readonly pieceCount: number;
  readonly downRate: number;
  readonly upRate: number;
  readonly receivedLength: number;
  readonly sentLength: number;
  readonly amChoking: boolean;
  readonly amInterested: boolean;
  readonly peerChoking: boolean;
  readonly peerInterested: boolean;
  readonly snubbed: boolean;
  /** Requests we have with it, and how many it may have. */
  readonly requestCount: number;
  readonly requestDepth: number;
  /** Requests it has with us. */
  readonly waitingRequestCount: number;
}

/** A torrent at one moment. Lengths in bytes, rates in bytes per second. */
export interface TorrentSnapshot {
  readonly state: TorrentStatus;
  readonly error: BtError | undefined;
  /** 0 to 1 while the data that is there is checked, then 1. */
  readonly checkedFraction: number;
  readonly totalLength: number;
  readonly verifiedLength: number;
  /** Of the pieces in which some file is wanted. */
  readonly wantedLength: number;
  readonly wantedVerifiedLength: number;
  readonly pieceCount: number;
  readonly haveCount: number;
  readonly downRate: number;
  readonly upRate: number;
  /** Payload bytes of this session, good or not. */
  readonly receivedLength: number;
  readonly uploadedLength: number;
  /** Of those received: bad, double, or not asked for. */
  readonly wastedLength: number;
  readonly peerCount: number;
  readonly seedCount: number;
  readonly knownPeerCount: number;
  readonly etaSeconds: number | undefined;
  /** Made when read, as the peers are. */
  readonly trackers: readonly TrackerSnapshot[];
  readonly peers: readonly PeerSnapshot[];
}

export function snapshotTorrent(t: TorrentState, checkedFraction: number): TorrentSnapshot {
  const { now } = t;
  const downRate = t.down.rate(now);
  const missing = t.wantedLength - t.wantedVerifiedLength;
  let seedCount = 0;
  for (const peer of t.peers) if (t.picker.isPeerSeed(peer.slot)) seedCount++;
  return {
    state: t.status,
    error: t.error,
    checkedFraction,
    totalLength: t.layout.totalLength,
    verifiedLength: t.verifiedLength,
    wantedLength: t.wantedLength,
    wantedVerifiedLength: t.wantedVerifiedLength,
    pieceCount: t.layout.pieceCount,
    haveCount: t.picker.have.count,
    downRate,
    upRate: t.up.rate(now),
    receivedLength: t.down.total,
    uploadedLength: t.up.total,
    wastedLength: t.wastedLength,
    peerCount: t.peers.size,
    seedCount,
    knownPeerCount: t.book.size,
    etaSeconds: missing === 0 ? 0 : downRate > 0 ? Math.ceil(missing / downRate) : undefined,
    get trackers(): readonly TrackerSnapshot[] {
      return t.announcer.snapshot();
    },
    get peers(): PeerSnapshot[] {
      return [...t.peers].map((peer) => snapshotPeer(t, peer, t.now));
    },
  };
}

function snapshotPeer(t: TorrentState, peer: Peer, now: number): PeerSnapshot {
  return {
    address: formatEndpoint(peer.endpoint),
    client: peer.client ?? clientNameOf(peer.id) ?? "unknown",
    direction: peer.outgoing ? "out" : "in",
    pieceCount: t.picker.peerPieceCount(peer.slot),
    downRate: peer.down.rate(now),
    upRate: peer.up.rate(now),
    receivedLength: peer.down.total,
    sentLength: peer.up.total,
    amChoking: peer.amChoking,
    amInterested: peer.amInterested,
    peerChoking: peer.peerChoking,
    peerInterested: peer.peerInterested,
    snubbed: peer.snubbed,
    requestCount: peer.requests.count,
    requestDepth: peer.requestDepth,
    waitingRequestCount: peer.uploads.count,
  };
}
