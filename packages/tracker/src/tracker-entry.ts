import type { AnnounceEvent } from "./announce-query.ts";
import type { TrackerError } from "./errors.ts";

/**
 * Where one tracker of a torrent stands:
 * - `idle` not asked yet, or stopped
 * - `announcing` asked, no answer yet
 * - `working` its last answer was good
 * - `failing` its last answer was none or an error; it is asked again later
 * - `disabled` it is never asked again: no usable URL, or it said "never" (BEP 31)
 */
export type TrackerState = "idle" | "announcing" | "working" | "failing" | "disabled";

/** What is known of one tracker, for people and for `explain`. Times are monotonic ms. */
export interface TrackerSnapshot {
  readonly url: string;
  /** Which of the torrent's info-hashes this is about; a hybrid torrent has two. */
  readonly hashIndex: number;
  /** From 0; the order of the snapshots within a tier is the order in which they are tried. */
  readonly tier: number;
  readonly state: TrackerState;
  /** The event of the announce that is under way. */
  readonly event: AnnounceEvent | undefined;
  readonly failCount: number;
  readonly lastError: TrackerError | undefined;
  readonly lastWarning: string | undefined;
  /** When a good answer last came. */
  readonly lastAnswerAt: number | undefined;
  /** When it is this tracker's turn, as far as can be told now; `Infinity` when it is not its turn. */
  readonly nextAnnounceAt: number;
  readonly seederCount: number | undefined;
  readonly leecherCount: number | undefined;
  readonly peerCount: number | undefined;
  readonly externalAddress: string | undefined;
}

/** The announcer's record of one tracker. */
export interface TrackerEntry {
  readonly url: string;
  readonly tier: number;
  readonly hashIndex: number;
  disabled: boolean;
  /** It has heard "started" from us since the last start, or may have: it must hear "stopped". */
  knowsUs: boolean;
  /** It has answered "started" since the last start. */
  startedTold: boolean;
  completedTold: boolean;
  failCount: number;
  /** Not before this, because it failed. */
  retryAt: number;
  /** Not before this, because it says so (min interval). */
  minimumAt: number;
  taskId: number | undefined;
  taskEvent: AnnounceEvent | undefined;
  trackerId: Uint8Array | undefined;
  lastError: TrackerError | undefined;
  lastWarning: string | undefined;
  lastAnswerAt: number | undefined;
  seederCount: number | undefined;
  leecherCount: number | undefined;
  peerCount: number | undefined;
  externalAddress: string | undefined;
}

export function createTrackerEntry(url: string, tier: number, hashIndex: number): TrackerEntry {
  return {
    url,
    tier,
    hashIndex,
    disabled: false,
    knowsUs: false,
    startedTold: false,
    completedTold: false,
    failCount: 0,
    retryAt: -Infinity,
    minimumAt: -Infinity,
    taskId: undefined,
    taskEvent: undefined,
    trackerId: undefined,
    lastError: undefined,
    lastWarning: undefined,
    lastAnswerAt: undefined,
    seederCount: undefined,
    leecherCount: undefined,
    peerCount: undefined,
    externalAddress: undefined,
  };
}

export function stateOf(entry: TrackerEntry): TrackerState {
  if (entry.taskId !== undefined) return "announcing";
  if (entry.disabled) return "disabled";
  if (entry.failCount > 0) return "failing";
  return entry.startedTold ? "working" : "idle";
}
