import type { Bitfield, BtError, Endpoint } from "@bt/primitives";
import type { AnnounceResponse, TrackerError } from "@bt/tracker";
import type { ExtensionHandshake } from "@bt/wire";
import type { PeerSource } from "../policy/dial-order.ts";
import type { Peer } from "./peer.ts";
import type { PeerRecord } from "./peer-book.ts";
import type { FilePriority } from "./file-priority.ts";

/**
 * Everything that can happen to a torrent. A torrent changes only by being handed one of these (`TorrentCore.handle`);
 * only block payloads and block requests take the short way beside it, as method calls without an object.
 */
export type Fact =
  // commands
  | { readonly type: "started"; readonly have: Bitfield; readonly paused: boolean }
  | { readonly type: "check-begun" }
  | { readonly type: "check-failed"; readonly error: BtError }
  | { readonly type: "files-selected"; readonly priorities: ReadonlyMap<number, FilePriority> }
  | { readonly type: "paused" }
  | { readonly type: "resumed" }
  | { readonly type: "closing" }
  | { readonly type: "time-passed" }
  // finding peers
  | {
      readonly type: "peers-found";
      readonly endpoints: readonly Endpoint[];
      readonly source: PeerSource;
      /** In which of a hybrid torrent's swarms; the first when absent. */
      readonly hashIndex?: number;
    }
  | { readonly type: "tracker-answered"; readonly taskId: number; readonly response: AnnounceResponse }
  | { readonly type: "tracker-failed"; readonly taskId: number; readonly error: TrackerError }
  // connections
  | { readonly type: "dial-failed"; readonly record: PeerRecord }
  | { readonly type: "peer-joined"; readonly peer: Peer }
  | { readonly type: "peer-left"; readonly peer: Peer; readonly misbehaved: boolean }
  // messages
  | { readonly type: "choke"; readonly peer: Peer }
  | { readonly type: "unchoke"; readonly peer: Peer }
  | { readonly type: "interested"; readonly peer: Peer }
  | { readonly type: "not-interested"; readonly peer: Peer }
  | { readonly type: "have"; readonly peer: Peer; readonly piece: number }
  | { readonly type: "bitfield"; readonly peer: Peer; readonly field: Bitfield }
  | { readonly type: "have-all"; readonly peer: Peer }
  | { readonly type: "allowed-fast"; readonly peer: Peer; readonly piece: number }
  | {
      readonly type: "reject";
      readonly peer: Peer;
      readonly piece: number;
      readonly offset: number;
      readonly length: number;
    }
  | {
      readonly type: "cancel";
      readonly peer: Peer;
      readonly piece: number;
      readonly offset: number;
      readonly length: number;
    }
  | { readonly type: "extension-handshake"; readonly peer: Peer; readonly handshake: ExtensionHandshake }
  // the disk
  | { readonly type: "piece-verdict"; readonly piece: number; readonly matches: boolean }
  | { readonly type: "good-blocks-known"; readonly piece: number; readonly digests: readonly string[] }
  | { readonly type: "disk-failed"; readonly error: BtError; readonly piece?: number }
  | { readonly type: "buffers-freed" };
