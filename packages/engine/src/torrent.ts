import type { Metainfo } from "@bt/metainfo";
import { formatHex, type BtError, type Endpoint } from "@bt/primitives";
import type { TorrentCore } from "./core/torrent-core.ts";
import type { TorrentState, TorrentStatus } from "./core/torrent-state.ts";
import { Emitter } from "./emitter.ts";
import { asBtError, EngineError } from "./errors.ts";
import { explainTorrent, type Explanation } from "./explain.ts";
import type { TorrentDisk } from "./ports.ts";
import { snapshotTorrent, type TorrentSnapshot } from "./snapshot.ts";

/** What a torrent tells its listeners. */
export interface TorrentEvents {
  /** The data that was there has been checked; so many pieces are right. */
  checked: [haveCount: number];
  /** A piece was verified and written. */
  piece: [pieceIndex: number];
  /** All pieces of a file are there. */
  file: [fileIndex: number];
  /** Everything is there. */
  done: [];
  /** Something went wrong that the torrent lives with, e.g. a tracker that does not answer. */
  warning: [error: BtError];
  /** The torrent has stopped; `resume` tries again. */
  error: [error: BtError];
  state: [state: TorrentStatus];
}

/** A promise that others settle. Never counts as unhandled: who does not await it hears of errors by event. */
class Deferred {
  readonly promise: Promise<void>;
  resolve!: () => void;
  reject!: (error: unknown) => void;

  constructor() {
    this.promise = new Promise<void>((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.promise.catch(() => undefined);
  }
}

/** One torrent of a session, as its user sees it. */
export class Torrent {
  readonly metainfo: Metainfo;
  /** v1 info-hash, lower-case hex. */
  readonly infoHash: string;
  readonly #events = new Emitter<TorrentEvents>();
  readonly #ready = new Deferred();
  #done = new Deferred();
  #hasFailed = false;
  readonly #abort = new AbortController();
  readonly #disk: TorrentDisk;
  readonly #keepJournal: boolean;
  /** Pieces that each file still lacks. */
  #missingPerFile: Int32Array = new Int32Array(0);
  #core: TorrentCore | undefined;
  #checkedFraction = 0;
  #closing: Promise<void> | undefined;
  #startPaused: boolean;
  readonly #onRemoved: () => void;

  /** Made by `Session.add`. */
  constructor(init: {
    metainfo: Metainfo;
    disk: TorrentDisk;
    keepJournal: boolean;
    paused: boolean;
    onRemoved: () => void;
  }) {
    this.metainfo = init.metainfo;
    this.infoHash = formatHex(init.metainfo.infoHash ?? new Uint8Array());
    this.#disk = init.disk;
    this.#keepJournal = init.keepJournal;
    this.#startPaused = init.paused;
    this.#onRemoved = init.onRemoved;
  }

  get name(): string {
    return this.metainfo.name;
  }

  /** Resolves when the data that was there has been checked and the torrent is under way. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Resolves when every piece is verified and written; rejects when the torrent stops with an error or is closed before. `resume` makes it anew. */
  get done(): Promise<void> {
    return this.#done.promise;
  }

  get state(): TorrentStatus {
    return this.#coreState.status;
  }

  on<Event extends keyof TorrentEvents>(
    event: Event,
    listener: (...args: TorrentEvents[Event]) => void,
  ): () => void {
    return this.#events.on(event, listener);
  }

  /** All that a display needs, as of now. */
  snapshot(): TorrentSnapshot {
    return snapshotTorrent(this.#coreState, this.#checkedFraction);
  }

  /** Why nothing moves, if nothing moves. */
  explain(): Explanation {
    return explainTorrent(this.#coreState);
  }

  addPeer(endpoint: Endpoint): void {
    this.#core?.handle({ type: "peers-found", endpoints: [endpoint], source: "user" });
  }

  /** A tracker in a tier of its own, behind all others. */
  addTracker(url: string): void {
    const state = this.#coreState;
    state.announcer.addTracker(url);
    this.#core?.wake();
  }

  /** Really stops: no peers, no announces, nothing sent or taken. */
  pause(): void {
    this.#startPaused = true;
    this.#core?.handle({ type: "paused" });
  }

  /** Goes on after `pause` or an error. */
  resume(): void {
    this.#startPaused = false;
    // After an error there is something new to wait for.
    if (this.#hasFailed) this.#done = new Deferred();
    this.#hasFailed = false;
    this.#core?.handle({ type: "resumed" });
  }

  /** Takes the torrent out of its session; its files stay. */
  async remove(): Promise<void> {
    await this.close(0);
    this.#onRemoved();
  }

  get #coreState(): TorrentState {
    if (this.#core === undefined) throw new EngineError("ENGINE_CLOSED", "the torrent has not been started");
    return this.#core.state;
  }

  // For the session.

  /** The reports of the core, to be given to its state. */
  readonly reports = {
    piece: (piece: number): void => {
      this.#events.emit("piece", piece);
      this.#countFiles(piece);
    },
    done: (): void => {
      this.#done.resolve();
      this.#events.emit("done");
    },
    warning: (error: BtError): void => this.#events.emit("warning", error),
    failed: (error: BtError): void => {
      this.#hasFailed = true;
      this.#done.reject(error);
      this.#events.emit("error", error);
    },
    status: (status: TorrentStatus): void => this.#events.emit("state", status),
  };

  /** Checks what is there, then starts. */
  async run(core: TorrentCore, recheck: "auto" | "all"): Promise<void> {
    this.#core = core;
    try {
      const have = await this.#disk.open({
        recheck,
        signal: this.#abort.signal,
        onProgress: (checked, total) => {
          this.#checkedFraction = total === 0 ? 1 : checked / total;
        },
      });
      if (this.#abort.signal.aborted) return;
      this.#checkedFraction = 1;
      this.#startCountingFiles(have);
      this.#events.emit("checked", have.count);
      core.handle({ type: "started", have });
      if (this.#startPaused) core.handle({ type: "paused" });
      this.#ready.resolve();
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      this.#ready.reject(error);
      core.handle({ type: "disk-failed", error: asBtError(error) });
    }
  }

  /** Tells the trackers and leaves the peers, waits at most `timeoutMs` for the trackers, closes the files. */
  close(timeoutMs: number): Promise<void> {
    return (this.#closing ??= this.#close(timeoutMs));
  }

  async #close(timeoutMs: number): Promise<void> {
    this.#abort.abort();
    const error = new EngineError("ENGINE_CLOSED", "the torrent was closed");
    this.#ready.reject(error);
    this.#done.reject(error);
    const core = this.#core;
    if (core === undefined) return;
    const { state } = core;
    const until = state.now + timeoutMs;
    const { surroundings } = state;
    await this.#waitWhile(
      () => surroundings.isTellingCompleted(),
      Math.min(until, state.now + COMPLETED_GRACE_MS),
    );
    core.handle({ type: "closing" });
    await this.#waitWhile(() => !state.announcer.isStopped || state.committingCount > 0, until);
    const complete = state.picker.isComplete && state.picker.have.isFull;
    state.setStatus("closed");
    core.wake();
    await this.#disk.close();
    if (complete && !this.#keepJournal) await this.#disk.removeJournal();
    this.#events.clear();
  }

  async #waitWhile(condition: () => boolean, until: number): Promise<void> {
    const { clock } = this.#coreState.surroundings;
    while (condition() && clock.now() < until)
      await new Promise<void>((resolve) => clock.callAt(clock.now() + CLOSE_POLL_MS, resolve));
  }

  #startCountingFiles(have: { has(piece: number): boolean }): void {
    const { layout } = this.metainfo;
    this.#missingPerFile = new Int32Array(layout.files.length);
    for (let piece = 0; piece < layout.pieces.pieceCount; piece++)
      if (!have.has(piece))
        for (const fileIndex of filesOf(this.metainfo, piece)) this.#missingPerFile[fileIndex]!++;
  }

  #countFiles(piece: number): void {
    for (const fileIndex of filesOf(this.metainfo, piece))
      if (--this.#missingPerFile[fileIndex]! === 0) this.#events.emit("file", fileIndex);
  }
}

/** While closing waits for trackers and writes, how often it looks, ms. Short, since a user waits for it. */
const CLOSE_POLL_MS = 5;
/** How long a tracker may take to hear "completed" before it hears "stopped", ms. */
const COMPLETED_GRACE_MS = 1_000;

/** Files with bytes in the piece, pad files left out. */
function* filesOf(metainfo: Metainfo, piece: number): IterableIterator<number> {
  for (const span of metainfo.layout.spansOf(
    metainfo.layout.pieces.offsetOf(piece),
    metainfo.layout.pieces.pieceLengthAt(piece),
  ))
    if (!metainfo.files[span.fileIndex]!.pad) yield span.fileIndex;
}
