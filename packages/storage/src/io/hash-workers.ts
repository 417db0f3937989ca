import { availableParallelism } from "node:os";
import { StorageError } from "../errors.ts";
import { Gate } from "./gate.ts";
import type { HashSource } from "./hash-source.ts";
import { errorOf, HashThread, type Reply } from "./hash-thread.ts";
import type { PieceHasher } from "./piece-hasher.js";

export interface HashWorkersOptions {
  /** Threads at most; default: one per core, at most 4. */
  readonly count?: number;
  /** Calls of `hashPieces` that are under way at a time; the others wait. Default `DEFAULT_HASH_JOB_LIMIT`. */
  readonly jobLimit?: number;
  /** Where `hash-worker.js` lies; default: beside this module. For bundles that put it elsewhere. */
  readonly workerUrl?: URL;
}

export interface HashedBuffer {
  /** SHA-1, 20 bytes, or a merkle root, 32 bytes. */
  readonly digest: Uint8Array;
  /** The same memory, back from the worker; the array that was handed in is detached. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface HashPiecesOptions {
  /** Runs of pieces to be hashed: first piece, count. */
  readonly runs: Iterable<readonly [first: number, count: number]>;
  /** Called in no particular order; `undefined` when the bytes are not all there. */
  readonly onDigest: (piece: number, digest: Uint8Array | undefined) => void;
  readonly signal?: AbortSignal | undefined;
  /**
   * The calling thread takes the place of one worker, in slices of 4 to 16 MiB or a piece, and few bytes are hashed by it
   * alone: a thread takes 60 ms to start. For programs that have nothing else to do. Default false.
   */
  readonly onThisThread?: boolean | undefined;
}

export const DEFAULT_HASH_WORKER_LIMIT = 4;
/** Each job may keep files open in each thread, and one large job keeps all threads busy. */
export const DEFAULT_HASH_JOB_LIMIT = 8;
/** Bytes that are hashed at a time, at least one piece: 3 ms of work. */
const TASK_LENGTH = 4 * 1024 * 1024;
/** For a program that has nothing else to do: less is said between the threads. */
const LONG_TASK_LENGTH = 16 * 1024 * 1024;
/** The last ones, so that all threads end at about the same time. */
const LAST_TASK_LENGTH = 1024 * 1024;
/** A task is at most this part of what was hashed before it: a slow disk shows early. And of what is left. */
const TASK_SHARE = 1 / 8;
/** Tasks handed to each worker at a time, so that it never waits for the main thread. */
const TASKS_PER_WORKER = 2;
/** Bytes that are hashed before a thread has started. */
const FEW_LENGTH = 64 * 1024 * 1024;
/** Pieces that the calling thread hashes at most: Ctrl-C and the progress wait for the end of one. */
const CALLER_PIECE_LENGTH = 16 * 1024 * 1024;
/** On a disk as slow as this the calling thread leaves the rest to a worker, and stays able to answer. */
const SLOW_TASK_MS = 100;

type HashTask = (
  first: number,
  count: number,
) => Promise<Pick<Reply, "digests" | "isHashed"> & { readonly isLast?: boolean }>;

/**
 * Threads that hash, shared by all torrents of a session. They start when they are first needed and keep the process
 * alive only while they work.
 */
export class HashWorkers {
  readonly count: number;
  readonly #url: URL;
  readonly #threads: (HashThread | undefined)[];
  readonly #gate: Gate;
  #nextJob = 0;
  #isClosed = false;

  constructor({ count, workerUrl, jobLimit = DEFAULT_HASH_JOB_LIMIT }: HashWorkersOptions = {}) {
    this.count = count ?? Math.min(availableParallelism(), DEFAULT_HASH_WORKER_LIMIT);
    if (!Number.isSafeInteger(this.count) || this.count < 1)
      throw new RangeError(`${this.count} hash workers`);
    this.#gate = new Gate(jobLimit);
    this.#url = workerUrl ?? new URL("./hash-worker.js", import.meta.url);
    this.#threads = Array<undefined>(this.count).fill(undefined);
  }

  /** Threads that run now. */
  get startedCount(): number {
    return this.#threads.filter((thread) => thread !== undefined).length;
  }

  /**
   * Starts the threads that `hashPieces` with `onThisThread` wants for `totalLength` bytes, none for few: while the caller
   * prepares that call, they come up.
   */
  warmUp(totalLength: number): void {
    for (let slot = 0; slot < this.#helperCount(totalLength); slot++) this.#thread(slot).warm();
  }

  /**
   * SHA-1 of `bytes` (BEP 3), or with `treeWidth` the root of the merkle tree over its 16 KiB blocks that is so many
   * leaves wide (BEP 52). `bytes` must be alone on their buffer: the buffer moves to the worker and back.
   *
   * @throws StorageError WORKER_FAILED; when `bytes.byteLength` is 0 after that, the memory was lost.
   */
  async hashBuffer(bytes: Uint8Array<ArrayBuffer>, treeWidth: number = 0): Promise<HashedBuffer> {
    const thread = this.#leastBusy();
    thread.hold();
    try {
      if (!thread.isReady) await thread.ready;
      const { digest, bytes: back } = await thread.ask({ kind: "buffer", bytes, treeWidth }, [bytes.buffer]);
      return { digest, bytes: back };
    } finally {
      thread.letGo();
    }
  }

  /** Digests of pieces that lie in files. The workers read for themselves. */
  hashPieces(source: HashSource, options: HashPiecesOptions): Promise<void> {
    return this.#gate.pass(() => this.#hashPieces(source, options), options.signal);
  }

  async #hashPieces(source: HashSource, options: HashPiecesOptions): Promise<void> {
    const { runs, onDigest, signal } = options;
    signal?.throwIfAborted();
    const job = this.#nextJob++;
    // One iterator feeds all threads.
    const { tasks, isShort } = lookAhead(cutIntoTasks(runs, source, options.onThisThread === true));
    let isStopped = false;
    /** True when it was told to leave the rest to others. */
    const workAll = async (hash: HashTask): Promise<boolean> => {
      try {
        while (!isStopped && signal?.aborted !== true) {
          const { value: task } = tasks.next();
          if (task === undefined) return false;
          const [first, count] = task;
          const reply = await hash(first, count);
          tell(onDigest, first, count, reply);
          if (reply.isLast === true) return true;
        }
        return false;
      } catch (error) {
        isStopped = true;
        throw error;
      }
    };
    const threads: HashThread[] = [];
    const workInThread = (thread: HashThread): Promise<unknown>[] => {
      threads.push(thread);
      thread.hold();
      thread.tell({ kind: "job", job, source });
      return Array.from({ length: TASKS_PER_WORKER }, () =>
        workAll((first, count) => thread.ask({ kind: "pieces", job, first, count })),
      );
    };
    const workHere = async (): Promise<void> => {
      // Loading it, and with it Node's cryptography, takes 8 ms, in which the other threads are on their way.
      const { PieceHasher } = await import("./piece-hasher.js");
      const hasher = new PieceHasher(source);
      let isSlow: boolean;
      try {
        isSlow = await workAll((first, count) => hashHere(hasher, first, count));
      } finally {
        hasher.close();
      }
      if (isSlow) await Promise.all(workInThread(this.#thread(this.count - 1)));
    };
    const isHere = options.onThisThread === true && source.pieceLength <= CALLER_PIECE_LENGTH;
    const threadCount = isHere ? this.#helperCount(source.totalLength) : this.count;
    const running: Promise<unknown>[] = [];
    // What is done in one go is not worth the word to every thread.
    if (isShort && !isHere) running.push(...workInThread(this.#leastBusy()));
    else for (let slot = 0; slot < threadCount; slot++) running.push(...workInThread(this.#thread(slot)));
    if (isHere) running.push(workHere());
    const results = await Promise.allSettled(running);
    for (const thread of threads) {
      thread.tell({ kind: "end", job });
      thread.letGo();
    }
    const failure = results.find((result) => result.status === "rejected");
    if (failure !== undefined) throw failure.reason;
    signal?.throwIfAborted();
  }

  /** Ends the threads. What is under way rejects. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#threads.map((thread) => thread?.terminate() ?? Promise.resolve()));
  }

  /** Threads that help the calling one. */
  #helperCount(totalLength: number): number {
    return totalLength <= FEW_LENGTH ? 0 : this.count - 1;
  }

  #leastBusy(): HashThread {
    let best = 0;
    for (let slot = 1; slot < this.count; slot++) {
      if ((this.#threads[slot]?.load ?? 0) < (this.#threads[best]?.load ?? 0)) best = slot;
    }
    // A running thread is as good as a new one while both are idle, and it needs no start.
    const idle = this.#threads.findIndex((thread) => thread?.load === 0);
    return this.#thread(idle === -1 ? best : idle);
  }

  #thread(slot: number): HashThread {
    if (this.#isClosed)
      throw new StorageError("CLOSED", "Cannot hash: the hash workers were closed; make new ones.");
    return (this.#threads[slot] ??= new HashThread(this.#url, () => (this.#threads[slot] = undefined)));
  }
}

/** On its own, because V8 takes ten times as long to compile it as a loop of the asynchronous function that awaits. */
function tell(
  onDigest: HashPiecesOptions["onDigest"],
  first: number,
  count: number,
  { digests, isHashed }: Pick<Reply, "digests" | "isHashed">,
): void {
  const length = digests.length / count;
  for (let i = 0; i < count; i++)
    onDigest(first + i, isHashed[i] === 1 ? digests.subarray(length * i, length * (i + 1)) : undefined);
}

/** Hashes in the calling thread and then lets its loop turn. The last task is the one that took too long. */
async function hashHere(hasher: PieceHasher, first: number, count: number): ReturnType<HashTask> {
  const startedAt = performance.now();
  try {
    const result = hasher.hashPieces(first, count);
    const isLast = performance.now() - startedAt > SLOW_TASK_MS;
    await new Promise((resolve) => setImmediate(resolve));
    return { ...result, isLast };
  } catch (error) {
    throw errorOf(error as NodeJS.ErrnoException);
  }
}

function* cutIntoTasks(
  runs: Iterable<readonly [first: number, count: number]>,
  { pieceLength, totalLength }: HashSource,
  isLong: boolean,
): Generator<[first: number, count: number], undefined> {
  let doneLength = 0;
  for (const [first, count] of runs) {
    for (let at = 0, most; at < count; at += most) {
      const restLength = totalLength - (first + at) * pieceLength;
      const length = isLong ? longTaskLength(doneLength, restLength) : TASK_LENGTH;
      most = Math.max(1, Math.floor(length / pieceLength));
      yield [first + at, Math.min(most, count - at)];
      doneLength += most * pieceLength;
    }
  }
}

function longTaskLength(doneLength: number, restLength: number): number {
  const length = Math.min(LONG_TASK_LENGTH, Math.max(TASK_LENGTH, doneLength * TASK_SHARE));
  return Math.min(length, Math.max(LAST_TASK_LENGTH, restLength * TASK_SHARE));
}

/** The same tasks, and whether there is but one. */
function lookAhead(tasks: Iterator<[first: number, count: number], undefined>): {
  readonly tasks: Iterator<[first: number, count: number], undefined>;
  readonly isShort: boolean;
} {
  const seen = [tasks.next(), tasks.next()];
  const isShort = seen[1]?.done === true;
  return { tasks: { next: () => seen.shift() ?? tasks.next() }, isShort };
}
