import type { Metainfo } from "@bt/metainfo";
import { NORMAL_PRIORITY, PiecePicker, type BlockBatch } from "@bt/piece-picker";
import type { BtError, PieceLayout } from "@bt/primitives";
import { Announcer, type AnnounceTask } from "@bt/tracker";
import type { TorrentLimits, TorrentPolicies } from "../options.ts";
import type { Clock, PieceSink, Random, TorrentDisk } from "../ports.ts";
import type { Fact } from "./facts.ts";
import type { Peer } from "./peer.ts";
import { PeerBook, type PeerRecord } from "./peer-book.ts";
import type { RateLimiter } from "./rate-limiter.ts";
import { RateMeter } from "./rate-meter.ts";
import { swarmHashes } from "./swarm-hashes.ts";

export type TorrentStatus = "checking" | "downloading" | "seeding" | "paused" | "error" | "closed";

/** A piece while its blocks come in. */
export interface OpenPiece {
  readonly sink: PieceSink;
  /** By block. */
  readonly senders: PeerRecord[];
}

/** A version of a piece that failed its hash. Both by block. */
export interface Suspicion {
  readonly senders: readonly PeerRecord[];
  readonly digests: readonly string[];
}

/** What a torrent reports to whoever watches it. */
export interface TorrentReports {
  piece(piece: number): void;
  done(): void;
  warning(error: BtError): void;
  failed(error: BtError): void;
  status(status: TorrentStatus): void;
}

/** What a torrent shares with the others of its session, and what it may cause there. */
export interface TorrentSurroundings {
  readonly clock: Clock;
  readonly random: Random;
  readonly peerId: Uint8Array;
  /** What a pick finds, from its beginning to the requests that follow: one for all torrents. */
  readonly batch: BlockBatch;
  listenPort(): number;
  readonly downLimiter: RateLimiter;
  /** Whether one more connection may be opened or kept. */
  hasRoomForPeer(): boolean;
  /** Answered by `peer-joined` or `dial-failed`. */
  dial(record: PeerRecord): void;
  /** Answered by `tracker-answered` or `tracker-failed`. */
  announce(task: AnnounceTask): void;
  /** Ends an announce that is under way; it is answered by `tracker-failed`, which nobody waits for. */
  abortAnnounce(taskId: number): void;
  /** A tracker is being told that the download is complete; worth a moment's wait before the farewell. */
  isTellingCompleted(): boolean;
  /** Puts the peer into the line of the upload scheduler. */
  serve(peer: Peer): void;
  /** The piece buffers of the session are all in use: nobody opens a piece until a `buffers-freed` fact. */
  readonly buffers: { areSpent: boolean };
  /** One went back: those who wait are told. */
  bufferFreed(): void;
  /** The download allowance is used up: a `time-passed` fact comes when there is more. */
  awaitAllowance(): void;
}

/** Everything one torrent knows. Changed only below `TorrentCore.handle` and the block methods beside it. */
export class TorrentState {
  readonly metainfo: Metainfo;
  readonly layout: PieceLayout;
  readonly surroundings: TorrentSurroundings;
  readonly reports: TorrentReports;
  readonly limits: TorrentLimits;
  readonly policies: TorrentPolicies;
  readonly disk: TorrentDisk;
  readonly picker: PiecePicker;
  readonly announcer: Announcer;
  readonly book: PeerBook = new PeerBook();
  readonly peers: Set<Peer> = new Set();
  readonly peersBySlot: (Peer | undefined)[] = [];
  readonly dialling: Set<PeerRecord> = new Set();
  /** Open pieces: where their bytes go and who sent which block. */
  readonly sinks: Map<number, OpenPiece> = new Map();
  /** Pieces that failed with several senders: what each had sent, until the good piece shows who lied. */
  readonly suspicions: Map<number, Suspicion[]> = new Map();
  /** Peers that could send more than they are asked for: no buffer, no allowance, or nothing to ask. */
  readonly idle: Set<Peer> = new Set();
  readonly batch: BlockBatch;
  readonly down: RateMeter = new RateMeter();
  readonly up: RateMeter = new RateMeter();
  wastedLength = 0;
  /** By file. */
  readonly filePriorities: Uint8Array;
  /** Bytes of the pieces that are wanted, and of those that are had of them. */
  wantedLength = 0;
  wantedVerifiedLength = 0;
  committingCount = 0;
  status: TorrentStatus = "checking";
  error: BtError | undefined;
  /** Two peers may be sending the same block: set for good by the first endgame, timeout or choke. */
  blocksMayOverlap = false;
  nextChokeAt: number = Infinity;
  nextSweepAt: number = Infinity;
  nextDialAt: number = Infinity;
  /** Facts that come later, from promises and timers, enter here. */
  handleLater: (fact: Fact) => void = () => undefined;

  constructor(init: {
    metainfo: Metainfo;
    trackers: string[][];
    disk: TorrentDisk;
    surroundings: TorrentSurroundings;
    reports: TorrentReports;
    limits: TorrentLimits;
    policies: TorrentPolicies;
  }) {
    this.metainfo = init.metainfo;
    this.layout = init.metainfo.layout.pieces;
    this.wantedLength = this.layout.totalLength;
    this.filePriorities = new Uint8Array(init.metainfo.files.length).fill(NORMAL_PRIORITY);
    this.disk = init.disk;
    this.surroundings = init.surroundings;
    this.reports = init.reports;
    this.limits = init.limits;
    this.policies = init.policies;
    const random = (): number => init.surroundings.random.fraction();
    this.picker = new PiecePicker(this.layout, random, { onDropped: (piece) => this.#pieceDropped(piece) });
    this.announcer = new Announcer(
      {
        tiers: init.trackers,
        random,
        hashCount: swarmHashes(init.metainfo).length,
        isPrivate: init.metainfo.private,
      },
      init.limits.announcer,
    );
    this.batch = init.surroundings.batch;
  }

  get isActive(): boolean {
    return this.status === "downloading" || this.status === "seeding";
  }

  get now(): number {
    return this.surroundings.clock.now();
  }

  /** Bytes that are verified and on disk. */
  get verifiedLength(): number {
    const { have } = this.picker;
    const { pieceCount, pieceLength, totalLength } = this.layout;
    if (pieceCount === 0) return 0;
    const lastIsHad = have.has(pieceCount - 1);
    return lastIsHad
      ? (have.count - 1) * pieceLength + totalLength - (pieceCount - 1) * pieceLength
      : have.count * pieceLength;
  }

  /** Forgets the buffer of an open piece: who is sending into it this moment is not listened to. */
  dropSink(piece: number): PieceSink | undefined {
    const open = this.sinks.get(piece);
    if (open === undefined) return undefined;
    this.sinks.delete(piece);
    for (const peer of this.peers) if (peer.sink === open.sink) peer.sink = undefined;
    return open.sink;
  }

  /** The picker gave an open piece up by itself, e.g. because the only peer it was to come from has left. */
  #pieceDropped(piece: number): void {
    const sink = this.dropSink(piece);
    if (sink === undefined) return;
    this.disk.discard(sink);
    this.surroundings.buffers.areSpent = false;
  }

  setStatus(status: TorrentStatus): void {
    if (this.status === status) return;
    this.status = status;
    this.reports.status(status);
  }
}
