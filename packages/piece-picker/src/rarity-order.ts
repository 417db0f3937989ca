/**
 * The missing pieces of one priority, sorted by availability ("level") in one array, with the place where each level
 * begins. A piece whose availability changes by one swaps places with the piece at the border of its level and the
 * border moves by one: O(1), as in libtorrent's picker. To enter or leave costs one step for each level above.
 */
export class RarityOrder {
  /** `pieces[0 .. count)`. */
  pieces: Int32Array = new Int32Array(0);
  count: number = 0;
  /** Levels that may hold pieces: 0 to `levelCount - 1`. */
  levelCount: number = 1;
  /** Level `l` is `pieces[#starts[l] .. #starts[l + 1])`; there are `levelCount + 1` of them. */
  #starts = new Int32Array(9);
  #cursors = new Int32Array(0);
  /** Where in `pieces` a piece is; shared by the orders of all priorities, since a piece is in at most one. */
  readonly #positions: Int32Array;

  constructor(positions: Int32Array) {
    this.#positions = positions;
  }

  /** Where `level` begins; `count` for levels that nothing is in. */
  startOf(level: number): number {
    return level <= this.levelCount ? this.#starts[level]! : this.count;
  }

  insert(piece: number, level: number): void {
    this.#needLevel(level);
    if (this.count === this.pieces.length)
      this.#resize(Math.min(this.#positions.length, this.count * 2 + 16));
    let hole = this.count++;
    this.#starts[this.levelCount] = this.count;
    for (let above = this.levelCount - 1; above > level; above--) {
      const start = this.#starts[above]!;
      if (start !== hole) this.#put(this.pieces[start]!, hole);
      this.#starts[above] = start + 1;
      hole = start;
    }
    this.#put(piece, hole);
  }

  remove(piece: number, level: number): void {
    let hole = this.#positions[piece]!;
    for (let at = level; at < this.levelCount; at++) {
      const last = this.#starts[at + 1]! - 1;
      if (last !== hole) this.#put(this.pieces[last]!, hole);
      this.#starts[at + 1] = last;
      hole = last;
    }
    this.count--;
  }

  /** From `level` to `level + 1`. */
  raise(piece: number, level: number): void {
    this.#needLevel(level + 1);
    const last = this.#starts[level + 1]! - 1;
    this.#swap(piece, last);
    this.#starts[level + 1] = last;
  }

  /** From `level` to `level - 1`. */
  lower(piece: number, level: number): void {
    const first = this.#starts[level]!;
    this.#swap(piece, first);
    this.#starts[level] = first + 1;
  }

  /** A rebuild is a counting sort: `beginRebuild`, `tally` every piece, `layOut`, `place` every piece. */
  beginRebuild(): void {
    this.#starts.fill(0);
    this.levelCount = 1;
    this.count = 0;
  }

  tally(level: number): void {
    this.#reserveLevel(level);
    if (level >= this.levelCount) this.levelCount = level + 1;
    this.#starts[level + 1]!++;
    this.count++;
  }

  layOut(): void {
    for (let level = 0; level < this.levelCount; level++) this.#starts[level + 1]! += this.#starts[level]!;
    if (this.pieces.length < this.count || this.pieces.length > this.count * 4) this.#resize(this.count);
    this.#cursors = this.#starts.slice(0, this.levelCount);
  }

  place(piece: number, level: number): void {
    this.#put(piece, this.#cursors[level]!++);
  }

  #needLevel(level: number): void {
    if (level < this.levelCount) return;
    this.#reserveLevel(level);
    // A new level begins, and ends, where the last one ends.
    while (this.levelCount <= level) this.#starts[++this.levelCount] = this.count;
  }

  #reserveLevel(level: number): void {
    if (level + 2 <= this.#starts.length) return;
    const grown = new Int32Array(level * 2 + 2);
    grown.set(this.#starts);
    this.#starts = grown;
  }

  #resize(capacity: number): void {
    const resized = new Int32Array(capacity);
    resized.set(this.pieces.subarray(0, Math.min(this.pieces.length, capacity)));
    this.pieces = resized;
  }

  #swap(piece: number, to: number): void {
    const from = this.#positions[piece]!;
    if (from === to) return;
    this.#put(this.pieces[to]!, from);
    this.#put(piece, to);
  }

  #put(piece: number, at: number): void {
    this.pieces[at] = piece;
    this.#positions[piece] = at;
  }
}
