import type { BlockBatch } from "./block-batch.ts";
import { chooseBusy, type BusyChoice } from "./choose-busy.ts";
import { chooseMissing } from "./choose-missing.ts";
import {
  chooseOpen,
  FOREIGN,
  NONE,
  ORPHAN,
  OWN,
  relationTo,
  RESTART,
  SHARED,
  type OpenChoice,
} from "./choose-open.ts";
import { followExtent } from "./follow-extent.ts";
import type { OpenPiece } from "./open-piece.ts";
import type { OpenPieces } from "./open-pieces.ts";
import type { PickerOptions, PickRules } from "./options.ts";
import type { Peer } from "./peer-table.ts";
import type { PieceTable } from "./piece-table.ts";
import { MISSING } from "./piece-state.ts";

/** What a pick looks at and does. */
export interface PickPassParts {
  readonly table: PieceTable;
  readonly open: OpenPieces;
  readonly random: () => number;
  readonly options: Required<PickerOptions>;
  /** Neighbouring pieces that a fast peer is given one after the other. */
  readonly extentPieceCount: number;
  /** Moves a missing piece to "open". */
  readonly openPiece: (piece: number, slot: number, isExclusive: boolean) => OpenPiece;
  readonly isOnParole: (piece: number) => boolean;
  /** Moves an open piece back to "missing". */
  readonly drop: (record: OpenPiece) => void;
}

/** How often a peer that may not have pieces on parole is offered another piece in one pick. */
const PAROLE_TRIES = 4;

/**
 * One call of `pick`: puts the policies (chooseOpen, chooseMissing, chooseBusy) in order.
 *
 * 1. Of open pieces and missing ones, the highest priority goes first.
 * 2. At equal priority: the peer's own piece, then one that nobody owns; then a fast peer (`exclusive`) begins a new
 *    piece, while another joins shared open pieces before it begins a new one.
 * 3. With none of these: pieces that others keep for themselves; then pieces on parole that were given up, from scratch.
 * 4. With none of these, and nothing of this peer in flight: endgame.
 */
export class PickPass {
  /** New pieces in rising order instead of rarest first. */
  isSequential: boolean = false;
  readonly #parts: PickPassParts;
  readonly #choice: OpenChoice = { record: undefined, relation: NONE };
  readonly #busy: BusyChoice = { record: undefined, block: -1 };

  constructor(parts: PickPassParts) {
    this.#parts = parts;
  }

  /** Every missing block is in flight: neither missing pieces nor free blocks are left. */
  get inEndgame(): boolean {
    const { table, open } = this.#parts;
    return table.missingCount === 0 && open.hungry.length === 0 && open.list.length > 0;
  }

  run(slot: number, peer: Peer, maxCount: number, batch: BlockBatch, rules: PickRules): number {
    if (this.#parts.table.interestingCountOf(peer) === 0) return 0;
    const before = batch.count;
    const limit = Math.min(before + maxCount, batch.capacity);
    if (rules.allowedFast === undefined) this.#fill(slot, peer, limit, batch, rules);
    else this.#fillAllowed(slot, peer, limit, batch, rules, rules.allowedFast);
    return batch.count - before;
  }

  #fill(slot: number, peer: Peer, limit: number, batch: BlockBatch, rules: PickRules): void {
    const before = batch.count;
    let newPieceCount = rules.mayOpenPiece ? (rules.maxNewPieceCount ?? 1) : 0;
    while (batch.count < limit) {
      chooseOpen(this.#choice, this.#parts.open.hungry, this.#parts.table, peer, slot);
      const piece = newPieceCount > 0 ? this.#chooseNew(peer, rules) : -1;
      let record: OpenPiece | undefined;
      if (piece >= 0) {
        newPieceCount--;
        record = this.#parts.openPiece(piece, slot, rules.exclusive);
      } else record = this.#join(slot, rules);
      if (record === undefined) break;
      this.#take(record, slot, peer, limit, batch);
    }
    if (batch.count === before && peer.requestCount === 0) this.#duplicate(slot, peer, limit, batch);
  }

  /** The missing piece that goes before the open piece of `#choice`, or -1. */
  #chooseNew(peer: Peer, { exclusive, trusted }: PickRules): number {
    const { table, random, options } = this.#parts;
    const { record, relation } = this.#choice;
    let minPriority = 1;
    if (record !== undefined && relation >= SHARED) {
      const winsTie = relation === SHARED && exclusive;
      minPriority = table.ranking.priorityOf(record.piece) + (winsTie ? 0 : 1);
    }
    const needsAny = table.have.count < options.randomPieceCount;
    const choice = this.isSequential ? "sequential" : needsAny ? "random" : "rarest";
    if (trusted !== false) {
      const piece = chooseMissing(table, peer, random, choice, minPriority);
      if (piece < 0 || !exclusive || this.isSequential) return piece;
      return followExtent(table, peer, piece, this.#parts.extentPieceCount);
    }
    // Pieces on parole are few: when one comes up, another try finds another piece, as a rule.
    for (let tries = PAROLE_TRIES; tries > 0; tries--) {
      const piece = chooseMissing(
        table,
        peer,
        random,
        tries === PAROLE_TRIES ? choice : "random",
        minPriority,
      );
      if (piece < 0 || !this.#parts.isOnParole(piece)) return piece;
    }
    return -1;
  }

  /** Makes the open piece of `#choice` ready for blocks from `slot`. */
  #join(slot: number, { exclusive, trusted }: PickRules): OpenPiece | undefined {
    const { record, relation } = this.#choice;
    if (record === undefined || (trusted === false && record.isParole && relation !== OWN)) return undefined;
    if (relation === RESTART) {
      const { piece } = record;
      this.#parts.drop(record);
      return this.#parts.openPiece(piece, slot, exclusive);
    }
    if (relation === OWN || relation === ORPHAN) {
      record.owner = slot;
      record.isExclusive = exclusive;
    }
    return record;
  }

  #fillAllowed(
    slot: number,
    peer: Peer,
    limit: number,
    batch: BlockBatch,
    rules: PickRules,
    allowedFast: readonly number[],
  ): void {
    const { table, open } = this.#parts;
    let newPieceCount = rules.mayOpenPiece ? (rules.maxNewPieceCount ?? 1) : 0;
    for (const piece of allowedFast) {
      if (batch.count >= limit) return;
      if (!Number.isInteger(piece) || piece < 0 || piece >= table.pieceCount || !hasPiece(peer, piece))
        continue;
      const record = open.get(piece);
      if (record !== undefined) {
        if (record.freeCount === 0) continue;
        this.#choice.record = record;
        this.#choice.relation = relationTo(record, slot);
        if (this.#choice.relation < FOREIGN) continue;
        const joined = this.#join(slot, rules);
        if (joined !== undefined) this.#take(joined, slot, peer, limit, batch);
      } else if (
        table.stateOf(piece) === MISSING &&
        newPieceCount > 0 &&
        (rules.trusted !== false || !this.#parts.isOnParole(piece))
      ) {
        newPieceCount--;
        this.#take(this.#parts.openPiece(piece, slot, rules.exclusive), slot, peer, limit, batch);
      }
    }
  }

  #take(record: OpenPiece, slot: number, peer: Peer, limit: number, batch: BlockBatch): void {
    while (record.freeCount > 0 && batch.count < limit)
      append(batch, record.piece, record.requestNext(slot), peer);
    this.#parts.open.update(record);
  }

  #duplicate(slot: number, peer: Peer, limit: number, batch: BlockBatch): void {
    if (!this.inEndgame) return;
    const { open, random, options } = this.#parts;
    for (let left = options.duplicatesPerPick; left > 0 && batch.count < limit; left--) {
      chooseBusy(this.#busy, open.list, peer, slot, random);
      const { record, block } = this.#busy;
      if (record === undefined) return;
      record.request(slot, block);
      append(batch, record.piece, block, peer);
    }
  }
}

function append(batch: BlockBatch, piece: number, block: number, peer: Peer): void {
  batch.pieces[batch.count] = piece;
  batch.blocks[batch.count] = block;
  batch.count++;
  peer.requestCount++;
}

function hasPiece(peer: Peer, piece: number): boolean {
  return peer.isCountedAsSeed || (peer.field?.has(piece) ?? false);
}
