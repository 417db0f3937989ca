import type { Torrent, TorrentSnapshot, TorrentStatus } from "@bt/engine";
import type { BtError } from "@bt/primitives";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { explainError } from "../explain-error.ts";
import { Failure } from "../failure.ts";
import type { ProgressFacts, ProgressRow, TransferView } from "../output/transfer-event.ts";
import { type SeedingGoal, seedUntil } from "./seeding-goal.ts";
import { watchForSilence } from "./silence.ts";

export interface TorrentRunOptions {
  /** What comes after the download: seeding, or nothing. */
  readonly goal: SeedingGoal | undefined;
  /** Give up when nothing arrives for so long. */
  readonly timeoutMs: number | undefined;
  /** All data must be there already: nothing is downloaded, a gap is a failure. */
  readonly seedOnly: boolean;
}

/** One torrent from its start until the command has no more to do with it, told to a view. */
export class TorrentRun {
  readonly #torrent: Torrent;
  readonly #view: TransferView;
  readonly #options: TorrentRunOptions;
  readonly #startedAt = performance.now();
  readonly #warned = new Set<string>();
  /** Whether it has ended with an error of the disk, which the view was told of. */
  hasDiskFailed = false;
  /** The row of a torrent that waits, and of what it was made: the same object until something changes. */
  #quietRow: { row: ProgressRow; state: TorrentStatus; checkedFraction: number } | undefined;

  constructor(torrent: Torrent, view: TransferView, options: TorrentRunOptions) {
    this.#torrent = torrent;
    this.#view = view;
    this.#options = options;
    if (options.seedOnly) {
      // Nothing may be written into data that is not all there: `finish` reports the gap.
      torrent.on("checked", (haveCount) => {
        if (haveCount < torrent.metainfo.pieceCount) torrent.pause();
      });
    }
    torrent.on("warning", (error) => this.#warn(error));
    torrent.on("file", (fileIndex) => {
      const file = torrent.metainfo.files[fileIndex]!;
      view.emit({
        event: "file",
        infoHash: torrent.infoHash,
        path: file.path.join("/"),
        length: file.length,
      });
    });
  }

  /** Resolves when the torrent is complete and seeded enough, or has failed: the exit code says which. */
  async finish(onComplete: () => void): Promise<ExitCode> {
    const torrent = this.#torrent;
    const { infoHash, name } = torrent;
    try {
      if (this.#options.seedOnly) await this.#requireComplete();
      else await this.#download(onComplete);
      const { goal } = this.#options;
      if (goal !== undefined) {
        this.#view.emit({ event: "seeding", infoHash, name });
        await seedUntil(torrent, goal);
      }
      return EXIT.ok;
    } catch (error) {
      const { exitCode, code, message } = explainError(error);
      // Only an interruption closes a torrent that is not finished with, and the user knows of that.
      if (code === "ENGINE_CLOSED") return EXIT.interrupted;
      this.hasDiskFailed = error instanceof Error && error.name === "StorageError";
      this.#view.emit({ event: "error", infoHash, code, message });
      return exitCode;
    }
  }

  /** A torrent that waits, for peers or for its turn to be checked, costs next to nothing here: it keeps its row. */
  row(): ProgressRow {
    const torrent = this.#torrent;
    const { state, checkedFraction } = torrent;
    const last = this.#quietRow;
    const isQuiet = state !== "downloading" && torrent.peerCount === 0;
    if (isQuiet && last?.state === state && last.checkedFraction === checkedFraction) return last.row;
    const row = this.#makeRow();
    const isAtRest = isQuiet && row.facts.downRate === 0 && row.facts.upRate === 0;
    this.#quietRow = isAtRest ? { row, state, checkedFraction } : undefined;
    return row;
  }

  #makeRow(): ProgressRow {
    const snapshot = this.#torrent.snapshot();
    const { checkedFraction } = snapshot;
    const state =
      snapshot.state === "seeding" && this.#options.goal === undefined ? "complete" : snapshot.state;
    return {
      name: this.#torrent.name,
      state,
      checkedFraction,
      facts: progressFacts(this.#torrent.infoHash, snapshot),
    };
  }

  async #download(onComplete: () => void): Promise<void> {
    const torrent = this.#torrent;
    const { timeoutMs } = this.#options;
    const watch = timeoutMs === undefined ? undefined : watchForSilence(torrent, timeoutMs);
    try {
      await (watch === undefined ? torrent.done : Promise.race([torrent.done, watch.silence]));
    } finally {
      watch?.stop();
    }
    onComplete();
    const { wantedLength, receivedLength } = torrent.snapshot();
    const seconds = (performance.now() - this.#startedAt) / 1000;
    const { infoHash, name } = torrent;
    this.#view.emit({
      event: "complete",
      infoHash,
      name,
      totalLength: wantedLength,
      receivedLength,
      seconds: round(seconds),
    });
  }

  async #requireComplete(): Promise<void> {
    const torrent = this.#torrent;
    await torrent.ready;
    const { haveCount, pieceCount } = torrent.snapshot();
    if (haveCount < pieceCount) {
      throw new Failure(
        EXIT.mismatch,
        "DATA_MISMATCH",
        `${torrent.name}: ${pieceCount - haveCount} of ${pieceCount} pieces are missing or do not match; ` +
          "correct --data, look with bt verify, or complete it with bt download",
      );
    }
  }

  /** The same trouble with the same tracker comes back at each announce: it is told once. */
  #warn(error: BtError): void {
    const { code, message } = explainError(error);
    const key = `${code} ${message}`;
    if (this.#warned.has(key)) return;
    this.#warned.add(key);
    this.#view.emit({
      event: "warning",
      infoHash: this.#torrent.infoHash,
      code: error.code,
      message: message.replace(/^unexpected error: /, ""),
    });
  }
}

function progressFacts(infoHash: string, snapshot: TorrentSnapshot): ProgressFacts {
  return {
    infoHash,
    downloaded: snapshot.wantedVerifiedLength,
    total: snapshot.wantedLength,
    uploaded: snapshot.uploadedLength,
    downRate: Math.round(snapshot.downRate),
    upRate: Math.round(snapshot.upRate),
    peers: snapshot.peerCount,
    seeds: snapshot.seedCount,
    etaSeconds: snapshot.etaSeconds === undefined ? null : Math.ceil(snapshot.etaSeconds),
  };
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
