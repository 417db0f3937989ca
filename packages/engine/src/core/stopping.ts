import type { TorrentState } from "./torrent-state.ts";

/** Leaves all peers and gives up open pieces. Those that are with the disk already come to their own end. */
export function dropPeersAndPieces(t: TorrentState): void {
  t.idle.clear();
  for (const peer of [...t.peers]) peer.link.close("the torrent has stopped");
  for (const [piece, { sink }] of [...t.sinks]) {
    if (t.picker.isPieceComplete(piece)) continue;
    t.dropSink(piece);
    t.disk.discard(sink);
    t.picker.abandon(piece);
  }
  t.surroundings.bufferFreed();
}
