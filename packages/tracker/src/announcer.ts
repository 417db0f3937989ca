import { AnnounceLane, nextAnnounceAt } from "./announce-lane.ts";
import type { AnnounceEvent } from "./announce-query.ts";
import type { AnnounceResponse } from "./announce-response.ts";
import { DEFAULT_ANNOUNCER_OPTIONS, type AnnouncerOptions } from "./announcer-options.ts";
import { trackerBackoffMs } from "./backoff.ts";
import { TrackerError } from "./errors.ts";
import { createTrackerEntry, stateOf, type TrackerEntry, type TrackerSnapshot } from "./tracker-entry.ts";
import { parseTrackerUrl } from "./tracker-url.ts";

/** One announce that is to be made now. */
export interface AnnounceTask {
  readonly taskId: number;
  readonly url: string;
  /** Which of the torrent's info-hashes: 0, or 1 for the second one of a hybrid torrent. */
  readonly hashIndex: number;
  /** `undefined` for an announce at the interval, which is "paused" for a partial seed (BEP 21). */
  readonly event: AnnounceEvent | undefined;
  readonly numWant: number;
  readonly trackerId?: Uint8Array;
}

interface PendingTask {
  readonly tracker: TrackerEntry;
  readonly event: AnnounceTask["event"];
  /** Absent for "stopped", which belongs to no sequence. */
  readonly lane?: AnnounceLane;
}

/** What an announcer is about. */
export interface AnnouncerInit {
  /** As the torrent lists them. */
  readonly tiers: readonly (readonly string[])[];
  /** Numbers in [0, 1). */
  readonly random: () => number;
  /** Info-hashes that each tracker is told of: 2 for a hybrid torrent, whose two swarms are announced apart (BEP 52). */
  readonly hashCount?: number;
  /** One tracker at a time, and another only when that fails (BEP 27). */
  readonly isPrivate?: boolean;
}

/** What a good answer changed. */
export interface AnnounceOutcome {
  /**
   * The tracker that answered before this one, when it was another: a private torrent leaves all peers then (BEP 27).
   */
  readonly switchedFrom: string | undefined;
  /** Of which info-hash the peers are. */
  readonly hashIndex: number;
}

/**
 * When to announce what to which tracker of one torrent (BEP 3, 12, 27, 31). Pure: time and the outcome of each
 * announce come in, tasks and a time to wake up go out.
 *
 * The drain rule: after every call of a method that takes `now`, and at `nextWakeAt()`, call `poll` until it gives
 * `undefined`. Each task is answered by exactly one `succeeded` or `failed`.
 */
export class Announcer {
  readonly #options: Required<AnnouncerOptions>;
  readonly #random: () => number;
  readonly #entries: TrackerEntry[] = [];
  readonly #lanes: AnnounceLane[] = [];
  readonly #hostCounts = new Map<string, number>();
  readonly #tasks = new Map<number, PendingTask>();
  /** Trackers that must still hear "stopped". */
  #farewells: TrackerEntry[] = [];
  #running = false;
  #completed = false;
  #isPartialSeed = false;
  #numWant: number;
  #lastTaskId = 0;
  readonly #hashCount: number;
  readonly #isPrivate: boolean;

  /** @throws RangeError for a hash count other than 1 or 2. */
  constructor(
    { tiers, random, hashCount = 1, isPrivate = false }: AnnouncerInit,
    options: AnnouncerOptions = {},
  ) {
    if (hashCount !== 1 && hashCount !== 2) throw new RangeError(`hashCount ${hashCount}, must be 1 or 2`);
    this.#options = { ...DEFAULT_ANNOUNCER_OPTIONS, ...options };
    this.#random = random;
    this.#hashCount = hashCount;
    this.#isPrivate = isPrivate;
    this.#numWant = this.#options.numWant;
    for (const [tier, urls] of tiers.entries())
      for (const url of shuffled(urls, random)) this.addTracker(url, tier);
  }

  /** The torrent runs: the first announce is due at once. */
  start(now: number): void {
    if (this.#running) return;
    this.#running = true;
    this.#completed = false;
    this.#farewells = [];
    for (const lane of this.#lanes) lane.dueAt = now;
    for (const entry of this.#entries) {
      entry.retryAt = -Infinity;
      entry.failCount = 0;
    }
  }

  /** The download completed while the torrent ran: told at once. Not to be called for a torrent that began complete. */
  complete(now: number): void {
    if (!this.#running || this.#completed) return;
    this.#completed = true;
    for (const lane of this.#lanes)
      if (lane.active?.startedTold === true) lane.dueAt = Math.min(lane.dueAt, now);
  }

  /**
   * The torrent stops: each tracker that knows us, or is just being told, hears so, once. Returns the tasks that are
   * under way and no longer wanted: abort them, lest they arrive after "stopped"; their outcome is ignored.
   */
  stop(_now: number): readonly number[] {
    if (!this.#running) return [];
    this.#running = false;
    const abandoned = [...this.#tasks]
      .filter(([, task]) => task.lane !== undefined)
      .map(([taskId]) => taskId);
    for (const taskId of abandoned) this.#endTask(taskId);
    this.#farewells = this.#entries.filter((entry) => entry.knowsUs && !entry.disabled);
    for (const lane of this.#lanes) {
      lane.dueAt = Infinity;
      lane.active = undefined;
    }
    for (const entry of this.#entries) {
      entry.knowsUs = false;
      entry.startedTold = false;
      entry.completedTold = false;
    }
    return abandoned;
  }

  /**
   * Whether we have all that we want but not everything: such a peer says "paused" in each announce (BEP 21). A change is
   * told as soon as the tracker's min interval allows: until then it names seeds to who wants none, or hides them.
   */
  setPartialSeed(isPartialSeed: boolean, now: number): void {
    if (isPartialSeed === this.#isPartialSeed) return;
    this.#isPartialSeed = isPartialSeed;
    this.requestPeers(now);
  }

  /** How many peers are of use now: the next announces ask for so many, at most for the option's `numWant`. */
  setNumWant(count: number): void {
    this.#numWant = Math.max(0, Math.min(Math.floor(count), this.#options.numWant));
  }

  /** More peers are wanted before the interval is over: as soon as the tracker's min interval allows. */
  requestPeers(now: number): void {
    for (const lane of this.#lanes) {
      if (lane.active !== undefined) lane.dueAt = Math.min(lane.dueAt, Math.max(now, lane.active.minimumAt));
    }
  }

  /** A user asks for an announce: as {@link requestPeers}, and trackers that failed are tried again at once. */
  reannounce(now: number): void {
    if (!this.#running) return;
    for (const entry of this.#entries) entry.retryAt = -Infinity;
    for (const lane of this.#lanes) {
      lane.dueAt =
        lane.active === undefined ? now : Math.min(lane.dueAt, Math.max(now, lane.active.minimumAt));
    }
  }

  /**
   * One more tracker, at the end of `tier` or in a tier of its own behind all others. A tracker that is there already,
   * and what is above the caps, is ignored. Call `poll` afterwards.
   */
  addTracker(url: string, tier?: number): void {
    if (
      this.#entries.length >= this.#options.maxTrackerCount * this.#hashCount ||
      this.#entries.some((entry) => entry.url === url)
    )
      return;
    const parsed = parseTrackerUrl(url);
    if (parsed !== undefined) {
      const hostCount = this.#hostCounts.get(parsed.host) ?? 0;
      if (hostCount >= this.#options.maxTrackersPerHost) return;
      this.#hostCounts.set(parsed.host, hostCount + 1);
    }
    const lastTier = this.#entries.reduce((last, entry) => Math.max(last, entry.tier), -1);
    for (let hashIndex = 0; hashIndex < this.#hashCount; hashIndex++) {
      const entry = createTrackerEntry(url, tier ?? lastTier + 1, hashIndex);
      if (parsed === undefined) {
        entry.disabled = true;
        entry.lastError = new TrackerError("TRACKER_BAD_URL", "not the URL of a tracker");
      }
      this.#entries.push(entry);
      this.#laneFor(entry).add(entry);
    }
  }

  /** The next thing to do now, or `undefined`. */
  poll(now: number): AnnounceTask | undefined {
    const leaving = this.#farewells.shift();
    if (leaving !== undefined) return this.#createTask({ tracker: leaving, event: "stopped" });
    if (!this.#running) return undefined;
    for (const lane of this.#lanes) {
      const tracker = lane.choose(now, this.#completed);
      if (tracker === undefined) continue;
      lane.asked = tracker;
      tracker.knowsUs = true;
      return this.#createTask({ tracker, event: this.#eventFor(tracker), lane });
    }
    return undefined;
  }

  succeeded(taskId: number, response: AnnounceResponse, now: number): AnnounceOutcome {
    const task = this.#endTask(taskId);
    if (task === undefined) return NOTHING_CHANGED;
    const { tracker, event, lane } = task;
    const { hashIndex } = tracker;
    tracker.failCount = 0;
    tracker.retryAt = -Infinity;
    tracker.lastError = undefined;
    if (lane === undefined) return { ...NOTHING_CHANGED, hashIndex };
    tracker.lastWarning = response.warning;
    tracker.lastAnswerAt = now;
    tracker.seederCount = response.seederCount;
    tracker.leecherCount = response.leecherCount;
    tracker.peerCount = response.peers.length;
    tracker.trackerId = response.trackerId ?? tracker.trackerId;
    tracker.externalAddress = response.externalAddress ?? tracker.externalAddress;
    tracker.startedTold = true;
    if (event === "completed") tracker.completedTold = true;
    tracker.minimumAt = now + this.#clamp(response.minIntervalMs ?? 0);
    lane.moveToFront(tracker);
    const before = lane.active;
    lane.active = tracker;
    const intervalMs = Math.max(this.#clamp(response.intervalMs), tracker.minimumAt - now);
    lane.dueAt = this.#owesCompleted(tracker) ? now : now + this.#jittered(intervalMs);
    return { switchedFrom: before === undefined || before === tracker ? undefined : before.url, hashIndex };
  }

  failed(taskId: number, error: TrackerError, now: number): void {
    const task = this.#endTask(taskId);
    if (task === undefined) return;
    const { tracker, lane } = task;
    tracker.lastError = error;
    if (lane === undefined) return; // "stopped" is said once
    tracker.failCount++;
    tracker.disabled =
      error.retryInMs === Infinity ||
      error.code === "TRACKER_BAD_URL" ||
      error.code === "TRACKER_UNSUPPORTED_SCHEME";
    const pauseMs =
      error.retryInMs === undefined ? trackerBackoffMs(tracker.failCount) : this.#clamp(error.retryInMs);
    tracker.retryAt = now + this.#jittered(pauseMs);
    // Only a "started" whose answer did not come in time may have been heard.
    tracker.knowsUs = tracker.startedTold || error.code === "TRACKER_TIMEOUT";
  }

  /** When to call `poll` again; `Infinity` when nothing is due without an answer or a command. */
  nextWakeAt(): number {
    if (this.#farewells.length > 0) return -Infinity;
    if (!this.#running) return Infinity;
    return this.#lanes.reduce((earliest, lane) => Math.min(earliest, lane.wakeAt()), Infinity);
  }

  /** Not running, and every tracker that knew us was told, or could not be. */
  get isStopped(): boolean {
    return !this.#running && this.#farewells.length === 0 && this.#tasks.size === 0;
  }

  /** All trackers, in the order in which they are tried. */
  snapshot(): readonly TrackerSnapshot[] {
    return this.#lanes.flatMap((lane) =>
      [...lane.entries()].map((entry) => ({
        url: entry.url,
        hashIndex: entry.hashIndex,
        tier: entry.tier,
        state: stateOf(entry),
        event: entry.taskEvent,
        failCount: entry.failCount,
        lastError: entry.lastError,
        lastWarning: entry.lastWarning,
        lastAnswerAt: entry.lastAnswerAt,
        nextAnnounceAt: nextAnnounceAt(lane, entry, this.#completed),
        seederCount: entry.seederCount,
        leecherCount: entry.leecherCount,
        peerCount: entry.peerCount,
        externalAddress: entry.externalAddress,
      })),
    );
  }

  #createTask(task: PendingTask): AnnounceTask {
    const { tracker, event } = task;
    const taskId = ++this.#lastTaskId;
    this.#tasks.set(taskId, task);
    tracker.taskId = taskId;
    tracker.taskEvent = event;
    const numWant = event === "stopped" ? 0 : this.#numWant;
    const { url, hashIndex, trackerId } = tracker;
    return { taskId, url, hashIndex, event, numWant, ...(trackerId !== undefined && { trackerId }) };
  }

  /** `undefined` for a task that was abandoned or has been answered. */
  #endTask(taskId: number): PendingTask | undefined {
    const task = this.#tasks.get(taskId);
    if (task === undefined) return undefined;
    this.#tasks.delete(taskId);
    task.tracker.taskId = undefined;
    task.tracker.taskEvent = undefined;
    if (task.lane !== undefined) task.lane.asked = undefined;
    return task;
  }

  /** As libtorrent does, "paused" stands in for nothing else: many trackers count "started" and "completed". */
  #eventFor(tracker: TrackerEntry): AnnounceEvent | undefined {
    if (!tracker.startedTold) return "started";
    if (this.#owesCompleted(tracker)) return "completed";
    return this.#isPartialSeed ? "paused" : undefined;
  }

  #owesCompleted(tracker: TrackerEntry): boolean {
    return this.#completed && tracker.startedTold && !tracker.completedTold;
  }

  #laneFor(entry: TrackerEntry): AnnounceLane {
    const { announceToAllTiers, announceToAllTrackers } = this.#options;
    const lanes = this.#lanes.filter((lane) => lane.hashIndex === entry.hashIndex);
    const shared = this.#isPrivate
      ? lanes[0]
      : announceToAllTrackers
        ? undefined
        : lanes.find((lane) => !announceToAllTiers || lane.tiers[0]![0]!.tier === entry.tier);
    if (shared !== undefined) return shared;
    const lane = new AnnounceLane(entry.hashIndex, this.#isPrivate);
    if (this.#running) lane.dueAt = -Infinity;
    this.#lanes.push(lane);
    return lane;
  }

  #clamp(intervalMs: number): number {
    return Math.min(Math.max(intervalMs, this.#options.minimumIntervalMs), this.#options.maximumIntervalMs);
  }

  #jittered(waitMs: number): number {
    return waitMs * (1 + this.#options.jitter * this.#random());
  }
}

const NOTHING_CHANGED: AnnounceOutcome = Object.freeze({ switchedFrom: undefined, hashIndex: 0 });

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const order = [...items];
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
