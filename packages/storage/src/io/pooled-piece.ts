import { BLOCK_LENGTH } from "@bt/primitives";
import type { BufferPool } from "../buffer-pool.ts";
import type { PieceBuffer } from "../torrent-storage.ts";
import type { PieceDigester, PieceVerifier } from "./piece-verifier.ts";

/** Bytes hashed in one go while they are still in the cache of the core: a quarter of a millisecond. */
const STREAM_SLICE_LENGTH = 256 * 1024;
/** The most that one call hashes: 0.6 ms with SHA instructions, under 2 ms without. */
const LONGEST_SLICE_LENGTH = 512 * 1024;

/**
 * A piece in a pooled buffer. With a verifier the hash runs along as blocks come in order, which costs no more than
 * hashing at the end and leaves no long slice of work behind; otherwise the piece is hashed elsewhere once it is whole.
 */
export class PooledPiece implements PieceBuffer {
  readonly piece: number;
  readonly length: number;
  readonly #pool: BufferPool;
  /** From the first byte on. */
  #bytes: Uint8Array<ArrayBuffer> | undefined;
  #isOpen = true;
  readonly #done: Uint8Array;
  #doneInOrder = 0;
  readonly #verifier: PieceVerifier | undefined;
  /** Of a piece that is hashed in more than one slice. */
  #digester: PieceDigester | undefined;
  #hashedLength = 0;
  #digest: Uint8Array | undefined;

  /** `pool` has promised `length` bytes. */
  constructor(piece: number, length: number, pool: BufferPool, verifier: PieceVerifier | undefined) {
    this.piece = piece;
    this.length = length;
    this.#pool = pool;
    this.#verifier = verifier;
    this.#done = new Uint8Array(Math.ceil(length / BLOCK_LENGTH));
  }

  get hashesOnLoop(): boolean {
    return this.#verifier !== undefined;
  }

  put(offset: number, source: Uint8Array, start: number, end: number): void {
    if (!(
      offset >= 0 &&
      start >= 0 &&
      start <= end &&
      end <= source.length &&
      offset + end - start <= this.length
    )) {
      throw new RangeError(
        `bytes ${start} to ${end} of ${source.length} at ${offset} of a piece of ${this.length}`,
      );
    }
    if (!this.#isOpen || start === end) return;
    const bytes = (this.#bytes ??= this.#pool.take(this.length));
    const block = Math.floor(offset / BLOCK_LENGTH);
    if (block === Math.floor((offset + end - start - 1) / BLOCK_LENGTH)) {
      if (this.#done[block] === 0) copy(bytes, offset, source, start, end);
      return;
    }
    let from = start;
    for (let at = offset; from < end;) {
      const length = Math.min(end - from, BLOCK_LENGTH - (at % BLOCK_LENGTH));
      if (this.#done[Math.floor(at / BLOCK_LENGTH)] === 0) copy(bytes, at, source, from, from + length);
      from += length;
      at += length;
    }
  }

  blockDone(offset: number, length: number): void {
    const end = offset + length;
    const first = offset / BLOCK_LENGTH;
    if (
      !Number.isInteger(first) ||
      !(length > 0) ||
      !(end === this.length || (end < this.length && end % BLOCK_LENGTH === 0))
    ) {
      throw new RangeError(`${length} bytes at ${offset} are not whole blocks of a piece of ${this.length}`);
    }
    if (!this.#isOpen || this.#bytes === undefined) return;
    const done = this.#done;
    for (let block = first; block * BLOCK_LENGTH < end; block++) done[block] = 1;
    if (this.#verifier === undefined || first > this.#doneInOrder) return;
    while (done[this.#doneInOrder] === 1) this.#doneInOrder++;
    const ready = Math.min(this.#doneInOrder * BLOCK_LENGTH, this.length) - this.#hashedLength;
    if (ready >= STREAM_SLICE_LENGTH) this.#hashMore(Math.min(ready, LONGEST_SLICE_LENGTH));
  }

  /** Hashes one more slice; the digest when that was the last one. Between two calls the loop may turn. */
  hashSlice(): Uint8Array | undefined {
    const rest = this.length - this.#hashedLength;
    if (rest > 0) this.#hashMore(Math.min(rest, LONGEST_SLICE_LENGTH));
    return this.#digest;
  }

  /** From here on nobody writes to the memory, which is returned, if any byte ever came. */
  seal(): Uint8Array<ArrayBuffer> | undefined {
    this.#isOpen = false;
    return this.#bytes;
  }

  /** The same, and a piece without a byte takes memory all the same: for who wants to see that it is wrong. */
  sealWhole(): Uint8Array<ArrayBuffer> {
    this.#isOpen = false;
    return (this.#bytes ??= this.#pool.take(this.length));
  }

  #hashMore(length: number): void {
    const verifier = this.#verifier!;
    if (length === this.length) {
      this.#digest = verifier.digestOf(this.piece, this.#bytes!);
    } else {
      this.#digester ??= verifier.createDigester(this.piece);
      this.#digester.update(this.#bytes!.subarray(this.#hashedLength, this.#hashedLength + length));
    }
    this.#hashedLength += length;
    if (this.#hashedLength === this.length) this.#digest ??= this.#digester!.digest();
  }
}

function copy(target: Uint8Array, offset: number, source: Uint8Array, start: number, end: number): void {
  target.set(source.subarray(start, end), offset);
}
