import { BLOCK_LENGTH } from "@bt/primitives";
import { PIECE_HEADER_LENGTH } from "@bt/wire";
import type { ReadTarget } from "../ports.ts";

/** Requests that are read and sent together: one readv and one socket write for up to half a MiB. */
export const FRAME_BLOCK_COUNT = 32;
/** Bytes of a frame: that many blocks with their headers. */
export const FRAME_LENGTH: number = FRAME_BLOCK_COUNT * (BLOCK_LENGTH + PIECE_HEADER_LENGTH);
/** Frames of a session: two batches each for eight fast peers, 8 MiB in all. */
export const DEFAULT_FRAME_COUNT = 16;

/** A buffer in which piece messages are laid out, headers and payloads, as they go to the socket. */
export interface Frame {
  readonly bytes: Uint8Array;
  /** Reused by every batch: where the disk puts the payloads. Only the first `targetCount` count. */
  readonly targets: ReadTarget[];
}

/** A fixed number of frames, made when first needed. */
export class FramePool {
  readonly #free: Frame[] = [];
  readonly #count: number;
  #made = 0;

  constructor(count: number) {
    if (!Number.isSafeInteger(count) || count < 1) throw new RangeError(`${count} frames`);
    this.#count = count;
  }

  get isEmpty(): boolean {
    return this.#free.length === 0 && this.#made === this.#count;
  }

  acquire(): Frame | undefined {
    const frame = this.#free.pop();
    if (frame !== undefined) return frame;
    if (this.#made === this.#count) return undefined;
    this.#made++;
    return { bytes: new Uint8Array(FRAME_LENGTH), targets: [] };
  }

  release(frame: Frame): void {
    this.#free.push(frame);
  }
}
