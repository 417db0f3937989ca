import type { BtError } from "@bt/primitives";
import type { TorrentState } from "./core/torrent-state.ts";

/** Why a torrent does what it does now, as data; the first thing that holds it back. */
export type Explanation =
  | { readonly reason: "checking" | "paused" | "closed" | "seeding" | "downloading" }
  | { readonly reason: "stopped-by-error"; readonly error: BtError }
  /** Nobody is known to have this torrent. */
  | {
      readonly reason: "no-peers-known";
      readonly trackerCount: number;
      /** Trackers whose last answer was none or an error; what they said stands in the snapshot. */
      readonly failingTrackerCount: number;
    }
  /** Peers are known, but none is connected. */
  | { readonly reason: "no-peers-connected"; readonly knownPeerCount: number; readonly diallingCount: number }
  /** No connected peer has a piece that is missing. */
  | { readonly reason: "nobody-has-missing-pieces"; readonly missingCount: number }
  /** Those who have what is missing do not serve us now. */
  | { readonly reason: "choked-by-all"; readonly peerCount: number }
  /** All piece buffers are in use: the disk or other torrents hold them. */
  | { readonly reason: "buffers-spent" }
  /** The download limit is used up for the moment. */
  | { readonly reason: "rate-limited" }
  /** Requests are in flight, but nothing has come for a while. */
  | { readonly reason: "peers-silent"; readonly snubbedCount: number };

export function explainTorrent(t: TorrentState): Explanation {
  if (t.status === "error" && t.error !== undefined) return { reason: "stopped-by-error", error: t.error };
  if (t.status !== "downloading") return { reason: t.status === "error" ? "closed" : t.status };
  if (t.peers.size === 0)
    return t.book.size === 0
      ? noPeersKnown(t)
      : { reason: "no-peers-connected", knownPeerCount: t.book.size, diallingCount: t.dialling.size };
  const peers = [...t.peers];
  const useful = peers.filter((peer) => t.picker.isInteresting(peer.slot));
  if (useful.length === 0)
    return { reason: "nobody-has-missing-pieces", missingCount: t.picker.missingCount };
  const serving = useful.filter((peer) => !peer.peerChoking);
  if (serving.length === 0) return { reason: "choked-by-all", peerCount: useful.length };
  if (serving.every((peer) => peer.snubbed)) return { reason: "peers-silent", snubbedCount: serving.length };
  if (t.down.rate(t.now) === 0 && t.surroundings.buffers.areSpent) return { reason: "buffers-spent" };
  if (t.surroundings.downLimiter.available(t.now) <= 0) return { reason: "rate-limited" };
  return { reason: "downloading" };
}

function noPeersKnown(t: TorrentState): Explanation {
  const trackers = t.announcer.snapshot();
  const failing = trackers.filter(({ lastError }) => lastError !== undefined);
  return {
    reason: "no-peers-known",
    trackerCount: trackers.length,
    failingTrackerCount: failing.length,
  };
}
