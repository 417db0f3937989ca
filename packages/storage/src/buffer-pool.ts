import { BLOCK_LENGTH } from "@bt/primitives";

export interface BufferPoolOptions {
  /** Bytes that may be out at a time, over all torrents of a session. */
  readonly budgetLength?: number;
}

/** 32 MiB: 32 open pieces of 1 MiB, which keeps 2,000 blocks in flight. */
export const DEFAULT_BUFFER_BUDGET_LENGTH: number = 32 * 1024 * 1024;

/** While more than this part of the budget waits for the disk, no new piece is begun: the disk, not memory, sets the pace. */
const BACKLOG_SHARE = 1 / 4;

/**
 * Piece buffers under one byte budget. A piece is promised room when its first block is requested and takes the memory
 * when its first byte arrives: at speed that is 8 MiB later, and the buffer that was written to the disk last, still in the
 * core's cache, serves again at once. Buffers are reused, because the first touch of fresh memory costs as much as the
 * copy into it, and they are plain `ArrayBuffer`s, because a copy into shared memory costs 2.4 times as much
 * and because only those can be transferred to a worker and back.
 *
 * Invariant: what is promised or out is at most the budget, and so is what is out plus what lies idle, unless one single
 * buffer is larger than the budget.
 */
export class BufferPool {
  readonly budgetLength: number;
  /** Called when room was given back, for those who were refused. */
  onRelease: (() => void) | undefined;
  readonly #idle = new Map<number, ArrayBuffer[]>();
  readonly #isIdle = new WeakSet<ArrayBuffer>();
  #idleLength = 0;
  /** Out: taken and not released. */
  #takenLength = 0;
  /** Promised, whether it is out or not yet. */
  #usedLength = 0;
  #backlogLength = 0;

  constructor({ budgetLength = DEFAULT_BUFFER_BUDGET_LENGTH }: BufferPoolOptions = {}) {
    if (!Number.isSafeInteger(budgetLength) || budgetLength < 1)
      throw new RangeError(`budget of ${budgetLength} bytes`);
    this.budgetLength = budgetLength;
  }

  /** Bytes that are promised or out: rounded up to whole blocks, as they are taken from memory. */
  get usedLength(): number {
    return this.#usedLength;
  }

  /** Bytes that are in memory, out or idle. */
  get memoryLength(): number {
    return this.#takenLength + this.#idleLength;
  }

  /**
   * Promises room for a buffer of `length` bytes, or returns false while the budget is spent or the disk is behind. When nothing is promised any
   * length is granted: a torrent with pieces larger than the budget must go on. Ends with `release` of what `take` gave for
   * it, or with `cancel`.
   */
  reserve(length: number): boolean {
    if (!Number.isSafeInteger(length) || length < 1) throw new RangeError(`buffer of ${length} bytes`);
    const capacity = capacityFor(length);
    const isSpent = this.#usedLength + capacity > this.budgetLength;
    const isBehind = this.#backlogLength > this.budgetLength * BACKLOG_SHARE;
    if (this.#usedLength > 0 && (isSpent || isBehind)) return false;
    this.#usedLength += capacity;
    return true;
  }

  /** The memory for a promise of `length` bytes: unspecified content, alone on its `ArrayBuffer`. Once for each promise. */
  take(length: number): Uint8Array<ArrayBuffer> {
    const capacity = capacityFor(length);
    if (this.#takenLength + capacity > this.#usedLength)
      throw new RangeError(`${length} bytes are not promised`);
    const reused = this.#idle.get(capacity)?.pop();
    if (reused !== undefined) {
      this.#idleLength -= capacity;
      this.#isIdle.delete(reused);
    } else {
      this.#trimIdle(this.budgetLength - this.#takenLength - capacity);
    }
    this.#takenLength += capacity;
    return new Uint8Array(reused ?? new ArrayBuffer(capacity), 0, length);
  }

  /** Takes back what `take` gave, or what came back in its place from a worker, and the promise with it. */
  release(bytes: Uint8Array<ArrayBuffer>): void {
    const { buffer } = bytes;
    const capacity = buffer.byteLength;
    if (capacity === 0 || capacity > this.#takenLength || this.#isIdle.has(buffer)) {
      throw new RangeError(`a buffer of ${capacity} bytes is not out`);
    }
    this.#takenLength -= capacity;
    this.#usedLength -= capacity;
    // The one buffer that is larger than the budget is kept, too: a new one for each piece would wait for the collector.
    if (this.#takenLength + this.#idleLength + capacity <= Math.max(this.budgetLength, capacity)) {
      const stack = this.#idle.get(capacity);
      if (stack === undefined) this.#idle.set(capacity, [buffer]);
      else stack.push(buffer);
      this.#isIdle.add(buffer);
      this.#idleLength += capacity;
    }
    this.onRelease?.();
  }

  /** A whole piece of `length` bytes goes to be hashed and written; until `leaveBacklog`, just before its release. */
  enterBacklog(length: number): void {
    this.#backlogLength += length;
  }

  leaveBacklog(length: number): void {
    this.#backlogLength -= length;
  }

  /** Ends a promise of `length` bytes for which no memory was taken. */
  cancel(length: number): void {
    const capacity = capacityFor(length);
    if (this.#takenLength + capacity > this.#usedLength)
      throw new RangeError(`${length} bytes are not promised`);
    this.#usedLength -= capacity;
    this.onRelease?.();
  }

  /** Writes off a buffer of `length` bytes that will never come back, e.g. because a worker died with it. */
  writeOff(length: number): void {
    const capacity = capacityFor(length);
    if (capacity > this.#takenLength) throw new RangeError(`a buffer of ${capacity} bytes is not out`);
    this.#takenLength -= capacity;
    this.#usedLength -= capacity;
    this.onRelease?.();
  }

  #trimIdle(allowedLength: number): void {
    for (const [capacity, stack] of this.#idle) {
      while (this.#idleLength > Math.max(0, allowedLength) && stack.pop() !== undefined)
        this.#idleLength -= capacity;
      if (stack.length === 0) this.#idle.delete(capacity);
    }
  }
}

function capacityFor(length: number): number {
  return Math.ceil(length / BLOCK_LENGTH) * BLOCK_LENGTH;
}
