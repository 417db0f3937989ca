export interface BlameState {
  /** Peers that sent blocks of the piece which failed its hash. */
  readonly senderCount: number;
}

export interface BlameDecision {
  /** Ban all senders: only when there was but one, so the proof is complete. */
  readonly ban: boolean;
  /** Fetch the piece again from one peer alone: whoever fails then is the liar (libtorrent's parole). */
  readonly parole: boolean;
}

export type BlamePolicy = (state: BlameState) => BlameDecision;

/** Never bans the innocent: with several senders nobody is banned, but the next try will tell. */
export const blame: BlamePolicy = ({ senderCount }) =>
  senderCount === 1 ? { ban: true, parole: false } : { ban: false, parole: true };
