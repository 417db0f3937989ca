/**
 * The blocks that one peer was asked for and has not sent yet, oldest first. Peers answer in order nearly always, so
 * `take` finds its entry at the head; the search goes on behind it only when a peer reorders.
 *
 * An entry is *active*, or *late*: given up (the picker may ask another peer) but still welcome if it comes after all.
 */
export class RequestWindow {
  readonly #capacity: number;
  readonly #pieces: Int32Array;
  readonly #blocks: Int32Array;
  /** 0 = hole, 1 = active, 2 = late. */
  readonly #states: Uint8Array;
  #head = 0;
  #length = 0;
  #active = 0;

  /** `capacity` is a power of two and bounds active and late entries together. */
  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#pieces = new Int32Array(capacity);
    this.#blocks = new Int32Array(capacity);
    this.#states = new Uint8Array(capacity);
  }

  /** Active entries. */
  get count(): number {
    return this.#active;
  }

  /** How many more can be added. Late entries make room when they must. */
  get room(): number {
    return this.#capacity - this.#active;
  }

  add(piece: number, block: number): void {
    if (this.#length === this.#capacity) this.#squeeze();
    const at = (this.#head + this.#length++) & (this.#capacity - 1);
    this.#pieces[at] = piece;
    this.#blocks[at] = block;
    this.#states[at] = 1;
    this.#active++;
  }

  /** Removes the entry of this block: "active", "late", or `undefined` when it was never asked for. */
  take(piece: number, block: number): "active" | "late" | undefined {
    for (let i = 0; i < this.#length; i++) {
      const at = (this.#head + i) & (this.#capacity - 1);
      const state = this.#states[at]!;
      if (state === 0 || this.#pieces[at] !== piece || this.#blocks[at] !== block) continue;
      this.#states[at] = 0;
      if (state === 1) this.#active--;
      this.#dropHoles();
      return state === 1 ? "active" : "late";
    }
    return undefined;
  }

  /** Whether the block was asked for and is awaited, active or late. */
  has(piece: number, block: number): boolean {
    for (let i = 0; i < this.#length; i++) {
      const at = (this.#head + i) & (this.#capacity - 1);
      if (this.#states[at] !== 0 && this.#pieces[at] === piece && this.#blocks[at] === block) return true;
    }
    return false;
  }

  /** Makes one active entry late; whether there was one. */
  giveUp(piece: number, block: number): boolean {
    for (let i = 0; i < this.#length; i++) {
      const at = (this.#head + i) & (this.#capacity - 1);
      if (this.#states[at] !== 1 || this.#pieces[at] !== piece || this.#blocks[at] !== block) continue;
      this.#states[at] = 2;
      this.#active--;
      return true;
    }
    return false;
  }

  /** Calls `each` for the active entries, oldest first. */
  forEachActive(each: (piece: number, block: number) => void): void {
    for (let i = 0; i < this.#length; i++) {
      const at = (this.#head + i) & (this.#capacity - 1);
      if (this.#states[at] === 1) each(this.#pieces[at]!, this.#blocks[at]!);
    }
  }

  /** Makes every active entry late. */
  giveUpAll(): void {
    for (let i = 0; i < this.#length; i++) {
      const at = (this.#head + i) & (this.#capacity - 1);
      if (this.#states[at] === 1) this.#states[at] = 2;
    }
    this.#active = 0;
  }

  clear(): void {
    this.#head = this.#length = this.#active = 0;
  }

  #dropHoles(): void {
    while (this.#length > 0 && this.#states[this.#head] === 0) {
      this.#head = (this.#head + 1) & (this.#capacity - 1);
      this.#length--;
    }
  }

  /** Forgets holes and the late: only the active stay, in order. */
  #squeeze(): void {
    let kept = 0;
    for (let i = 0; i < this.#length; i++) {
      const from = (this.#head + i) & (this.#capacity - 1);
      if (this.#states[from] !== 1) continue;
      const to = (this.#head + kept++) & (this.#capacity - 1);
      this.#pieces[to] = this.#pieces[from]!;
      this.#blocks[to] = this.#blocks[from]!;
      this.#states[to] = 1;
    }
    this.#length = kept;
  }
}
