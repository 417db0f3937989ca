import type { Endpoint } from "@bt/primitives";
import type { PieceSink } from "../ports.ts";
import { DEFAULT_REQUEST_DEPTH_RULES } from "../policy/request-depth.ts";
import type { PeerRecord } from "./peer-book.ts";
import { RateMeter } from "./rate-meter.ts";
import { RequestWindow } from "./request-window.ts";
import { UploadQueue } from "./upload-queue.ts";

/** What a torrent may do with a connection. */
export interface PeerLink {
  /** Queues one or more whole messages. The bytes must not change until `onWritten`. */
  send(messages: Uint8Array, onWritten?: () => void): void;
  /** Bytes that were queued and that the system has not taken. */
  readonly unsentLength: number;
  /** Ends the connection; the torrent hears of it as a `peer-left` fact, not from within this call. */
  close(reason: string): void;
}

/** Entries of the request window: our deepest queue and as many late ones. A power of two. */
const WINDOW_CAPACITY = 1024;

/** All that a torrent knows of one connected peer. Data only: what happens with it is in the files beside. */
export class Peer {
  readonly link: PeerLink;
  readonly endpoint: Endpoint;
  readonly record: PeerRecord;
  readonly outgoing: boolean;
  readonly id: Uint8Array;
  readonly joinedAt: number;
  /** Both sides speak the fast extension (BEP 6). */
  readonly fast: boolean;
  readonly extensionProtocol: boolean;
  /** Its place in the piece picker. */
  slot = -1;
  gone = false;
  client: string | undefined;

  // The four flags of BEP 3.
  amChoking = true;
  amInterested = false;
  peerChoking = true;
  peerInterested = false;

  // Its download to us.
  readonly requests: RequestWindow = new RequestWindow(WINDOW_CAPACITY);
  requestDepth: number = DEFAULT_REQUEST_DEPTH_RULES.startDepth;
  slowStart = true;
  /** At the last look at its queue; NaN before the first. */
  previousRate: number = NaN;
  /** `reqq` of its extension handshake. */
  requestLimit: number = DEFAULT_REQUEST_DEPTH_RULES.maximumDepth;
  snubbed = false;
  /** Pieces it lets us have while it chokes us (BEP 6 "allowed fast"). */
  allowedFast: number[] = [];
  readonly down: RateMeter = new RateMeter();
  /** Since when an answer has been due: the last block, or the first request after a pause. */
  awaitingSince: number;
  /** Between two chunks with blocks; NaN while there was none. */
  gapMeanMs: number = NaN;
  gapDeviationMs: number = NaN;
  unrequestedLength = 0;
  // The block that is coming in now; without a sink its bytes are dropped.
  sink: PieceSink | undefined;
  receivingPiece = -1;
  receivingBlock = -1;

  // Our upload to it.
  readonly uploads: UploadQueue = new UploadQueue();
  /** Batches that are being read or written. */
  uploadBatches = 0;
  /** Stands in the line of the upload scheduler. */
  uploadQueued = false;
  readonly up: RateMeter = new RateMeter();
  optimistic = false;
  unchokedAt: number = -Infinity;
  sentAtUnchoke = 0;
  badRequestCount = 0;

  lastSentAt: number;
  lastReceivedAt: number;

  constructor(init: {
    link: PeerLink;
    endpoint: Endpoint;
    record: PeerRecord;
    outgoing: boolean;
    id: Uint8Array;
    fast: boolean;
    extensionProtocol: boolean;
    now: number;
  }) {
    this.link = init.link;
    this.endpoint = init.endpoint;
    this.record = init.record;
    this.outgoing = init.outgoing;
    this.id = init.id;
    this.fast = init.fast;
    this.extensionProtocol = init.extensionProtocol;
    this.joinedAt = this.awaitingSince = this.lastSentAt = this.lastReceivedAt = init.now;
  }
}
