/** The states of a piece, one byte each; STATE.md draws the moves between them. */
export const UNWANTED = 0;
export const MISSING = 1;
export const OPEN = 2;
export const COMPLETE = 3;
export const HAD = 4;

/** What a piece is: see STATE.md. A piece is in exactly one of these. */
export type PieceStateName = "unwanted" | "missing" | "open" | "complete" | "had";

const NAMES: readonly PieceStateName[] = ["unwanted", "missing", "open", "complete", "had"];

export function pieceStateName(state: number): PieceStateName {
  return NAMES[state]!;
}
