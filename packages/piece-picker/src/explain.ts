import { NONE, relationTo, RESTART } from "./choose-open.ts";
import type { OpenPiece } from "./open-piece.ts";
import type { OpenPieces } from "./open-pieces.ts";
import { NOBODY, type Peer } from "./peer-table.ts";
import type { PiecePriority } from "./piece-ranking.ts";
import { pieceStateName, type PieceStateName } from "./piece-state.ts";
import type { PieceTable } from "./piece-table.ts";

/** Why a piece is where it is. */
export type PieceReason =
  /** We have it. */
  | "had"
  /** Its priority is 0. */
  | "unwanted"
  /** All of it is here; the verdict on its hash, or its writing, is awaited. */
  | "being-verified"
  /** No peer we know has it (or, if it is open, the rest of it). */
  | "no-peer-has-it"
  /** Peers have it, but none of them was asked: other pieces go first, or those peers choke us, or memory is spent. */
  | "waiting-for-its-turn"
  /** Every block that has not come is requested. */
  | "in-flight"
  /** It failed before and comes from its owner alone, who was not yet asked for all of it. */
  | "reserved-for-its-owner"
  /** Some of its blocks are waiting for a peer with room for more requests. */
  | "waiting-for-requests";

export interface PieceExplanation {
  readonly piece: number;
  readonly state: PieceStateName;
  readonly reason: PieceReason;
  readonly priority: PiecePriority;
  /** Peers that have it, seeds included. */
  readonly availability: number;
  /** It failed before and has to come from one peer alone. */
  readonly isParole: boolean;
  /** The slot that goes on with it, if it is open and has one. */
  readonly owner: number | undefined;
  /** Others join the owner only when they have nothing else. */
  readonly isExclusive: boolean;
  /** Of an open or complete piece; a block is in exactly one of these. */
  readonly freeCount: number;
  readonly requestedCount: number;
  readonly receivedCount: number;
  /** Slots whose blocks are in it. */
  readonly senders: readonly number[];
}

export function explainPiece(
  piece: number,
  table: PieceTable,
  record: OpenPiece | undefined,
  isParole: boolean,
  senders: readonly number[],
): PieceExplanation {
  const availability = table.availabilityOf(piece);
  const state = pieceStateName(table.stateOf(piece));
  return {
    piece,
    state,
    reason: reasonOf(state, record, availability),
    priority: table.ranking.priorityOf(piece),
    availability,
    isParole,
    owner: record === undefined || record.owner === NOBODY ? undefined : record.owner,
    isExclusive: record?.isExclusive ?? false,
    freeCount: record?.freeCount ?? 0,
    requestedCount: record?.requestedCount ?? 0,
    receivedCount: record?.receivedCount ?? 0,
    senders,
  };
}

function reasonOf(state: PieceStateName, record: OpenPiece | undefined, availability: number): PieceReason {
  if (state === "complete") return "being-verified";
  if (state === "had" || state === "unwanted") return state;
  if (record !== undefined && record.freeCount === 0) return "in-flight";
  if (availability === 0) return "no-peer-has-it";
  if (record === undefined) return "waiting-for-its-turn";
  return record.isParole && record.owner !== NOBODY ? "reserved-for-its-owner" : "waiting-for-requests";
}

/** What a pick for a peer would do. */
export type PeerReason =
  /** It has no wanted piece that we have not. */
  | "nothing-interesting"
  /** There is an open piece to go on with. */
  | "has-open-piece"
  /** There is a missing piece for it, if one more may be opened. */
  | "has-missing-piece"
  /** Only blocks that are in flight elsewhere, one of which it is asked for once it has nothing else in flight. */
  | "endgame"
  /** What it has is in flight, being verified or reserved for others. */
  | "all-taken";

export interface PeerExplanation {
  readonly slot: number;
  readonly reason: PeerReason;
  /** Pieces that it has. */
  readonly pieceCount: number;
  /** Of these, wanted ones that we have not. */
  readonly interestingCount: number;
  /** Of these, ones that nobody was asked for. */
  readonly missingCount: number;
  /** Requests to it that were neither answered nor released. */
  readonly requestCount: number;
}

export function explainPeer(
  slot: number,
  peer: Peer,
  table: PieceTable,
  open: OpenPieces,
  inEndgame: boolean,
): PeerExplanation {
  const interestingCount = table.interestingCountOf(peer);
  const missingCount = table.missingCountOf(peer);
  const isFor = (record: OpenPiece): boolean => {
    const has = peer.isCountedAsSeed || (peer.field?.has(record.piece) ?? false);
    const relation = relationTo(record, slot);
    return has && relation !== NONE && relation !== RESTART;
  };
  let reason: PeerReason = "all-taken";
  if (interestingCount === 0) reason = "nothing-interesting";
  else if (open.hungry.some(isFor)) reason = "has-open-piece";
  else if (missingCount > 0) reason = "has-missing-piece";
  else if (inEndgame) reason = "endgame";
  const { pieceCount, requestCount } = peer;
  return { slot, reason, pieceCount, interestingCount, missingCount, requestCount };
}
