import type { TrackerEntry } from "./tracker-entry.ts";

/**
 * One sequence of announces: the trackers that stand in for one another, in the order in which they are tried. A
 * torrent has one lane with all its tiers (BEP 12); with announceToAllTiers one for each tier, with
 * announceToAllTrackers one for each tracker. A lane has at most one announce under way.
 */
export class AnnounceLane {
  /** Tiers in order; within a tier, whoever answered last is first. */
  readonly tiers: TrackerEntry[][] = [];
  /** When the next announce is due; trackers that failed may make it later. */
  dueAt: number = Infinity;
  /** The tracker that gave the last good answer. */
  active: TrackerEntry | undefined;
  /** The tracker that is being asked. */
  asked: TrackerEntry | undefined;
  /** Which info-hash it announces. */
  readonly hashIndex: number;
  /** The tracker that answered is left only when it fails (BEP 27), not as soon as one above it may be tried again. */
  readonly #isFaithful: boolean;

  constructor(hashIndex: number, isFaithful: boolean) {
    this.hashIndex = hashIndex;
    this.#isFaithful = isFaithful;
  }

  *entries(): IterableIterator<TrackerEntry> {
    for (const tier of this.tiers) yield* tier;
  }

  add(entry: TrackerEntry): void {
    const tier = this.tiers.find((entries) => entries[0]?.tier === entry.tier);
    if (tier !== undefined) tier.push(entry);
    else {
      this.tiers.push([entry]);
      this.tiers.sort((a, b) => a[0]!.tier - b[0]!.tier);
    }
  }

  /** BEP 12: a tracker that answered moves to the front of its tier. */
  moveToFront(entry: TrackerEntry): void {
    const tier = this.tiers.find((entries) => entries.includes(entry))!;
    tier.splice(tier.indexOf(entry), 1);
    tier.unshift(entry);
  }

  /** Whom to ask now: the first, from the top, that is not to be left alone. */
  choose(now: number, completed: boolean): TrackerEntry | undefined {
    if (this.asked !== undefined || now < this.dueAt) return undefined;
    // "completed" belongs to the tracker that counted us as a leecher, not to the one at the top.
    const active = this.active;
    if (this.#isFaithful && active?.failCount === 0 && mayAsk(active, now)) return active;
    if (
      completed &&
      active !== undefined &&
      active.startedTold &&
      !active.completedTold &&
      mayAsk(active, now)
    )
      return active;
    for (const entry of this.entries()) {
      if (entry.disabled || entry.retryAt > now) continue;
      // It is still being told that we left: the next tracker is no stand-in for a second of waiting.
      return entry.taskId === undefined ? entry : undefined;
    }
    return undefined;
  }

  /** The earliest time at which {@link choose} may give a tracker. */
  wakeAt(): number {
    if (this.asked !== undefined) return Infinity;
    let earliest = Infinity;
    for (const entry of this.entries()) {
      if (!entry.disabled && entry.taskId === undefined) earliest = Math.min(earliest, entry.retryAt);
    }
    return Math.max(earliest, this.dueAt);
  }
}

function mayAsk(entry: TrackerEntry, now: number): boolean {
  return !entry.disabled && entry.taskId === undefined && entry.retryAt <= now;
}

/** When `entry` is asked next, as far as can be told: `Infinity` when it is another's turn. */
export function nextAnnounceAt(lane: AnnounceLane, entry: TrackerEntry, completed: boolean): number {
  if (entry.disabled || lane.dueAt === Infinity) return Infinity;
  const wakeAt = lane.wakeAt();
  if (wakeAt !== Infinity && lane.choose(wakeAt, completed) === entry) return wakeAt;
  return entry.failCount > 0 ? Math.max(entry.retryAt, lane.dueAt) : Infinity;
}
