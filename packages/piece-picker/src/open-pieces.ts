import { OpenPiece } from "./open-piece.ts";

/** Records of closed pieces that are kept for the next ones. */
const MAX_SPARE_RECORDS = 1_024;

/** The pieces that are open, or complete and being verified. */
export class OpenPieces {
  /** Those that are open, in no order. */
  readonly list: OpenPiece[] = [];
  /** Those of `list` with free blocks, in no order: what picks look through. */
  readonly hungry: OpenPiece[] = [];
  readonly #byPiece = new Map<number, OpenPiece>();
  readonly #spare: OpenPiece[] = [];
  readonly #blockCapacity: number;
  readonly #maxRequesters: number;

  constructor(blockCapacity: number, maxRequesters: number) {
    this.#blockCapacity = blockCapacity;
    this.#maxRequesters = maxRequesters;
  }

  /** Open or complete pieces. */
  get count(): number {
    return this.#byPiece.size;
  }

  get(piece: number): OpenPiece | undefined {
    return this.#byPiece.get(piece);
  }

  /** Open and complete ones. */
  records(): IterableIterator<OpenPiece> {
    return this.#byPiece.values();
  }

  open(piece: number, blockCount: number, owner: number, isExclusive: boolean, isParole: boolean): OpenPiece {
    const record = this.#spare.pop() ?? new OpenPiece(this.#blockCapacity, this.#maxRequesters);
    record.begin(piece, blockCount, owner, isExclusive, isParole);
    this.#byPiece.set(piece, record);
    record.listIndex = this.list.push(record) - 1;
    this.update(record);
    return record;
  }

  /** After the blocks of a piece changed: keeps it in the lists where it belongs. */
  update(record: OpenPiece): void {
    if (record.listIndex >= 0 && record.isComplete) this.#leaveList(record);
    const isHungry = record.listIndex >= 0 && record.freeCount > 0;
    if (isHungry === record.hungryIndex >= 0) return;
    if (isHungry) record.hungryIndex = this.hungry.push(record) - 1;
    else this.#leaveHungry(record);
  }

  close(record: OpenPiece): void {
    if (record.hungryIndex >= 0) this.#leaveHungry(record);
    if (record.listIndex >= 0) this.#leaveList(record);
    this.#byPiece.delete(record.piece);
    if (this.#spare.length < MAX_SPARE_RECORDS) this.#spare.push(record);
  }

  #leaveList(record: OpenPiece): void {
    const last = this.list.pop()!;
    if (last !== record) {
      this.list[record.listIndex] = last;
      last.listIndex = record.listIndex;
    }
    record.listIndex = -1;
  }

  #leaveHungry(record: OpenPiece): void {
    const last = this.hungry.pop()!;
    if (last !== record) {
      this.hungry[record.hungryIndex] = last;
      last.hungryIndex = record.hungryIndex;
    }
    record.hungryIndex = -1;
  }
}
