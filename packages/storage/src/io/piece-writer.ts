import type { StorageClock } from "../clock.ts";
import { GATHER_MS, MAX_RUN_LENGTH } from "../write-gathering.ts";
import type { PayloadFiles } from "./payload-files.ts";
import { SpanWriter } from "./span-writer.ts";

/** Runs under way at a time per torrent: Node's thread pool has four threads. */
const WRITE_DEPTH = 4;

/** A verified piece on its way to the disk. */
interface WaitingPiece {
  /** Torrent offset of the first byte. */
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly end: number;
  readonly firstFile: number;
  readonly lastFile: number;
  readonly resolve: (written: ReadonlyMap<number, Written>) => void;
  readonly reject: (error: unknown) => void;
  readonly onFailed: (fileIndices: Iterable<number>) => void;
}

/** What was written into one file. */
export interface Written {
  /** Bytes. */
  readonly length: number;
  /** How long the file has to be at least. */
  readonly end: number;
}

/** Adds up by file. */
export function addWritten(sum: Map<number, Written>, fileIndex: number, { length, end }: Written): void {
  const before = sum.get(fileIndex);
  sum.set(fileIndex, { length: length + (before?.length ?? 0), end: Math.max(end, before?.end ?? 0) });
}

/** Neighbouring pieces, in order, that are written together. */
type Run = readonly WaitingPiece[];

/**
 * Writes verified pieces into the files: neighbours together, one call for each file that a run touches. Two runs never
 * write to one file at the same time: the kernel would let one of them spin on the other's lock (a tenth of a
 * download's CPU at 600 MiB/s, measured).
 */
export class PieceWriter {
  readonly spans: SpanWriter;
  readonly #payload: PayloadFiles;
  readonly #clock: StorageClock;
  readonly #worthWaitingFor: () => number;
  /** In the order in which they came. */
  readonly #waiting = new Map<number, WaitingPiece>();
  readonly #waitingByEnd = new Map<number, WaitingPiece>();
  #waitingLength = 0;
  readonly #active = new Set<Run>();
  #cancelTimer: (() => void) | undefined;
  /** Somebody does something during which nothing may be written. */
  #isHeld = false;
  #onIdle: (() => void) | undefined;
  #exclusive: Promise<unknown> = Promise.resolve();

  /** `worthWaitingFor`: how many bytes shall wait together before they are written; 0 for none. */
  constructor(payload: PayloadFiles, clock: StorageClock, worthWaitingFor: () => number) {
    this.spans = new SpanWriter(payload);
    this.#payload = payload;
    this.#clock = clock;
    this.#worthWaitingFor = worthWaitingFor;
  }

  /**
   * Writes `bytes` at torrent offset `offset`; resolves with what went into which file, by its index. `onFailed` hears of the
   * files in which a part of them may be, before it rejects.
   */
  write(
    offset: number,
    bytes: Uint8Array,
    onFailed: (fileIndices: Iterable<number>) => void = () => {},
  ): Promise<ReadonlyMap<number, Written>> {
    return new Promise((resolve, reject) => {
      const end = offset + bytes.length;
      const spans = this.#payload.metainfo.layout.spansOf(offset, bytes.length);
      const firstFile = spans[0]?.fileIndex ?? 0;
      const lastFile = spans.at(-1)?.fileIndex ?? 0;
      const piece = { offset, bytes, end, firstFile, lastFile, resolve, reject, onFailed };
      this.#waiting.set(offset, piece);
      this.#waitingByEnd.set(end, piece);
      this.#waitingLength += bytes.length;
      if (this.#waitingLength >= this.#worthWaitingFor()) this.#pump();
      else this.#cancelTimer ??= this.#clock.startTimer(GATHER_MS, () => this.#pump());
    });
  }

  /** Starts what can be started; what cannot is started when a run ends. */
  #pump(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (this.#isHeld) return;
    for (const piece of this.#waiting.values()) {
      if (this.#active.size >= WRITE_DEPTH) return;
      if (!this.#isBusy(piece)) this.#start(this.#takeRun(piece));
    }
  }

  #start(run: Run): void {
    this.#active.add(run);
    void this.#writeRun(run)
      .then(
        () => run.forEach((piece) => piece.resolve(this.#filesOf(piece))),
        (error: unknown) =>
          run.forEach((piece) => {
            piece.onFailed(this.#filesOf(piece).keys());
            piece.reject(error);
          }),
      )
      .finally(() => {
        this.#active.delete(run);
        if (this.#active.size === 0) this.#onIdle?.();
        // What waits for company goes on waiting for it.
        if (this.#cancelTimer === undefined) this.#pump();
      });
  }

  /** The pieces around `piece` that touch one another and no file in use, as many as go into one run. */
  #takeRun(piece: WaitingPiece): Run {
    const run = [piece];
    let length = piece.bytes.length;
    const fits = (other: WaitingPiece | undefined): other is WaitingPiece =>
      other !== undefined && length + other.bytes.length <= MAX_RUN_LENGTH && !this.#isBusy(other);
    for (
      let other = this.#waitingByEnd.get(piece.offset);
      fits(other);
      other = this.#waitingByEnd.get(other.offset)
    ) {
      run.unshift(other);
      length += other.bytes.length;
    }
    for (let other = this.#waiting.get(piece.end); fits(other); other = this.#waiting.get(other.end)) {
      run.push(other);
      length += other.bytes.length;
    }
    for (const { offset, end } of run) {
      this.#waiting.delete(offset);
      this.#waitingByEnd.delete(end);
    }
    this.#waitingLength -= length;
    return run;
  }

  #isBusy({ firstFile, lastFile }: WaitingPiece): boolean {
    for (const run of this.#active)
      if (firstFile <= run.at(-1)!.lastFile && lastFile >= run[0]!.firstFile) return true;
    return false;
  }

  /** Does `work` while no piece is being written; pieces that come meanwhile wait. One at a time. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#exclusive.then(async () => {
      this.#isHeld = true;
      if (this.#active.size > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
      this.#onIdle = undefined;
      try {
        // Whoever waited for a write has now heard of it.
        await new Promise((resolve) => setImmediate(resolve));
        return await work();
      } finally {
        this.#isHeld = false;
        this.#pump();
      }
    });
    this.#exclusive = done.catch(() => {});
    return done;
  }

  async #writeRun(run: Run): Promise<void> {
    const { offset } = run[0]!;
    const { files } = this.#payload.metainfo;
    for (const span of this.#payload.spansOf(offset, run.at(-1)!.end - offset)) {
      const { fileIndex, fileOffset, length } = span;
      if (!this.#payload.isOnDisk(fileIndex)) continue;
      const parts = partsOf(run, span.offset ?? files[fileIndex]!.offset + fileOffset, length);
      await this.spans.write(fileIndex, fileOffset, parts);
    }
  }

  #filesOf({ offset, bytes }: WaitingPiece): ReadonlyMap<number, Written> {
    const written = new Map<number, Written>();
    for (const { fileIndex, fileOffset, length } of this.#payload.spansOf(offset, bytes.length))
      if (this.#payload.isOnDisk(fileIndex))
        addWritten(written, fileIndex, { length, end: fileOffset + length });
    return written;
  }
}

/** The parts of the run's buffers that hold `length` bytes from torrent offset `offset` on. */
function partsOf(run: Run, offset: number, length: number): Uint8Array[] {
  const end = offset + length;
  const parts: Uint8Array[] = [];
  for (const piece of run) {
    const from = Math.max(offset, piece.offset);
    const to = Math.min(end, piece.end);
    if (from < to) parts.push(piece.bytes.subarray(from - piece.offset, to - piece.offset));
  }
  return parts;
}
