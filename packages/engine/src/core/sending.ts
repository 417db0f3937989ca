import type { Peer } from "./peer.ts";
import type { TorrentState } from "./torrent-state.ts";

/** Every message to a peer goes this way, so that keep-alives know of it. */
export function sendTo(t: TorrentState, peer: Peer, messages: Uint8Array, onWritten?: () => void): void {
  if (peer.gone) {
    onWritten?.();
    return;
  }
  peer.lastSentAt = t.now;
  peer.link.send(messages, onWritten);
  // Who asks and asks and never reads the answers would have us store them.
  if (peer.link.unsentLength > t.limits.maximumUnsentLength) peer.link.close("does not read what we send");
}
