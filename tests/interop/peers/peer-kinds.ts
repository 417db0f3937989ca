import { aria2 } from "./aria2.ts";
import { libtorrent } from "./libtorrent.ts";
import type { PeerKind } from "./peer.ts";
import { qbittorrent } from "./qbittorrent.ts";
import { rtorrent } from "./rtorrent.ts";
import { transmission } from "./transmission.ts";

/** The clients of other people that bt is tested with. */
export const peerKinds: readonly PeerKind[] = [aria2, libtorrent, qbittorrent, rtorrent, transmission];
