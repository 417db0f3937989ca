import { Bitfield, BLOCK_LENGTH, PieceLayout } from "@bt/primitives";
import {
  BlockBatch,
  PiecePicker,
  type PieceStateName,
  type PiecePriority,
  type PickRules,
} from "@bt/piece-picker";
import { expect } from "vitest";

/** Numbers in [0, 1) from a seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function layoutOf(
  pieceCount: number,
  blocksPerPiece: number,
  lastBlockCount = blocksPerPiece,
): PieceLayout {
  const pieceLength = blocksPerPiece * BLOCK_LENGTH;
  return new PieceLayout({
    pieceLength,
    totalLength: (pieceCount - 1) * pieceLength + lastBlockCount * BLOCK_LENGTH,
  });
}

export function fieldOf(pieceCount: number, pieces: Iterable<number>): Bitfield {
  const field = new Bitfield(pieceCount);
  for (const piece of pieces) field.set(piece);
  return field;
}

interface ModelBlock {
  sender: number | undefined;
  requesters: Set<number>;
}

interface ModelPiece {
  state: PieceStateName;
  priority: PiecePriority;
  isParole: boolean;
  blocks: ModelBlock[];
}

/**
 * The picker beside the plainest possible account of the same facts, in sets and loops. Every step is made on both, and
 * `check` compares all that can be seen.
 */
export class PickerModel {
  readonly picker: PiecePicker;
  readonly pieces: ModelPiece[];
  readonly peers = new Map<number, Set<number>>();
  readonly layout: PieceLayout;
  readonly maxRequesters: number;
  readonly randomPieceCount: number;
  /** Slots that may still be named as senders must not be given away. */
  duplicateCount = 0;

  constructor(
    layout: PieceLayout,
    random: () => number,
    {
      maxRequestersPerBlock = 2,
      randomPieceCount = 4,
    }: { maxRequestersPerBlock?: number; randomPieceCount?: number },
  ) {
    this.layout = layout;
    this.maxRequesters = maxRequestersPerBlock;
    this.randomPieceCount = randomPieceCount;
    this.picker = new PiecePicker(layout, random, {
      maxRequestersPerBlock,
      randomPieceCount,
      onDropped: (piece) => {
        expect(this.pieces[piece]!.state).toBe("open");
        this.#reset(piece);
      },
    });
    this.pieces = Array.from({ length: layout.pieceCount }, () => ({
      state: "missing",
      priority: 4,
      isParole: false,
      blocks: [],
    }));
  }

  // What happens

  addPeer(): number {
    const slot = this.picker.addPeer();
    expect(this.peers.has(slot)).toBe(false);
    for (const piece of this.pieces) for (const block of piece.blocks) expect(block.sender).not.toBe(slot);
    this.peers.set(slot, new Set());
    return slot;
  }

  removePeer(slot: number): void {
    this.picker.removePeer(slot);
    this.peers.delete(slot);
    for (const piece of this.pieces) for (const block of piece.blocks) block.requesters.delete(slot);
  }

  bitfield(slot: number, pieces: readonly number[]): void {
    this.picker.peerBitfield(slot, fieldOf(this.layout.pieceCount, pieces));
    this.peers.set(slot, new Set(pieces));
  }

  hasAll(slot: number): void {
    this.picker.peerHasAll(slot);
    this.peers.set(slot, new Set(this.pieces.keys()));
  }

  have(slot: number, piece: number): void {
    expect(this.picker.peerHave(slot, piece)).toBe(!this.peers.get(slot)!.has(piece));
    this.peers.get(slot)!.add(piece);
  }

  dontHave(slot: number, piece: number): void {
    expect(this.picker.peerDontHave(slot, piece)).toBe(this.peers.get(slot)!.delete(piece));
  }

  setPriority(piece: number, priority: PiecePriority): void {
    this.picker.setPriority(piece, priority);
    const model = this.pieces[piece]!;
    model.priority = priority;
    if (model.state === "missing" || model.state === "unwanted") this.#reset(piece);
  }

  receive(slot: number, piece: number, block: number): void {
    const model = this.pieces[piece]!;
    const target = model.blocks[block];
    let expected = "unwanted";
    if (model.state === "had" || (target !== undefined && target.sender !== undefined))
      expected = "duplicate";
    else if (model.state === "open") {
      const owner = this.picker.explainPiece(piece).owner;
      const senders = new Set(
        model.blocks.map((each) => each.sender).filter((sender) => sender !== undefined),
      );
      const isMine = owner === slot || (owner === undefined && (senders.size === 0 || senders.has(slot)));
      expected = !model.isParole || isMine ? "accepted" : "unwanted";
    }
    expect(this.picker.received(slot, piece, block)).toBe(expected);
    target?.requesters.delete(slot);
    if (expected === "accepted") target!.sender = slot;
    if (model.state === "open" && model.blocks.every((each) => each.sender !== undefined))
      model.state = "complete";
  }

  release(slot: number, piece: number, block: number): void {
    const wasRequested = this.pieces[piece]!.blocks[block]?.requesters.delete(slot) ?? false;
    expect(this.picker.release(slot, piece, block)).toBe(wasRequested);
  }

  verified(piece: number): void {
    this.picker.verified(piece);
    this.#become(piece, "had");
    this.pieces[piece]!.isParole = false;
  }

  failed(piece: number, exclusive: boolean): void {
    this.picker.failed(piece, { exclusive });
    const model = this.pieces[piece]!;
    if (model.state === "had") return;
    model.isParole = exclusive;
    this.#reset(piece);
  }

  abandon(piece: number): void {
    this.picker.abandon(piece);
    if (this.#isRecorded(piece)) this.#reset(piece);
  }

  markHave(piece: number): void {
    this.picker.markHave(piece);
    this.#become(piece, "had");
    this.pieces[piece]!.isParole = false;
  }

  markLost(piece: number): void {
    this.picker.markLost(piece);
    if (this.pieces[piece]!.state === "had") this.#reset(piece);
  }

  pick(slot: number, maxCount: number, rules: PickRules, batch = new BlockBatch(64)): number {
    const before = batch.count;
    const wasInEndgame = this.inEndgame;
    const requestsBefore = this.requestCountOf(slot);
    const stateBefore = this.pieces.map((piece) => piece.state);
    const missingBefore = this.#missingOf(slot);
    const hadCount = this.pieces.filter((piece) => piece.state === "had").length;
    const count = this.picker.pick(slot, maxCount, batch, rules);
    expect(batch.count).toBe(before + count);
    expect(count).toBeLessThanOrEqual(maxCount);
    let openedCount = 0;
    let duplicateCount = 0;
    for (let i = before; i < batch.count; i++) {
      const piece = batch.pieces[i]!;
      const block = batch.blocks[i]!;
      const model = this.pieces[piece]!;
      same(this.peers.get(slot)!.has(piece), true, "the peer has it");
      same(model.priority > 0, true, "it is wanted");
      if (rules.allowedFast !== undefined) expect(rules.allowedFast).toContain(piece);
      if (model.state === "missing") {
        // A restart of a piece on parole is not a new piece: it was open and was dropped within this pick.
        if (stateBefore[piece] === "missing") {
          openedCount++;
          if (rules.allowedFast === undefined && hadCount >= this.randomPieceCount) {
            for (const other of missingBefore)
              same(this.#rankOf(other) >= this.#rankOf(piece), true, "rarest first");
            missingBefore.delete(piece);
          }
        }
        this.#open(piece);
      }
      same(model.state, "open", "state of a picked piece");
      const target = model.blocks[block]!;
      same(target.sender, undefined, "sender of a picked block");
      same(target.requesters.has(slot), false, "asked twice");
      if (target.requesters.size > 0) duplicateCount++;
      target.requesters.add(slot);
      same(target.requesters.size <= this.maxRequesters, true, "requesters within the cap");
      for (let lower = 0; lower < block; lower++)
        if (duplicateCount === 0) same(isFree(model.blocks[lower]!), false, "blocks in rising order");
    }
    expect(openedCount).toBeLessThanOrEqual(rules.mayOpenPiece ? (rules.maxNewPieceCount ?? 1) : 0);
    if (duplicateCount > 0) {
      expect(wasInEndgame).toBe(true);
      expect(requestsBefore).toBe(0);
      expect([count, duplicateCount]).toEqual([1, 1]);
    }
    if (count === 0 && maxCount > 0 && rules.mayOpenPiece && rules.allowedFast === undefined)
      expect(this.#couldPick(slot)).toBe(false);
    this.duplicateCount += duplicateCount;
    return count;
  }

  // What is so

  get inEndgame(): boolean {
    const isBusy = this.pieces.some((piece) => piece.state === "open");
    const hasFree = this.pieces.some((piece) => piece.state === "missing" || piece.blocks.some(isFree));
    return isBusy && !hasFree;
  }

  requestCountOf(slot: number): number {
    let count = 0;
    for (const piece of this.pieces)
      for (const block of piece.blocks) if (block.requesters.has(slot)) count++;
    return count;
  }

  requests(): { slot: number; piece: number; block: number }[] {
    return this.pieces.flatMap(({ blocks }, piece) =>
      blocks.flatMap(({ requesters }, block) => [...requesters].map((slot) => ({ slot, piece, block }))),
    );
  }

  check(): void {
    const { picker, pieces, peers } = this;
    const wanted = [...pieces.keys()].filter((i) => pieces[i]!.priority > 0 && pieces[i]!.state !== "had");
    const countOf = (state: PieceStateName): number => pieces.filter((piece) => piece.state === state).length;
    const snapshot = picker.snapshot();
    same(picker.missingCount, wanted.length, "missingCount");
    same(picker.isComplete, wanted.length === 0, "isComplete");
    same(picker.inEndgame, this.inEndgame, "inEndgame");
    same(picker.openCount, countOf("open") + countOf("complete"), "openCount");
    same(snapshot.haveCount, countOf("had"), "had");
    same(snapshot.wantedCount, wanted.length, "wanted");
    same(snapshot.missingCount, countOf("missing"), "missing");
    same(snapshot.openCount, countOf("open"), "open");
    same(snapshot.completeCount, countOf("complete"), "complete");
    same(snapshot.peerCount, peers.size, "peers");
    for (const [slot, has] of peers) {
      const explained = picker.explainPeer(slot);
      same(picker.peerPieceCount(slot), has.size, "peerPieceCount");
      same(picker.isPeerSeed(slot), has.size === pieces.length, "isPeerSeed");
      same(picker.isInteresting(slot), explained.interestingCount > 0, "isInteresting");
      same(explained.interestingCount, wanted.filter((piece) => has.has(piece)).length, "interesting pieces");
      same(explained.missingCount, this.#missingOf(slot).size, "missing pieces of the peer");
      same(picker.peerRequestCount(slot), this.requestCountOf(slot), "peerRequestCount");
      for (const piece of pieces.keys()) same(picker.peerHas(slot, piece), has.has(piece), "peerHas");
    }
    for (const [piece, model] of pieces.entries()) this.#checkPiece(piece, model);
  }

  #checkPiece(piece: number, model: ModelPiece): void {
    const { picker } = this;
    const { blocks, state, priority, isParole } = model;
    const received = blocks.filter((block) => block.sender !== undefined);
    const requested = blocks.filter((block) => block.sender === undefined && block.requesters.size > 0);
    const senders = new Set(received.map((block) => block.sender!));
    const explained = picker.explainPiece(piece);
    same(explained.state, state, `state of ${piece}`);
    same(explained.priority, priority, `priority of ${piece}`);
    same(explained.isParole, isParole, `parole of ${piece}`);
    same(explained.availability, this.#availabilityOf(piece), `availability of ${piece}`);
    same(explained.freeCount, blocks.filter(isFree).length, `free blocks of ${piece}`);
    same(explained.requestedCount, requested.length, `requested blocks of ${piece}`);
    same(explained.receivedCount, received.length, `received blocks of ${piece}`);
    same(sorted(explained.senders), sorted(senders), `senders of ${piece}`);
    same(picker.have.has(piece), state === "had", `have ${piece}`);
    same(picker.isPieceComplete(piece), state === "had" || state === "complete", `isPieceComplete ${piece}`);
    if (isParole) {
      const involved = new Set(senders);
      for (const block of blocks) for (const slot of block.requesters) involved.add(slot);
      same(involved.size <= 1, true, `one peer for ${piece} on parole`);
    }
    for (let block = 0; block < this.layout.blockCountAt(piece); block++) {
      const { requesters, sender } = blocks[block] ?? { requesters: new Set<number>(), sender: undefined };
      const where = `${piece}:${block}`;
      same(picker.isReceived(piece, block), state === "had" || sender !== undefined, `isReceived ${where}`);
      same(picker.requestCount(piece, block), requesters.size, `requestCount ${where}`);
      same(sorted(picker.requestersOf(piece, block)), sorted(requesters), `requesters of ${where}`);
    }
  }

  #missingOf(slot: number): Set<number> {
    return new Set([...this.peers.get(slot)!].filter((piece) => this.pieces[piece]!.state === "missing"));
  }

  #availabilityOf(piece: number): number {
    return [...this.peers.values()].filter((has) => has.has(piece)).length;
  }

  /** Lower goes first. */
  #rankOf(piece: number): number {
    return (7 - this.pieces[piece]!.priority) * 1_000 + this.#availabilityOf(piece);
  }

  /** Whether there is a block that `slot` is free to take. Pieces on parole are their owner's. */
  #couldPick(slot: number): boolean {
    return [...this.peers.get(slot)!].some((piece) => {
      const { state, blocks, isParole } = this.pieces[piece]!;
      const owner = this.picker.explainPiece(piece).owner;
      if (state === "missing") return true;
      return blocks.some(isFree) && (!isParole || owner === slot || owner === undefined);
    });
  }

  #isRecorded(piece: number): boolean {
    return this.pieces[piece]!.state === "open" || this.pieces[piece]!.state === "complete";
  }

  #open(piece: number): void {
    this.#become(piece, "open");
    this.pieces[piece]!.blocks = Array.from({ length: this.layout.blockCountAt(piece) }, () => ({
      sender: undefined,
      requesters: new Set(),
    }));
  }

  #reset(piece: number): void {
    this.#become(piece, this.pieces[piece]!.priority > 0 ? "missing" : "unwanted");
  }

  #become(piece: number, state: PieceStateName): void {
    this.pieces[piece]!.state = state;
    this.pieces[piece]!.blocks = [];
  }
}

function isFree(block: ModelBlock): boolean {
  return block.sender === undefined && block.requesters.size === 0;
}

/** `expect` for the inmost loops: it costs nothing while all is well. */
function same(actual: unknown, expected: unknown, what: string): void {
  if (actual !== expected) expect(actual, what).toBe(expected);
}

function sorted(slots: Iterable<number>): string {
  return [...slots].sort((a, b) => a - b).join();
}
