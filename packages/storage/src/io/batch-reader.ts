import type { Bitfield } from "@bt/primitives";
import { StorageError, toStorageError } from "../errors.ts";
import type { ReadRange } from "../torrent-storage.ts";
import type { OpenFile } from "./file-pool.ts";
import type { PayloadFiles } from "./payload-files.ts";

/**
 * Reads many ranges at a time; runs of adjacent ranges in one file become one `readv`, which is what makes seeding
 * cheap: one call for each block costs 1.5 times the CPU (measured on Node 20).
 */
export class BatchReader {
  readonly #payload: PayloadFiles;
  readonly #have: Bitfield;

  constructor(payload: PayloadFiles, have: Bitfield) {
    this.#payload = payload;
    this.#have = have;
  }

  /** Settles when no call is under way any more, since until then the system may write into the ranges' memory. */
  read(ranges: readonly ReadRange[]): Promise<void> {
    return new Promise((resolve, reject) => {
      for (const { offset, into } of ranges) {
        if (!this.#isHad(offset, into.length)) {
          reject(new RangeError(`${into.length} bytes at ${offset} are not in pieces that are had`));
          return;
        }
      }
      const batch = new Batch(this.#payload, resolve, reject);
      for (let first = 0; first < ranges.length;) {
        const start = ranges[first]!.offset;
        let end = start + ranges[first]!.into.length;
        let next = first + 1;
        for (; next < ranges.length && ranges[next]!.offset === end; next++) end += ranges[next]!.into.length;
        this.#readRun(batch, ranges, first, next, start, end - start);
        first = next;
      }
      batch.end();
    });
  }

  #isHad(offset: number, length: number): boolean {
    const { pieceLength, totalLength } = this.#payload.metainfo.layout.pieces;
    const end = offset + length;
    if (!(offset >= 0 && end <= totalLength)) return false;
    const last = length === 0 ? -1 : Math.floor((end - 1) / pieceLength);
    for (let piece = Math.floor(offset / pieceLength); piece <= last; piece++)
      if (!this.#have.has(piece)) return false;
    return true;
  }

  #readRun(
    batch: Batch,
    ranges: readonly ReadRange[],
    first: number,
    end: number,
    offset: number,
    length: number,
  ): void {
    const spans = this.#payload.spansOf(offset, length);
    let index = first;
    let used = 0; // bytes of ranges[index] that are taken
    const take = (takenLength: number): Uint8Array[] => {
      const views: Uint8Array[] = [];
      for (let rest = takenLength; rest > 0;) {
        const into = ranges[index]!.into;
        const part = Math.min(rest, into.length - used);
        if (part > 0) views.push(part === into.length ? into : into.subarray(used, used + part));
        rest -= part;
        used += part;
        if (used === into.length && index + 1 < end) {
          index++;
          used = 0;
        }
      }
      return views;
    };
    const { files } = this.#payload.metainfo;
    let at = offset;
    for (const span of spans) {
      const spanAt = span.offset ?? files[span.fileIndex]!.offset + span.fileOffset;
      fillWithZeros(take(spanAt - at)); // BEP 52: between files there is nothing
      const views = take(span.length);
      if (this.#payload.isOnDisk(span.fileIndex))
        batch.add(span.fileIndex, span.fileOffset, views, span.length);
      else fillWithZeros(views); // BEP 47: pad files are zeros
      at = spanAt + span.length;
    }
    fillWithZeros(take(offset + length - at));
  }
}

/** The calls of one `read`, which all start at once. */
class Batch {
  readonly #payload: PayloadFiles;
  readonly #resolve: () => void;
  readonly #reject: (error: unknown) => void;
  #pendingCount = 1; // itself, until `end`
  #error: unknown;

  constructor(payload: PayloadFiles, resolve: () => void, reject: (error: unknown) => void) {
    this.#payload = payload;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  add(fileIndex: number, position: number, views: Uint8Array[], length: number): void {
    this.#pendingCount++;
    const open = this.#payload.borrowOpen(fileIndex, false);
    if (open !== undefined) {
      this.#start(open, fileIndex, position, views, length);
      return;
    }
    this.#payload.borrow(fileIndex, false).then(
      (opened) => this.#start(opened, fileIndex, position, views, length),
      (error: unknown) => this.#settle(error),
    );
  }

  end(): void {
    this.#settle(undefined);
  }

  #start(open: OpenFile, fileIndex: number, position: number, views: Uint8Array[], length: number): void {
    this.#payload.disk.readv(open.fd, views, position, (error, count) => {
      if (error === null && count < length && count > 0) {
        this.#start(open, fileIndex, position + count, dropBytes(views, count), length - count);
        return;
      }
      this.#payload.giveBack(open);
      if (error !== null) this.#settle(toStorageError(error, "read", this.#payload.pathOf(fileIndex)));
      else this.#settle(count === length ? undefined : truncated(this.#payload.pathOf(fileIndex), position));
    });
  }

  #settle(error: unknown): void {
    this.#error ??= error;
    if (--this.#pendingCount > 0) return;
    if (this.#error === undefined) this.#resolve();
    else this.#reject(this.#error);
  }
}

function fillWithZeros(views: readonly Uint8Array[]): void {
  for (const view of views) view.fill(0);
}

function dropBytes(views: readonly Uint8Array[], count: number): Uint8Array[] {
  let rest = count;
  const left: Uint8Array[] = [];
  for (const view of views) {
    if (rest < view.length) left.push(rest === 0 ? view : view.subarray(rest));
    rest = Math.max(0, rest - view.length);
  }
  return left;
}

/** The error for bytes that were had and are not there. */
export function truncated(path: string, position: number): StorageError {
  const message = `Cannot read ${path}: it ends at byte ${position}, before the data that was there; check the data again.`;
  return new StorageError("FILE_TRUNCATED", message, { path, position });
}
