/** What may be set at construction; the rest comes from DEFAULT_PICKER_OPTIONS. */
export interface PickerOptions {
  /**
   * While we have fewer pieces than this, pieces are opened at random instead of rarest first: a newcomer needs
   * something to trade soon, and rare pieces come slowly. 4 in libtorrent (`initial_picker_threshold`).
   */
  readonly randomPieceCount?: number;
  /** Requests for one block at the same time, in endgame; 1 to 8. 1 is no endgame. Transmission 4.0 had 2. */
  readonly maxRequestersPerBlock?: number;
  /** Duplicate requests that one call of `pick` may make; 1 in libtorrent's strict endgame. */
  readonly duplicatesPerPick?: number;
  /**
   * Bytes of an extent: a peer that gets whole pieces is given the neighbours within one extent one after the other, as
   * long as rarity and priority have nothing against it. 0 for none; 4 MiB in libtorrent (`piece_extent_affinity`).
   */
  readonly extentLength?: number;
  /**
   * Called when the picker itself forgets the received blocks of an open piece, before anything is requested of it
   * again: the piece's buffer is void and must be given back. It must not call the picker. The cases are in STATE.md.
   */
  readonly onDropped?: (piece: number) => void;
}

export const DEFAULT_PICKER_OPTIONS: Readonly<Required<PickerOptions>> = Object.freeze({
  randomPieceCount: 4,
  maxRequestersPerBlock: 2,
  duplicatesPerPick: 1,
  extentLength: 4 * 1024 * 1024,
  onDropped: () => {},
});

/** Longest piece that can be picked: 65,536 blocks, 1 GiB. libtorrent stops at half of that. */
export const MAX_BLOCKS_PER_PIECE = 65_536;

/** How a call of `pick` may go about it. */
export interface PickRules {
  /** The peer is fast: give it whole pieces of its own. */
  readonly exclusive: boolean;
  /** The byte budget allows one more piece. When false, only open pieces are served. */
  readonly mayOpenPiece: boolean;
  /** How many pieces one call may open when `mayOpenPiece`; 1 unless said otherwise. For torrents of small pieces. */
  readonly maxNewPieceCount?: number | undefined;
  /** When the peer chokes us: only these pieces (BEP 6 "allowed fast"), of which those it has not are left out. */
  readonly allowedFast?: readonly number[] | undefined;
  /**
   * False: the peer has not proven itself, so it does not get pieces on parole. One that never sends would hold up what
   * only one peer may send. Default true.
   */
  readonly trusted?: boolean | undefined;
}
