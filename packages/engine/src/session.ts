import { parseTorrent, type Metainfo } from "@bt/metainfo";
import { BlockBatch } from "@bt/piece-picker";
import { concatBytes, formatHex, type Endpoint } from "@bt/primitives";
import { AnnounceCalls } from "./announce-calls.ts";
import { PEER_ID_PREFIX } from "./client-name.ts";
import { Connection, type ConnectionHost } from "./connection.ts";
import { DEFAULT_FRAME_COUNT, FramePool } from "./core/frame-pool.ts";
import type { PeerRecord } from "./core/peer-book.ts";
import { RateLimiter } from "./core/rate-limiter.ts";
import { swarmHashes } from "./core/swarm-hashes.ts";
import { TorrentCore } from "./core/torrent-core.ts";
import { TorrentState, type TorrentSurroundings } from "./core/torrent-state.ts";
import { UploadScheduler } from "./core/upload-scheduler.ts";
import { WakeQueue } from "./core/wake-queue.ts";
import { EngineError } from "./errors.ts";
import {
  DEFAULT_TORRENT_LIMITS,
  DEFAULT_TORRENT_POLICIES,
  type TorrentLimits,
  type TorrentPolicies,
} from "./options.ts";
import type { EnginePorts, Listener, StreamHandler, Stream } from "./ports.ts";
import { checkPriorities, type FilePriority } from "./core/file-priority.ts";
import { Torrent } from "./torrent.ts";
import type { Fact } from "./core/facts.ts";

export interface SessionOptions {
  readonly ports: EnginePorts;
  /** Where to listen; 0 for any free port. */
  readonly port?: number;
  /** Bytes per second over all torrents; `Infinity` (default) for no limit. */
  readonly maxUploadRate?: number;
  readonly maxDownloadRate?: number;
  /** Connections over all torrents, default 200 (libtorrent connections_limit). */
  readonly maxPeers?: number;
  /** Buffers of half a MiB from which peers are served, default `DEFAULT_FRAME_COUNT`; at least 1. */
  readonly frameCount?: number;
  readonly limits?: Partial<TorrentLimits>;
  readonly policies?: Partial<TorrentPolicies>;
  /** Hears every fact of every torrent: a log that can be compared or replayed. */
  readonly onFact?: (infoHash: string, fact: Fact) => void;
}

export interface AddTorrentOptions {
  /** The folder that the torrent's file or folder lies in. */
  readonly root: string;
  /** Tiers of trackers besides those of the torrent. */
  readonly trackers?: readonly (readonly string[])[];
  /** False: no tracker is asked, not even those of the torrent. */
  readonly useTrackers?: boolean;
  /** Dialled at once, besides what trackers name. */
  readonly peers?: readonly Endpoint[];
  /** False: the journal is ignored and everything that is there is hashed. */
  readonly resume?: boolean;
  /** True: data was here before. When nothing is left of it, its disk is not mounted, and the torrent stops with NOT_FOUND. */
  readonly expectData?: boolean;
  /** True: the journal stays when the complete torrent is closed, so that the next start need not hash. */
  readonly keepJournal?: boolean;
  readonly paused?: boolean;
  /** How much files are wanted, by index: 0 not at all, 1 to 7; the others have 4. */
  readonly filePriorities?: ReadonlyMap<number, FilePriority>;
}

/** How long an incoming connection may take for its handshake, ms (libtorrent handshake_timeout 10 s). */
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** How long a dial and its handshake may take, ms (libtorrent: 15 s to connect, 10 s more for the handshake). */
const DIAL_TIMEOUT_MS = 25_000;
/** Incoming connections that have not said what they want (reliability: slow handshakes). */
const MAXIMUM_STRANGERS = 100;
/** How long `close` waits for trackers and writes, ms. */
const CLOSE_TIMEOUT_MS = 3_000;

/** Starts a session on the given ports: listens, and takes torrents. */
export async function createSession(options: SessionOptions): Promise<Session> {
  const session = new Session(options);
  await session.listen(options.port ?? 0);
  return session;
}

/** A BitTorrent client: one identity, one listening port, shared limits, any number of torrents. */
export class Session implements ConnectionHost {
  readonly clock: EnginePorts["clock"];
  readonly peerId: Uint8Array;
  readonly #ports: EnginePorts;
  readonly #limits: TorrentLimits;
  readonly #policies: TorrentPolicies;
  readonly #maxPeers: number;
  readonly #onFact: SessionOptions["onFact"];
  readonly #wakes: WakeQueue;
  readonly #downLimiter: RateLimiter;
  readonly #upLimiter: RateLimiter;
  readonly #uploads: UploadScheduler;
  readonly #torrents = new Map<string, { torrent: Torrent; core: TorrentCore }>();
  /** By each info-hash that a peer may name, cut to 20 bytes. */
  readonly #coreByHash = new Map<string, TorrentCore>();
  readonly #connections = new Set<Connection>();
  readonly #handshakes: { wake(): void; readonly pending: Set<Connection> };
  /** Of those pending, the ones that have come to us. */
  #strangerCount = 0;
  readonly #allowance: { wake(): void };
  #listener: Listener | undefined;
  #closing: Promise<void> | undefined;
  readonly #buffers = { areSpent: false };
  readonly #batch: BlockBatch;

  constructor(options: SessionOptions) {
    this.#ports = options.ports;
    this.clock = options.ports.clock;
    this.#limits = { ...DEFAULT_TORRENT_LIMITS, ...options.limits };
    this.#policies = { ...DEFAULT_TORRENT_POLICIES, ...options.policies };
    this.#batch = new BlockBatch(this.#limits.requestDepth.maximumDepth);
    this.#maxPeers = options.maxPeers ?? 200;
    this.#onFact = options.onFact;
    const prefix = Uint8Array.from(PEER_ID_PREFIX, (letter) => letter.charCodeAt(0));
    this.peerId = concatBytes(prefix, options.ports.random.bytes(20 - prefix.length));
    this.#wakes = new WakeQueue(this.clock);
    this.#downLimiter = new RateLimiter(checkedRate(options.maxDownloadRate));
    this.#upLimiter = new RateLimiter(checkedRate(options.maxUploadRate));
    const frames = new FramePool(options.frameCount ?? DEFAULT_FRAME_COUNT);
    this.#uploads = new UploadScheduler(this.clock, this.#upLimiter, this.#wakes, frames);
    this.#handshakes = { pending: new Set(), wake: () => this.#dropSlowHandshakes() };
    this.#allowance = { wake: () => this.#wakeTorrents() };
  }

  /** The port that peers reach us at; 0 before `listen`, and when nobody can, as through a proxy. */
  get port(): number {
    return this.#listener?.port ?? 0;
  }

  get torrents(): readonly Torrent[] {
    return [...this.#torrents.values()].map(({ torrent }) => torrent);
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Throws `EngineError` when the port cannot be had. */
  async listen(port: number): Promise<void> {
    try {
      this.#listener = await this.#ports.transport.listen(port, (stream) => this.#accept(stream));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new EngineError(
        "ENGINE_LISTEN_FAILED",
        `cannot listen on port ${port}: ${why}`,
        { port },
        { cause: error },
      );
    }
  }

  /**
   * Takes a torrent, as a model or as the bytes of its file, checks what is there and starts.
   *
   * @throws MetainfoError when the bytes are no torrent, EngineError when it is here already or has no v1 hashes.
   */
  add(source: Metainfo | Uint8Array, options: AddTorrentOptions): Torrent {
    if (this.#closing !== undefined) throw new EngineError("ENGINE_CLOSED", "the session is closed");
    const metainfo = source instanceof Uint8Array ? parseTorrent(source) : source;
    if (metainfo.infoHash === undefined)
      throw new EngineError(
        "ENGINE_UNSUPPORTED_TORRENT",
        `"${metainfo.name}" is a v2-only torrent, which is not supported yet`,
      );
    const key = formatHex(metainfo.infoHash);
    const names = swarmHashes(metainfo).map(formatHex);
    if (names.some((name) => this.#coreByHash.has(name)))
      throw new EngineError("ENGINE_DUPLICATE_TORRENT", `"${metainfo.name}" is in this session already`, {
        infoHash: key,
      });
    checkPriorities(options.filePriorities ?? new Map(), metainfo.files.length);
    const disk = this.#ports.disk.openTorrent(metainfo, options.root);
    const torrent = new Torrent({
      metainfo,
      disk,
      root: options.root,
      expectData: options.expectData ?? false,
      keepJournal: options.keepJournal ?? false,
      paused: options.paused ?? false,
      onRemoved: () => {
        this.#torrents.delete(key);
        for (const name of names) this.#coreByHash.delete(name);
      },
    });
    const trackers = options.useTrackers === false ? [] : [...metainfo.trackers, ...(options.trackers ?? [])];
    const surroundings = this.#surroundings(() => core);
    const state = new TorrentState({
      metainfo,
      trackers: trackers.map((tier) => [...tier]),
      disk,
      surroundings,
      reports: torrent.reports,
      limits: this.#limits,
      policies: this.#policies,
    });
    const onFact = this.#onFact;
    const core = new TorrentCore(state, this.#wakes, onFact && ((fact) => onFact(key, fact)));
    if (options.filePriorities !== undefined)
      core.handle({ type: "files-selected", priorities: options.filePriorities });
    for (const endpoint of options.peers ?? []) state.book.note(endpoint, "user", true);
    this.#torrents.set(key, { torrent, core });
    for (const name of names) this.#coreByHash.set(name, core);
    void torrent.run(core, options.resume === false ? "all" : "auto");
    return torrent;
  }

  /** Bytes per second; at once. */
  setRates(rates: { maxUploadRate?: number; maxDownloadRate?: number }): void {
    const now = this.clock.now();
    if (rates.maxUploadRate !== undefined) this.#upLimiter.setRate(checkedRate(rates.maxUploadRate), now);
    if (rates.maxDownloadRate !== undefined)
      this.#downLimiter.setRate(checkedRate(rates.maxDownloadRate), now);
    this.#uploads.wake();
    this.#wakeTorrents();
  }

  /** Tells the trackers, leaves the peers, saves what is known; waits at most `timeoutMs` (3 s) for the outside. */
  close(options: { timeoutMs?: number } = {}): Promise<void> {
    return (this.#closing ??= this.#close(options.timeoutMs ?? CLOSE_TIMEOUT_MS));
  }

  async #close(timeoutMs: number): Promise<void> {
    this.#listener?.close();
    const ends = [...this.#torrents.values()].map(({ torrent }) => torrent.close(timeoutMs));
    const results = await Promise.allSettled(ends);
    for (const connection of this.#connections) connection.close("the session is closed");
    this.#ports.tracker.close();
    this.#wakes.close();
    await this.#ports.disk.close();
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }

  // ConnectionHost

  torrentFor(infoHash: Uint8Array): TorrentCore | undefined {
    const core = this.#coreByHash.get(formatHex(infoHash));
    if (core === undefined || !core.state.isActive) return undefined;
    return core.state.peers.size < this.#limits.maximumPeers ? core : undefined;
  }

  joined(connection: Connection): void {
    if (this.#handshakes.pending.delete(connection) && !connection.wasDialled) this.#strangerCount--;
  }

  closed(connection: Connection): void {
    this.#connections.delete(connection);
    this.joined(connection);
  }

  #accept(stream: Stream): StreamHandler {
    const connection = new Connection(this);
    connection.attach(stream);
    this.#connections.add(connection);
    this.#await(connection);
    this.#strangerCount++;
    if (
      this.#connections.size > this.#maxPeers ||
      this.#strangerCount > MAXIMUM_STRANGERS ||
      this.#closing !== undefined
    )
      connection.close("there is no room");
    return connection;
  }

  #dial(core: TorrentCore, record: PeerRecord): void {
    const connection = new Connection(this, { torrent: core, record });
    this.#connections.add(connection);
    this.#await(connection);
    connection.attach(this.#ports.transport.dial(record.endpoint, connection));
  }

  #await(connection: Connection): void {
    this.#handshakes.pending.add(connection);
    if (this.#handshakes.pending.size === 1)
      this.#wakes.set(this.#handshakes, this.clock.now() + HANDSHAKE_TIMEOUT_MS);
  }

  #dropSlowHandshakes(): void {
    const now = this.clock.now();
    for (const connection of this.#handshakes.pending) {
      const timeoutMs = connection.wasDialled ? DIAL_TIMEOUT_MS : HANDSHAKE_TIMEOUT_MS;
      if (now - connection.openedAt >= timeoutMs) connection.close("took too long to say hello");
    }
    if (this.#handshakes.pending.size > 0) this.#wakes.set(this.#handshakes, now + HANDSHAKE_TIMEOUT_MS / 4);
  }

  #surroundings(core: () => TorrentCore): TorrentSurroundings {
    const calls = new AnnounceCalls(this.#ports.tracker, this.peerId, () => this.port);
    return {
      clock: this.clock,
      random: this.#ports.random,
      peerId: this.peerId,
      batch: this.#batch,
      listenPort: () => this.port,
      downLimiter: this.#downLimiter,
      hasRoomForPeer: () => this.#connections.size < this.#maxPeers,
      dial: (record) => this.#dial(core(), record),
      announce: (task) => void calls.announce(core(), task),
      abortAnnounce: (taskId) => calls.abort(taskId),
      isTellingCompleted: () => calls.isTellingCompleted,
      serve: (peer) => this.#uploads.add(core().state, peer),
      buffers: this.#buffers,
      bufferFreed: () => this.#bufferFreed(core()),
      awaitAllowance: () => this.#wakes.set(this.#allowance, this.#downLimiter.nextAt(this.clock.now())),
    };
  }

  #bufferFreed(by: TorrentCore): void {
    if (!this.#buffers.areSpent) return;
    this.#buffers.areSpent = false;
    for (const { core } of this.#torrents.values())
      if (core !== by && core.state.idle.size > 0) core.handle({ type: "buffers-freed" });
  }

  #wakeTorrents(): void {
    for (const { core } of this.#torrents.values())
      if (core.state.idle.size > 0) core.handle({ type: "buffers-freed" });
  }
}

function checkedRate(rate: number | undefined): number {
  if (rate === undefined) return Infinity;
  if (!(rate > 0)) throw new RangeError(`rate of ${rate} bytes per second`);
  return rate;
}
