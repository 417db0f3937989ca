export interface AnnouncerOptions {
  /** Trackers are asked no more often than this, whatever interval they name. Short values are for tests. */
  readonly minimumIntervalMs?: number;
  /** … and no less often than this. */
  readonly maximumIntervalMs?: number;
  /** Each wait is made longer by up to this part of itself, so that torrents added together do not stay together. */
  readonly jitter?: number;
  /** Peers asked for in each announce, unless `setNumWant` says that fewer are of use. */
  readonly numWant?: number;
  /** Announce to one tracker of each tier. Without it, to one of the first tier that answers (BEP 12). */
  readonly announceToAllTiers?: boolean;
  /** Announce to every tracker. A private torrent uses one tracker at a time, whatever is set here (BEP 27). */
  readonly announceToAllTrackers?: boolean;
  /** Trackers beyond this number are ignored: a torrent must not make us a weapon. */
  readonly maxTrackerCount?: number;
  /** The same for trackers on one host. */
  readonly maxTrackersPerHost?: number;
}

export const DEFAULT_ANNOUNCER_OPTIONS: Readonly<Required<AnnouncerOptions>> = Object.freeze({
  minimumIntervalMs: 60_000,
  maximumIntervalMs: 86_400_000,
  jitter: 0.05,
  numWant: 200, // libtorrent's num_want
  announceToAllTiers: false,
  announceToAllTrackers: false,
  maxTrackerCount: 200,
  maxTrackersPerHost: 10,
});
