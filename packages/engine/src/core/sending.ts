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
}
