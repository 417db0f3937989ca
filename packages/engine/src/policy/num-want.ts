export interface NumWantState {
  /** How many more peers may be connected. */
  readonly roomCount: number;
  /** Endpoints that are known, may be dialled and have not failed. */
  readonly candidateCount: number;
}

export type NumWantPolicy = (state: NumWantState) => number;

/** Names asked for each place: libtorrent asks for 200 (num_want), which for our 50 places is four each. */
const NAMES_PER_PLACE = 4;
/** While there is room a few fresh names are always of use: old ones go stale. */
const MINIMUM_NAMES = 10;

/** How many peers to ask a tracker for. A torrent that is full wants to be named and needs no names. */
export const numWant: NumWantPolicy = ({ roomCount, candidateCount }) =>
  roomCount <= 0 ? 0 : Math.max(MINIMUM_NAMES, NAMES_PER_PLACE * roomCount - candidateCount);
