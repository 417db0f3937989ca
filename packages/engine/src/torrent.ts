import type { Metainfo } from "@bt/metainfo";
import { formatHex, type BtError, type Endpoint } from "@bt/primitives";
import type { TorrentCore } from "./core/torrent-core.ts";
import type { TorrentState, TorrentStatus } from "./core/torrent-state.ts";
import { Deferred } from "./deferred.ts";
import { Emitter } from "./emitter.ts";
import { asBtError, EngineError } from "./errors.ts";
import { explainTorrent, type Explanation } from "./explain.ts";
import type { TorrentDisk } from "./ports.ts";
import { checkPriorities, type FilePriority } from "./core/file-priority.ts";
import { unwantedFiles } from "./core/selecting.ts";
import { TorrentFile } from "./torrent-file.ts";
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

/** One torrent of a session, as its user sees it. */
export class Torrent {
  readonly metainfo: Metainfo;
  /** v1 info-hash, lower-case hex. */
  readonly infoHash: string;
  readonly #events = new Emitter<TorrentEvents>();
  #ready = new Deferred();
  #done = new Deferred();
  readonly #abort = new AbortController();
  readonly #disk: TorrentDisk;
  readonly #expectData: boolean;
  readonly #keepJournal: boolean;
  /** Pieces that each file still lacks. */
  #missingPerFile: Int32Array = new Int32Array(0);
  #core: TorrentCore | undefined;
  #checkedFraction = 0;
  #files: readonly TorrentFile[] | undefined;
  #closing: Promise<void> | undefined;
  #startPaused: boolean;
  #root: string;
  readonly #onRemoved: () => void;

  /** Made by `Session.add`. */
  constructor(init: {
    metainfo: Metainfo;
    disk: TorrentDisk;
    root: string;
    expectData: boolean;
    keepJournal: boolean;
    paused: boolean;
    onRemoved: () => void;
  }) {
    this.metainfo = init.metainfo;
    this.infoHash = formatHex(init.metainfo.infoHash ?? new Uint8Array());
    this.#disk = init.disk;
    this.#expectData = init.expectData;
    this.#keepJournal = init.keepJournal;
    this.#startPaused = init.paused;
    this.#root = init.root;
    this.#onRemoved = init.onRemoved;
  }

  get name(): string {
    return this.metainfo.name;
  }

  /** Resolves when the data that was there has been checked and the torrent is under way. `resume` after an error and `recheck` make it anew. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Resolves when every piece is verified, written and synced; rejects when the torrent stops with an error or is closed before. `resume` after an error and `recheck` make it anew. */
  get done(): Promise<void> {
    return this.#done.promise;
  }

  get state(): TorrentStatus {
    return this.#coreState.status;
  }

  /** 0 to 1 while the data that is there is checked, then 1. */
  get checkedFraction(): number {
    return this.#checkedFraction;
  }

  /** Connected peers. */
  get peerCount(): number {
    return this.#coreState.peers.size;
  }

  /** Payload bytes that came in this session, good or not. */
  get receivedLength(): number {
    return this.#coreState.down.total;
  }

  /** Payload bytes that were sent in this session. */
  get uploadedLength(): number {
    return this.#coreState.up.total;
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

  /** Its files, pad files among them, by index. */
  get files(): readonly TorrentFile[] {
    return (this.#files ??= this.metainfo.files.map(
      (_, index) =>
        new TorrentFile(
          index,
          () => this.#coreState,
          (priorities) => this.selectFiles(priorities),
        ),
    ));
  }

  /**
   * Changes how much files are wanted, by index; those not named stay as they are. The torrent is done when every wanted file is
   * there; if something is missing again, `done` is made anew.
   *
   * @throws RangeError when there is no such file or priority.
   */
  selectFiles(priorities: ReadonlyMap<number, FilePriority>): void {
    checkPriorities(priorities, this.metainfo.files.length);
    const core = this.#core;
    if (core === undefined || this.#abort.signal.aborted) return;
    const wasComplete = core.state.picker.isComplete;
    core.handle({ type: "files-selected", priorities });
    if (wasComplete && !core.state.picker.isComplete && this.#done.isSettled) this.#done = new Deferred();
    // While the data is checked the disk is not asked; `#open` tells it what was wanted in the end.
    if (core.state.status !== "checking") void this.#tellUnwanted(core);
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

  /**
   * Goes on after `pause` or an error. After an error the files are opened anew and looked at: what changed meanwhile is
   * hashed, what is gone is fetched again. If the cause is still there, the torrent stops again with an `error` event.
   */
  resume(): void {
    this.#startPaused = false;
    const core = this.#core;
    if (core?.state.status === "error") void this.#reopen(core, "auto");
    else core?.handle({ type: "resumed" });
  }

  /**
   * Hashes everything that is there, whatever is known of it; peers are left meanwhile, and a paused torrent stays paused.
   * Resolves when the torrent is under way again, rejects when the disk fails. `snapshot().checkedFraction` tells how far it is.
   */
  recheck(): Promise<void> {
    const core = this.#core;
    if (core === undefined || this.#abort.signal.aborted)
      return Promise.reject(new EngineError("ENGINE_CLOSED", "the torrent is not open"));
    const { status } = core.state;
    if (status === "paused") this.#startPaused = true;
    if (status !== "checking") void this.#reopen(core, "all");
    return this.ready;
  }

  /** The download folder. */
  get root(): string {
    return this.#root;
  }

  /**
   * Brings the files into another folder while the torrent runs: by second names, or by copying to another disk. Whatever
   * moment the process dies at, the old place or the new one is complete; `onMoved` is called between, so that it can be
   * remembered which. Not while the data is checked.
   *
   * @throws StorageError FOREIGN_DATA, DISK_FULL …; then the torrent goes on in the old place.
   */
  async move(root: string, onMoved: () => Promise<void> | void = () => {}): Promise<void> {
    await this.ready;
    await this.#disk.move(root, () => {
      this.#root = root;
      return onMoved();
    });
  }

  /**
   * Gives a file or a folder of the torrent another path below the download folder; `pathOf` tells the paths of now.
   *
   * @throws RangeError when no file of the torrent is there, StorageError FOREIGN_DATA when the name is taken.
   */
  async rename(path: readonly string[], newPath: readonly string[]): Promise<void> {
    await this.ready;
    await this.#disk.rename(path, newPath);
  }

  /** Where a file lies below the download folder. */
  pathOf(fileIndex: number): readonly string[] {
    return this.#disk.pathOf(fileIndex);
  }

  /** Takes the torrent out of its session. Its files stay, unless they are to be deleted, with what was saved about them. */
  async remove({ deleteData = false }: { deleteData?: boolean } = {}): Promise<void> {
    await this.close(0).catch((error: unknown) => {
      if (!deleteData) throw error;
    });
    this.#onRemoved();
    if (deleteData) await this.#disk.deleteData();
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
    done: (): void => void this.#reportDone(),
    warning: (error: BtError): void => this.#events.emit("warning", error),
    failed: (error: BtError): void => {
      this.#done.reject(error);
      this.#events.emit("error", error);
    },
    status: (status: TorrentStatus): void => this.#events.emit("state", status),
  };

  async #tellUnwanted(core: TorrentCore): Promise<void> {
    try {
      await this.#disk.setUnwanted(unwantedFiles(core.state));
    } catch (error) {
      if (!this.#abort.signal.aborted) core.handle({ type: "disk-failed", error: asBtError(error) });
    }
  }

  /** Whoever is told that all is there may cut the power: only what is safe is called done. */
  async #reportDone(): Promise<void> {
    const done = this.#done;
    try {
      await this.#disk.flush();
    } catch (error) {
      this.#core?.handle({ type: "disk-failed", error: asBtError(error) });
      return;
    }
    // Meanwhile it may have been closed, or something new may be wanted.
    if (done !== this.#done || done.isSettled || !this.#coreState.picker.isComplete) return;
    done.resolve();
    this.#events.emit("done");
  }

  /** Checks what is there, then starts. */
  run(core: TorrentCore, recheck: "auto" | "all"): Promise<void> {
    this.#core = core;
    return this.#open(core, recheck);
  }

  #reopen(core: TorrentCore, recheck: "auto" | "all"): Promise<void> {
    core.handle({ type: "check-begun" });
    this.#ready = new Deferred();
    // There is something new to wait for.
    if (this.#done.isSettled) this.#done = new Deferred();
    return this.#open(core, recheck);
  }

  async #open(core: TorrentCore, recheck: "auto" | "all"): Promise<void> {
    const { signal } = this.#abort;
    this.#checkedFraction = 0;
    const unwanted = unwantedFiles(core.state);
    try {
      const have = await this.#disk.open({
        recheck,
        expectData: this.#expectData,
        unwanted,
        signal,
        onProgress: (checked, total) => {
          this.#checkedFraction = total === 0 ? 1 : checked / total;
        },
      });
      if (signal.aborted) return;
      this.#checkedFraction = 1;
      this.#startCountingFiles(have);
      this.#events.emit("checked", have.count);
      core.handle({ type: "started", have, paused: this.#startPaused });
      if (!areSame(unwanted, unwantedFiles(core.state))) void this.#tellUnwanted(core);
      this.#ready.resolve();
    } catch (error) {
      if (signal.aborted) return;
      this.#ready.reject(error);
      core.handle({ type: "check-failed", error: asBtError(error) });
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

function areSame(a: ReadonlySet<number>, b: ReadonlySet<number>): boolean {
  return a.size === b.size && [...a].every((index) => b.has(index));
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
