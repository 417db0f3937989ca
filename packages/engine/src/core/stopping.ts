import type { TorrentState } from "./torrent-state.ts";

/** Forgets the buffer of an open piece: who is sending into it this moment is not listened to. */
export function dropSink(t: TorrentState, piece: number): void {
  const open = t.sinks.get(piece);
  if (open === undefined) return;
  t.sinks.delete(piece);
  for (const peer of t.peers) if (peer.sink === open.sink) peer.sink = undefined;
}

/** Leaves all peers and gives up open pieces. Those that are with the disk already come to their own end. */
export function dropPeersAndPieces(t: TorrentState): void {
  t.idle.clear();
  for (const peer of [...t.peers]) peer.link.close("the torrent has stopped");
  for (const [piece, { sink }] of [...t.sinks]) {
    if (t.picker.isPieceComplete(piece)) continue;
    dropSink(t, piece);
    t.disk.discard(sink);
    t.picker.abandon(piece);
  }
  t.surroundings.bufferFreed();
}
