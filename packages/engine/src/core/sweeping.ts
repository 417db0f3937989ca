import { encodeKeepAlive } from "@bt/wire";
import { refill, refillIdle, releaseRequests } from "./downloading.ts";
import type { Peer } from "./peer.ts";
import { sendTo } from "./sending.ts";
import type { TorrentState } from "./torrent-state.ts";

/** How often the peers of a torrent are looked over, ms. A torrent without peers is not looked over at all. */
const SWEEP_INTERVAL_MS = 1_000;

/** Looks over all peers for what only the passing of time shows: silence, late blocks, the depth of queues. */
export function sweep(t: TorrentState): void {
  const { now } = t;
  t.nextSweepAt = t.peers.size > 0 ? now + SWEEP_INTERVAL_MS : Infinity;
  for (const peer of t.peers) {
    if (now - peer.lastReceivedAt > t.limits.silenceMs) {
      peer.link.close("was silent for too long");
      continue;
    }
    if (now - peer.lastSentAt > t.limits.keepAliveMs) sendTo(t, peer, encodeKeepAlive());
    if (t.status !== "downloading") continue;
    checkTimeout(t, peer, now);
    setDepth(t, peer, now);
  }
  refillIdle(t);
}

/** Requests that are not answered are given to others; the peer gets one at a time until it sends again. */
function checkTimeout(t: TorrentState, peer: Peer, now: number): void {
  if (peer.requests.count === 0) return;
  const timeoutMs = t.policies.requestTimeout(
    Number.isNaN(peer.gapMeanMs)
      ? { meanMs: undefined, deviationMs: undefined }
      : { meanMs: peer.gapMeanMs, deviationMs: peer.gapDeviationMs },
    t.limits.requestTimeout,
  );
  if (now - peer.awaitingSince < timeoutMs) return;
  peer.snubbed = true;
  peer.slowStart = false;
  peer.requestDepth = 1;
  peer.awaitingSince = now;
  releaseRequests(t, peer);
  refillIdle(t);
  refill(t, peer);
}

function setDepth(t: TorrentState, peer: Peer, now: number): void {
  const rate = peer.down.rate(now);
  const { depth, slowStart } = t.policies.requestDepth(
    {
      depth: peer.requestDepth,
      slowStart: peer.slowStart,
      rate,
      previousRate: peer.previousRate,
      snubbed: peer.snubbed,
      peerLimit: peer.requestLimit,
    },
    t.limits.requestDepth,
  );
  peer.requestDepth = depth;
  peer.slowStart = slowStart;
  peer.previousRate = rate;
  if (peer.amInterested) refill(t, peer);
}
