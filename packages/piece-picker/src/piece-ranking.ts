import type { PieceSet } from "./piece-set.ts";
import { RarityOrder } from "./rarity-order.ts";

/** 0 = unwanted, 1 = last of all, 4 = normal, 7 = before everything else. */
export type PiecePriority = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7;

export const NORMAL_PRIORITY: PiecePriority = 4;
export const HIGHEST_PRIORITY: PiecePriority = 7;

/** One move costs about as much as eight pieces of a rebuild: it touches memory in no order. */
const PIECES_PER_MOVE = 8;
/** Below this many moves a rebuild is never worth the thought. */
const MIN_MOVES_BEFORE_REBUILD = 64;

/**
 * Priority and availability of every piece, and the missing ones sorted by both.
 *
 * Single changes move single pieces. When more changes come between two picks than a rebuild costs (a peer's bitfield,
 * a peer that leaves, a whole file's priority), the order is left to rot and built anew by the next pick.
 */
export class PieceRanking {
  readonly #priorities: Uint8Array;
  /** Peers that have the piece, without those that are counted as seeds. Slots fit 16 bits, so this does as well. */
  readonly #availabilities: Uint16Array;
  readonly #positions: Int32Array;
  readonly #orders: (RarityOrder | undefined)[] = [];
  readonly #missing: PieceSet;
  readonly #moveLimit: number;
  #moveCount = 0;
  #isStale = true;

  /** `missing` is the caller's set of missing pieces; `insert` and `remove` follow changes of it. */
  constructor(pieceCount: number, missing: PieceSet) {
    this.#priorities = new Uint8Array(pieceCount).fill(NORMAL_PRIORITY);
    this.#availabilities = new Uint16Array(pieceCount);
    this.#positions = new Int32Array(pieceCount);
    this.#missing = missing;
    this.#moveLimit = Math.max(MIN_MOVES_BEFORE_REBUILD, Math.floor(pieceCount / PIECES_PER_MOVE));
  }

  priorityOf(piece: number): PiecePriority {
    return this.#priorities[piece]! as PiecePriority;
  }

  /** Without seeds. */
  availabilityOf(piece: number): number {
    return this.#availabilities[piece]!;
  }

  /** The missing pieces of `priority` (1 to 7), rarest first. Valid after `settle` until the next change. */
  orderOf(priority: number): RarityOrder {
    return (this.#orders[priority] ??= new RarityOrder(this.#positions));
  }

  /** One more peer has `piece`. */
  raise(piece: number): void {
    const level = this.#availabilities[piece]!++;
    if (this.#missing.has(piece) && this.#mayMove(1))
      this.orderOf(this.#priorities[piece]!).raise(piece, level);
  }

  /** One peer less has `piece`. */
  lower(piece: number): void {
    const level = this.#availabilities[piece]!--;
    if (this.#missing.has(piece) && this.#mayMove(1))
      this.orderOf(this.#priorities[piece]!).lower(piece, level);
  }

  /** One more peer, which has the `count` pieces of `set`. */
  raiseAll(set: PieceSet, count: number): void {
    const isMoved = this.#mayMove(count, 0);
    const availabilities = this.#availabilities;
    for (let piece = set.next(0); piece >= 0; piece = set.next(piece + 1))
      if (isMoved) this.raise(piece);
      else availabilities[piece]!++;
  }

  /** The peer which has the `count` pieces of `set` is gone. */
  lowerAll(set: PieceSet, count: number): void {
    const isMoved = this.#mayMove(count, 0);
    const availabilities = this.#availabilities;
    for (let piece = set.next(0); piece >= 0; piece = set.next(piece + 1))
      if (isMoved) this.lower(piece);
      else availabilities[piece]!--;
  }

  /** `piece` was put into the missing set. */
  insert(piece: number): void {
    const order = this.orderOf(this.#priorities[piece]!);
    if (this.#mayMove(order.levelCount)) order.insert(piece, this.#availabilities[piece]!);
  }

  /** `piece` was taken out of the missing set. */
  remove(piece: number): void {
    const order = this.orderOf(this.#priorities[piece]!);
    if (this.#mayMove(order.levelCount)) order.remove(piece, this.#availabilities[piece]!);
  }

  /** Only for a piece that is not in the missing set. */
  setPriority(piece: number, priority: PiecePriority): void {
    this.#priorities[piece] = priority;
  }

  /** Brings the order up to date: before a pick looks at it. */
  settle(): void {
    this.#moveCount = 0;
    if (!this.#isStale) return;
    this.#isStale = false;
    for (const order of this.#orders) order?.beginRebuild();
    const missing = this.#missing;
    for (let piece = missing.next(0); piece >= 0; piece = missing.next(piece + 1))
      this.orderOf(this.#priorities[piece]!).tally(this.#availabilities[piece]!);
    for (const order of this.#orders) order?.layOut();
    for (let piece = missing.next(0); piece >= 0; piece = missing.next(piece + 1))
      this.#orders[this.#priorities[piece]!]!.place(piece, this.#availabilities[piece]!);
  }

  /** Whether the order is kept up to date by moves; `planned` moves count, of which `done` are made now. */
  #mayMove(planned: number, done: number = planned): boolean {
    if (this.#isStale) return false;
    if (this.#moveCount + planned > this.#moveLimit) this.#isStale = true;
    else this.#moveCount += done;
    return !this.#isStale;
  }
}
