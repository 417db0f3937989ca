const FIRST_SLOT_COUNT = 128;

/**
 * Which row an address stands in, for a swarm that is too large to be looked through: open addressing with linear
 * probing, at most half full, 8 to 16 bytes a peer. The key is the address without its port, so that the peers of one address
 * stand side by side and can be counted. Keys are the owner's: it says the hash of each row.
 */
export class EndpointIndex {
  /** Row + 1; 0 = empty. */
  #slots = new Uint32Array(FIRST_SLOT_COUNT);
  #count = 0;
  readonly #hashOfRow: (row: number) => number;

  constructor(hashOfRow: (row: number) => number) {
    this.#hashOfRow = hashOfRow;
  }

  get byteLength(): number {
    return this.#slots.byteLength;
  }

  /** The first place to look at for a hash; then `next`. */
  start(hash: number): number {
    return hash & (this.#slots.length - 1);
  }

  next(slot: number): number {
    return (slot + 1) & (this.#slots.length - 1);
  }

  /** The row in a slot, or -1 where the search ends. */
  rowAt(slot: number): number {
    return this.#slots[slot]! - 1;
  }

  add(row: number): void {
    this.#count++;
    if (2 * this.#count > this.#slots.length) this.#grow();
    this.#put(row);
  }

  remove(row: number): void {
    let hole = this.#slotOf(row);
    this.#count--;
    // Entries behind the hole come forward, unless they would come before their own first place.
    for (let slot = this.next(hole); this.#slots[slot] !== 0; slot = this.next(slot)) {
      const home = this.start(this.#hashOfRow(this.#slots[slot]! - 1));
      const mask = this.#slots.length - 1;
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      this.#slots[hole] = this.#slots[slot]!;
      hole = slot;
    }
    this.#slots[hole] = 0;
  }

  /** Two rows change places; to be told before their bytes do. */
  swap(one: number, other: number): void {
    const slotOfOne = this.#slotOf(one);
    const slotOfOther = this.#slotOf(other);
    this.#slots[slotOfOne] = other + 1;
    this.#slots[slotOfOther] = one + 1;
  }

  #slotOf(row: number): number {
    let slot = this.start(this.#hashOfRow(row));
    while (this.#slots[slot] !== row + 1) slot = this.next(slot);
    return slot;
  }

  #put(row: number): void {
    let slot = this.start(this.#hashOfRow(row));
    while (this.#slots[slot] !== 0) slot = this.next(slot);
    this.#slots[slot] = row + 1;
  }

  #grow(): void {
    const before = this.#slots;
    this.#slots = new Uint32Array(2 * before.length);
    for (const link of before) if (link !== 0) this.#put(link - 1);
  }
}
