/** First pause after a failure and its growth: libtorrent waits 17, 55, 117, 205 … seconds. */
const BACKOFF_BASE_MS = 5_000;
const BACKOFF_GROWTH_MS = 12_500;
/** A tracker that is down is asked at least this often: libtorrent's "tracker_backoff" cap. */
export const MAX_BACKOFF_MS = 3_600_000;

/** How long to leave a tracker alone after `failCount` failures in a row: 5 s + 12.5 s × failCount², at most 1 h. */
export function trackerBackoffMs(failCount: number): number {
  return Math.min(MAX_BACKOFF_MS, BACKOFF_BASE_MS + BACKOFF_GROWTH_MS * failCount * failCount);
}
