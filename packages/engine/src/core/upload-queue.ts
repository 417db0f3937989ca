/** One `request` of a peer: where the block lies. */
export interface UploadRequest {
  piece: number;
  offset: number;
  length: number;
}

/** The requests of one peer that wait to be served, first come first served, in reused numbers instead of objects. */
export class UploadQueue {
  /** Triples of piece, offset, length. */
  #numbers = new Float64Array(3 * 64);
  #head = 0;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  push(piece: number, offset: number, length: number): void {
    const capacity = this.#numbers.length / 3;
    if (this.#count === capacity) this.#grow();
    const at = ((this.#head + this.#count++) % (this.#numbers.length / 3)) * 3;
    this.#numbers[at] = piece;
    this.#numbers[at + 1] = offset;
    this.#numbers[at + 2] = length;
  }

  /** Reads the oldest into `into` without removing it; false when there is none. */
  peek(into: UploadRequest): boolean {
    if (this.#count === 0) return false;
    const at = this.#head * 3;
    into.piece = this.#numbers[at]!;
    into.offset = this.#numbers[at + 1]!;
    into.length = this.#numbers[at + 2]!;
    return true;
  }

  /** Removes the oldest. */
  shift(): void {
    if (this.#count === 0) return;
    this.#head = (this.#head + 1) % (this.#numbers.length / 3);
    this.#count--;
  }

  /** Removes this request wherever it stands (`cancel`); whether it was there. */
  remove(piece: number, offset: number, length: number): boolean {
    const capacity = this.#numbers.length / 3;
    for (let i = 0; i < this.#count; i++) {
      const at = ((this.#head + i) % capacity) * 3;
      if (this.#numbers[at] !== piece || this.#numbers[at + 1] !== offset || this.#numbers[at + 2] !== length)
        continue;
      for (let j = i; j < this.#count - 1; j++) {
        const to = ((this.#head + j) % capacity) * 3;
        const from = ((this.#head + j + 1) % capacity) * 3;
        this.#numbers.copyWithin(to, from, from + 3);
      }
      this.#count--;
      return true;
    }
    return false;
  }

  clear(): void {
    this.#head = this.#count = 0;
  }

  #grow(): void {
    const capacity = this.#numbers.length / 3;
    const bigger = new Float64Array(this.#numbers.length * 2);
    for (let i = 0; i < this.#count; i++) {
      const from = ((this.#head + i) % capacity) * 3;
      bigger.set(this.#numbers.subarray(from, from + 3), i * 3);
    }
    this.#numbers = bigger;
    this.#head = 0;
  }
}
