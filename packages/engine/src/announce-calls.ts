import { TrackerError, type AnnounceTask } from "@bt/tracker";
import { swarmHashes } from "./core/swarm-hashes.ts";
import type { TorrentCore } from "./core/torrent-core.ts";
import type { TrackerPort } from "./ports.ts";

/** The announces of one torrent that are under way: carries them out and brings the answers back as facts. */
export class AnnounceCalls {
  readonly #tracker: TrackerPort;
  readonly #peerId: Uint8Array;
  readonly #port: () => number;
  readonly #calls = new Map<number, { readonly task: AnnounceTask; readonly abort: AbortController }>();
  /** What may still be under way over a second address family, after the first has answered; by swarm and tracker. */
  readonly #stragglers = new Map<string, AbortController>();

  constructor(tracker: TrackerPort, peerId: Uint8Array, port: () => number) {
    this.#tracker = tracker;
    this.#peerId = peerId;
    this.#port = port;
  }

  get isTellingCompleted(): boolean {
    for (const { task } of this.#calls.values()) if (task.event === "completed") return true;
    return false;
  }

  abort(taskId: number): void {
    this.#calls.get(taskId)?.abort.abort();
  }

  /** Never rejects: what goes wrong is a fact, too. */
  async announce(core: TorrentCore, task: AnnounceTask): Promise<void> {
    const { state } = core;
    const { taskId } = task;
    const abort = new AbortController();
    this.#calls.set(taskId, { task, abort });
    // Lest "started" arrive over the slower family after "stopped".
    const swarm = `${task.hashIndex} ${task.url}`;
    this.#stragglers.get(swarm)?.abort();
    this.#stragglers.set(swarm, abort);
    const { hashIndex } = task;
    const parameters = {
      infoHash: swarmHashes(state.metainfo)[hashIndex]!,
      peerId: this.#peerId,
      port: this.#port() || UNREACHABLE_PORT,
      uploaded: state.up.total,
      downloaded: state.down.total,
      left: state.layout.totalLength - state.verifiedLength,
      event: task.event,
      numWant: task.numWant,
      trackerId: task.trackerId,
    };
    try {
      const response = await this.#tracker.announce(task.url, parameters, abort.signal, ({ peers }) => {
        core.handle({ type: "peers-found", endpoints: peers, source: "tracker", hashIndex });
      });
      this.#calls.delete(taskId);
      core.handle({ type: "tracker-answered", taskId, response });
    } catch (error) {
      this.#calls.delete(taskId);
      core.handle({ type: "tracker-failed", taskId, error: asTrackerError(error) });
    }
  }
}

/** What trackers are told when nobody can connect to us: many refuse 0. */
const UNREACHABLE_PORT = 1;

function asTrackerError(error: unknown): TrackerError {
  if (error instanceof TrackerError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new TrackerError("TRACKER_UNREACHABLE", message, { cause: error });
}
