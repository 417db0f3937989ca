import type { Bitfield, PieceLayout } from "@bt/primitives";
import type { BlockBatch } from "./block-batch.ts";
import { ORPHAN, relationTo } from "./choose-open.ts";
import { explainPeer, explainPiece, type PeerExplanation, type PieceExplanation } from "./explain.ts";
import { MAX_REQUESTERS_LIMIT, type OpenPiece } from "./open-piece.ts";
import { OpenPieces } from "./open-pieces.ts";
import {
  DEFAULT_PICKER_OPTIONS,
  MAX_BLOCKS_PER_PIECE,
  type PickerOptions,
  type PickRules,
} from "./options.ts";
import { NOBODY, PeerTable, type Peer } from "./peer-table.ts";
import { PeerFields } from "./peer-fields.ts";
import { PickPass } from "./pick-pass.ts";
import type { PiecePriority } from "./piece-ranking.ts";
import { COMPLETE, HAD, OPEN } from "./piece-state.ts";
import { PieceTable } from "./piece-table.ts";
import { takeSnapshot, type PickerSnapshot } from "./snapshot.ts";

/**
 * Which block to ask which peer next. One per torrent; it knows pieces, blocks and peer slots, nothing of sockets, time
 * or bytes. STATE.md beside this file names the states of a piece and of a block and every move between them.
 *
 * Every method that takes a piece, a block or a slot throws RangeError when there is no such thing: what comes from the
 * wire is checked before.
 */
export class PiecePicker {
  readonly #layout: PieceLayout;
  readonly #options: Required<PickerOptions>;
  readonly #peers = new PeerTable();
  readonly #table: PieceTable;
  readonly #fields: PeerFields;
  readonly #open: OpenPieces;
  /** Pieces that failed and have to come from one peer alone. */
  readonly #parole = new Set<number>();
  readonly #pass: PickPass;

  /**
   * @param random numbers in [0, 1): equal ones give equal picks.
   * @throws RangeError for options out of range and for pieces of more than MAX_BLOCKS_PER_PIECE blocks.
   */
  constructor(layout: PieceLayout, random: () => number, options: PickerOptions = {}) {
    this.#layout = layout;
    this.#options = { ...DEFAULT_PICKER_OPTIONS, ...options };
    const { maxRequestersPerBlock, duplicatesPerPick, randomPieceCount, extentLength } = this.#options;
    requireInteger("maxRequestersPerBlock", maxRequestersPerBlock, 1, MAX_REQUESTERS_LIMIT);
    requireInteger("duplicatesPerPick", duplicatesPerPick, 0, Number.MAX_SAFE_INTEGER);
    requireInteger("randomPieceCount", randomPieceCount, 0, Number.MAX_SAFE_INTEGER);
    requireInteger("extentLength", extentLength, 0, Number.MAX_SAFE_INTEGER);
    let blockCapacity = 0;
    if (layout.pieceCount > 0) blockCapacity = layout.blockCountAt(0);
    if (layout.pieceCount > 1) blockCapacity = layout.blocksPerPiece;
    requireInteger("blocks per piece", blockCapacity, 0, MAX_BLOCKS_PER_PIECE);
    this.#table = new PieceTable(layout.pieceCount, this.#peers);
    this.#fields = new PeerFields(this.#table, this.#peers);
    this.#open = new OpenPieces(blockCapacity, maxRequestersPerBlock);
    this.#pass = new PickPass({
      table: this.#table,
      open: this.#open,
      random,
      options: this.#options,
      extentPieceCount: extentPieceCount(layout, extentLength),
      openPiece: (piece, slot, isExclusive) => this.#openPiece(piece, slot, isExclusive),
      isOnParole: (piece) => this.#parole.has(piece),
      drop: (record) => this.#drop(record),
    });
  }

  // Peers

  /**
   * A new peer that has nothing yet. A slot is used again after `removePeer`, but not while `sendersOf` could still name
   * the one who left.
   */
  addPeer(): number {
    return this.#peers.add();
  }

  /**
   * The peer is gone: what it had no longer counts, its requests are released, its pieces go to others. A piece on
   * parole that it had begun is dropped.
   */
  removePeer(slot: number): void {
    const peer = this.#peers.get(slot);
    this.#fields.forget(peer);
    for (const record of this.#open.records()) {
      if (peer.requestCount > 0) this.#releaseAll(peer, slot, record);
      if (record.owner !== slot) continue;
      record.owner = NOBODY;
      record.isExclusive = false;
      if (record.isParole && !record.isComplete) this.#drop(record);
    }
    this.#peers.remove(slot);
  }

  /** What the peer has, instead of what was known before. The field is copied. */
  peerBitfield(slot: number, field: Bitfield): void {
    const peer = this.#peers.get(slot);
    if (field.length !== this.#table.pieceCount)
      throw new RangeError(`bitfield of ${field.length} for ${this.#table.pieceCount} pieces`);
    this.#fields.replace(peer, field);
  }

  /** The peer has every piece. O(1) for a peer that is new. */
  peerHasAll(slot: number): void {
    this.#fields.replaceByAll(this.#peers.get(slot));
  }

  /** The peer got `piece`. Returns whether that is news. */
  peerHave(slot: number, piece: number): boolean {
    this.#requirePiece(piece);
    if (this.#peers.has(slot, piece)) return false;
    this.#fields.add(this.#peers.get(slot), piece);
    return true;
  }

  /**
   * The peer has `piece` no more (BEP 54 "lt_donthave"). Returns whether it had. The first time it costs O(pieces) for a
   * peer that had all. Requests for the piece stay until they are released.
   */
  peerDontHave(slot: number, piece: number): boolean {
    this.#requirePiece(piece);
    if (!this.#peers.has(slot, piece)) return false;
    this.#fields.remove(this.#peers.get(slot), piece);
    return true;
  }

  peerHas(slot: number, piece: number): boolean {
    return this.#layout.isPiece(piece) && this.#peers.has(slot, piece);
  }

  isPeerSeed(slot: number): boolean {
    return this.#peers.get(slot).pieceCount === this.#table.pieceCount;
  }

  peerPieceCount(slot: number): number {
    return this.#peers.get(slot).pieceCount;
  }

  /** Requests to the peer that were neither answered nor released, those of forgotten pieces left out. */
  peerRequestCount(slot: number): number {
    return this.#peers.get(slot).requestCount;
  }

  /** Whether the peer has a wanted piece that we have not. O(1). */
  isInteresting(slot: number): boolean {
    return this.#table.interestingCountOf(this.#peers.get(slot)) > 0;
  }

  // Pieces

  /** The piece is had already, e.g. by the resume data. */
  markHave(piece: number): void {
    this.#requirePiece(piece);
    const record = this.#open.get(piece);
    if (record !== undefined && !record.isComplete) this.#drop(record);
    this.verified(piece);
  }

  /** The piece was had, but its data is gone or bad: it is missing (or unwanted) again. */
  markLost(piece: number): void {
    this.#requirePiece(piece);
    if (this.#table.stateOf(piece) === HAD) this.#table.move(piece, this.#table.restingState(piece));
  }

  /**
   * 0 = unwanted, 1 = last, 4 = normal (at first all are), 7 = before everything else. At 0 an open piece is dropped at
   * once: its memory is worth more than its blocks. A complete one is still verified.
   */
  setPriority(piece: number, priority: PiecePriority): void {
    this.#requirePiece(piece);
    requireInteger("priority", priority, 0, 7);
    const record = this.#open.get(piece);
    if (priority === 0 && record !== undefined && !record.isComplete) this.#drop(record);
    this.#table.setPriority(piece, priority);
  }

  priorityOf(piece: number): PiecePriority {
    this.#requirePiece(piece);
    return this.#table.ranking.priorityOf(piece);
  }

  /**
   * Among pieces of equal priority: the first one instead of the rarest, for someone who reads while it downloads. It is
   * bad for the swarm, and so off unless asked for.
   */
  setSequential(isSequential: boolean): void {
    this.#pass.isSequential = isSequential;
  }

  /** The piece's hash was right and its bytes are written. */
  verified(piece: number): void {
    this.#requirePiece(piece);
    this.#parole.delete(piece);
    this.#close(piece);
    this.#table.move(piece, HAD);
  }

  /**
   * The piece's hash was wrong: its blocks are forgotten. `exclusive` puts it on parole: it is downloaded again from one
   * peer alone, so that a second failure has one culprit (libtorrent's "parole mode").
   */
  failed(piece: number, { exclusive }: { readonly exclusive: boolean }): void {
    this.#requirePiece(piece);
    if (this.#table.stateOf(piece) === HAD) return;
    if (exclusive) this.#parole.add(piece);
    else this.#parole.delete(piece);
    this.abandon(piece);
  }

  /** Forgets the blocks of an open or complete piece: its buffer was taken away, or could not be had or written. */
  abandon(piece: number): void {
    this.#requirePiece(piece);
    if (!this.#close(piece)) return;
    this.#table.move(piece, this.#table.restingState(piece));
  }

  /** Peers that have the piece, seeds included. */
  availabilityOf(piece: number): number {
    this.#requirePiece(piece);
    return this.#table.availabilityOf(piece);
  }

  /** Whether every block was received; still so when the piece is had. */
  isPieceComplete(piece: number): boolean {
    this.#requirePiece(piece);
    return this.#table.stateOf(piece) >= COMPLETE;
  }

  /** Who sent blocks of an open or complete piece, each once: whom to blame if it fails. Some may have left since. */
  sendersOf(piece: number): readonly number[] {
    this.#requirePiece(piece);
    const senders: number[] = [];
    const record = this.#open.get(piece);
    for (let block = 0; block < (record?.blockCount ?? 0); block++)
      if (record!.isReceived(block) && !senders.includes(record!.senderOf(block)))
        senders.push(record!.senderOf(block));
    return senders;
  }

  // Blocks

  /**
   * Chooses up to `maxCount` blocks to request from the peer now, as far as `batch` has room, appends them to `batch`
   * and marks them requested. Returns how many. 0 means that there is nothing for this peer under these rules until
   * something changes.
   */
  pick(slot: number, maxCount: number, batch: BlockBatch, rules: PickRules): number {
    return this.#pass.run(slot, this.#peers.get(slot), maxCount, batch, rules);
  }

  /**
   * A block came from `slot`. "accepted": the first copy, to be kept. "duplicate": there is one already. "unwanted": the
   * piece is not open (unwanted, dropped or abandoned meanwhile), or is on parole with another peer. A block that was
   * never requested is accepted just so: whether that is allowed is the caller's to judge.
   */
  received(slot: number, piece: number, block: number): "accepted" | "duplicate" | "unwanted" {
    const peer = this.#peers.get(slot);
    this.#requireBlock(piece, block);
    const record = this.#open.get(piece);
    if (record === undefined) return this.#table.stateOf(piece) === HAD ? "duplicate" : "unwanted";
    const isDuplicate = record.isReceived(block);
    const isForeign = record.isParole && relationTo(record, slot) < ORPHAN;
    if (!isDuplicate && !isForeign) {
      record.receive(slot, block);
      this.#peers.addSentBlock(slot);
    }
    if (record.unrequest(slot, block)) peer.requestCount--;
    this.#open.update(record);
    if (record.isComplete) this.#table.move(piece, COMPLETE);
    return isDuplicate ? "duplicate" : isForeign ? "unwanted" : "accepted";
  }

  /**
   * The request of this block to `slot` was rejected, cancelled or timed out: the block may be asked of others. Returns
   * whether the picker knew of it. A peer that fails its piece like this loses the right to have it alone.
   */
  release(slot: number, piece: number, block: number): boolean {
    const peer = this.#peers.get(slot);
    this.#requireBlock(piece, block);
    const record = this.#open.get(piece);
    if (record === undefined || !record.unrequest(slot, block)) return false;
    peer.requestCount--;
    this.#open.update(record);
    if (record.owner === slot && !record.isReceived(block)) this.#disown(record);
    return true;
  }

  /**
   * The peers that the block is requested of: whom to send a cancel when it has come. Allocates nothing when there are
   * none, as is usual then.
   */
  requestersOf(piece: number, block: number): readonly number[] {
    const record = this.#open.get(piece);
    const count = this.requestCount(piece, block);
    if (count === 0) return NO_SLOTS;
    return Array.from({ length: count }, (_, index) => record!.requesterAt(block, index));
  }

  /** Requests for the block, those to peers which were too slow included, until they are released. */
  requestCount(piece: number, block: number): number {
    this.#requireBlock(piece, block);
    return this.#open.get(piece)?.requestCount(block) ?? 0;
  }

  isReceived(piece: number, block: number): boolean {
    this.#requireBlock(piece, block);
    return this.#table.stateOf(piece) === HAD || (this.#open.get(piece)?.isReceived(block) ?? false);
  }

  // The whole

  /** The pieces that we have. Not to be changed. */
  get have(): Bitfield {
    return this.#table.have;
  }

  /** Wanted pieces that we have not, whatever their state. */
  get missingCount(): number {
    return this.#table.wantedCount;
  }

  /** Pieces on their way, those being verified included: so many buffers are out. */
  get openCount(): number {
    return this.#open.count;
  }

  /** Whether we have all wanted pieces. */
  get isComplete(): boolean {
    return this.#table.wantedCount === 0;
  }

  /** Whether every missing block of every wanted piece is in flight, and there are such. */
  get inEndgame(): boolean {
    return this.#pass.inEndgame;
  }

  /** Why the piece is where it is. */
  explainPiece(piece: number): PieceExplanation {
    this.#requirePiece(piece);
    return explainPiece(
      piece,
      this.#table,
      this.#open.get(piece),
      this.#parole.has(piece),
      this.sendersOf(piece),
    );
  }

  /** Why a pick for the peer would, or would not, find something, if more pieces may be opened. */
  explainPeer(slot: number): PeerExplanation {
    return explainPeer(slot, this.#peers.get(slot), this.#table, this.#open, this.inEndgame);
  }

  snapshot(): PickerSnapshot {
    return takeSnapshot(this.#table, this.#open, this.#peers, this.inEndgame);
  }

  #openPiece(piece: number, slot: number, isExclusive: boolean): OpenPiece {
    this.#table.move(piece, OPEN);
    const isParole = this.#parole.has(piece);
    this.#peers.get(slot).lastOpened = piece;
    return this.#open.open(piece, this.#layout.blockCountAt(piece), slot, isExclusive, isParole);
  }

  /** Forgets an open piece without having been told to. */
  #drop(record: OpenPiece): void {
    const { piece } = record;
    this.#options.onDropped(piece);
    this.abandon(piece);
  }

  #close(piece: number): boolean {
    const record = this.#open.get(piece);
    if (record === undefined) return false;
    for (let block = 0; block < record.blockCount; block++) {
      const requestCount = record.requestCount(block);
      for (let i = 0; i < requestCount; i++) this.#peers.removeRequest(record.requesterAt(block, i));
      if (record.isReceived(block)) this.#peers.removeSentBlock(record.senderOf(block));
    }
    this.#open.close(record);
    return true;
  }

  #releaseAll(peer: Peer, slot: number, record: OpenPiece): void {
    for (let block = 0; block < record.blockCount; block++)
      if (record.unrequest(slot, block)) peer.requestCount--;
    this.#open.update(record);
  }

  /** On parole the owner stays one until it has nothing in flight: others would have to begin from scratch. */
  #disown(record: OpenPiece): void {
    if (record.isParole && record.requestedCount > 0) return;
    record.owner = NOBODY;
    record.isExclusive = false;
  }

  #requirePiece(piece: number): void {
    if (!this.#layout.isPiece(piece)) throw new RangeError(`piece ${piece} of ${this.#table.pieceCount}`);
  }

  #requireBlock(piece: number, block: number): void {
    this.#requirePiece(piece);
    if (!(Number.isInteger(block) && block >= 0 && block < this.#layout.blockCountAt(piece)))
      throw new RangeError(`block ${block} of piece ${piece}`);
  }
}

/** Extents are few pieces of a torrent, lest all newcomers of a small one begin at the same place. */
function extentPieceCount({ pieceCount, pieceLength }: PieceLayout, extentLength: number): number {
  return Math.max(
    1,
    Math.min(Math.floor(extentLength / pieceLength), Math.floor(pieceCount / MIN_EXTENT_COUNT)),
  );
}

const MIN_EXTENT_COUNT = 16;

const NO_SLOTS: readonly number[] = Object.freeze([]);

function requireInteger(name: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max)
    throw new RangeError(`${name} ${value}: ${min} to ${max}`);
}
