/**
 * The blocks that one or more calls of `pick` chose: block `blocks[i]` of piece `pieces[i]`, for `i` below `count`.
 * The caller makes it once and sets `count` to 0 before it is filled again, so that picking allocates nothing.
 */
export class BlockBatch {
  readonly capacity: number;
  readonly pieces: Int32Array;
  readonly blocks: Int32Array;
  count: number = 0;

  /** @throws RangeError unless `capacity` is an integer of at least 1. */
  constructor(capacity: number) {
    if (!Number.isSafeInteger(capacity) || capacity < 1) throw new RangeError(`batch capacity ${capacity}`);
    this.capacity = capacity;
    this.pieces = new Int32Array(capacity);
    this.blocks = new Int32Array(capacity);
  }
}
