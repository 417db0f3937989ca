import type { Clock } from "../ports.ts";
import type { FramePool } from "./frame-pool.ts";
import type { Peer } from "./peer.ts";
import type { RateLimiter } from "./rate-limiter.ts";
import type { TorrentState } from "./torrent-state.ts";
import { serveBatch } from "./uploading.ts";
import type { WakeQueue } from "./wake-queue.ts";

/** Batches of one peer that are read or written at a time: one is on the wire while the next is read. */
const BATCHES_PER_PEER = 2;

/**
 * Who is served next, over all torrents of a session: a line in which each peer gets one batch and goes to its end. Under
 * an upload limit the batches shrink to what is allowed, so the line turns faster and everybody gets the same.
 */
export class UploadScheduler {
  readonly #clock: Clock;
  readonly #limiter: RateLimiter;
  readonly #wakes: WakeQueue;
  readonly #frames: FramePool;
  readonly #line: { torrent: TorrentState; peer: Peer }[] = [];
  #pumping = false;

  constructor(clock: Clock, limiter: RateLimiter, wakes: WakeQueue, frames: FramePool) {
    this.#clock = clock;
    this.#limiter = limiter;
    this.#wakes = wakes;
    this.#frames = frames;
  }

  /** Puts the peer into the line if it has requests, is not in it yet and has a batch free. */
  add(torrent: TorrentState, peer: Peer): void {
    if (peer.uploadQueued || peer.gone || peer.uploads.count === 0 || peer.uploadBatches >= BATCHES_PER_PEER)
      return;
    peer.uploadQueued = true;
    this.#line.push({ torrent, peer });
    this.#pump();
  }

  wake(): void {
    this.#pump();
  }

  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#line.length > 0 && !this.#frames.isEmpty) {
      const now = this.#clock.now();
      const allowance = this.#limiter.available(now);
      if (allowance <= 0) {
        this.#wakes.set(this, this.#limiter.nextAt(now));
        break;
      }
      const { torrent, peer } = this.#line.shift()!;
      peer.uploadQueued = false;
      if (peer.gone || !torrent.isActive) continue;
      const frame = this.#frames.acquire()!;
      const share = this.#limiter.isUnlimited ? Infinity : Math.max(1, allowance / (this.#line.length + 1));
      const taken = serveBatch(torrent, peer, frame, share, () => {
        this.#frames.release(frame);
        this.add(torrent, peer);
        this.#pump();
      });
      this.#limiter.take(taken, now);
      this.add(torrent, peer);
    }
    this.#pumping = false;
  }
}
