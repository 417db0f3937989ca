import { driveAnnouncer, trackerAnswered, trackerFailed } from "./announcing.ts";
import { fillSlots, rechoke, slotGivenUp } from "./choking.ts";
import { dialMore, extensionHandshake, peerBitfield, peerHas, peerJoined, peerLeft } from "./connecting.ts";
import {
  afterBytes,
  blockEnds,
  blockStarts,
  refill,
  refillIdle,
  rejected,
  releaseRequests,
} from "./downloading.ts";
import type { Fact } from "./facts.ts";
import { beginCheck, closing, pause, resume, start } from "./lifecycle.ts";
import type { Peer } from "./peer.ts";
import { selectFiles } from "./selecting.ts";
import { sweep } from "./sweeping.ts";
import type { TorrentState } from "./torrent-state.ts";
import { blockRequested, requestCancelled } from "./uploading.ts";
import { banLiars } from "./blaming.ts";
import { diskFailed, pieceJudged, stopWith } from "./verifying.ts";
import type { Sleeper, WakeQueue } from "./wake-queue.ts";

/** Most pieces a peer may let us have while it chokes us; BEP 6 suggests ten, Transmission and libtorrent send up to 16. */
const MAXIMUM_ALLOWED_FAST = 64;

/** Facts that a peer's message brought. */
type Message = Exclude<Extract<Fact, { peer: Peer }>, { type: "peer-joined" | "peer-left" }>;

/**
 * The one mutator of a torrent. Whatever happens to it comes in as a fact through `handle`, one at a time and in
 * order; a fact that arises while another is handled waits its turn. What is to happen outside leaves through the links of
 * the peers, the disk and the surroundings. Blocks take the short way: methods instead of facts, nothing allocated.
 */
export class TorrentCore implements Sleeper {
  readonly state: TorrentState;
  readonly #wakes: WakeQueue;
  readonly #waiting: Fact[] = [];
  readonly #onFact: ((fact: Fact) => void) | undefined;
  #busy = false;

  constructor(state: TorrentState, wakes: WakeQueue, onFact?: (fact: Fact) => void) {
    this.state = state;
    this.#wakes = wakes;
    this.#onFact = onFact;
    state.handleLater = (fact) => this.handle(fact);
  }

  handle(fact: Fact): void {
    this.#waiting.push(fact);
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
        this.#onFact?.(next);
        this.#apply(this.state, next);
      }
    } finally {
      this.#busy = false;
    }
    this.#schedule();
  }

  wake(): void {
    this.handle({ type: "time-passed" });
  }

  /** Everything that can happen to a torrent, on one screen. */
  #apply(t: TorrentState, fact: Fact): void {
    if (t.status === "closed") return;
    switch (fact.type) {
      case "started":
        return start(t, fact.have, fact.paused);
      case "check-begun":
        return beginCheck(t);
      case "check-failed":
        return stopWith(t, fact.error);
      case "files-selected":
        return selectFiles(t, fact.priorities);
      case "paused":
        return pause(t);
      case "resumed":
        return resume(t);
      case "closing":
        return closing(t);
      case "time-passed":
        return this.#timePassed(t);
      case "peers-found":
        for (const endpoint of fact.endpoints) t.book.note(endpoint, fact.source, true, fact.hashIndex);
        return dialMore(t);
      case "tracker-answered":
        return trackerAnswered(t, fact.taskId, fact.response);
      case "tracker-failed":
        return trackerFailed(t, fact.taskId, fact.error);
      case "dial-failed":
        t.dialling.delete(fact.record);
        t.book.disconnected(fact.record, false, t.now);
        return dialMore(t);
      case "peer-joined":
        return peerJoined(t, fact.peer);
      case "peer-left":
        return peerLeft(t, fact.peer, fact.misbehaved);
      case "piece-verdict":
        return pieceJudged(t, fact.piece, fact.matches);
      case "good-blocks-known":
        return banLiars(t, fact.piece, fact.digests);
      case "disk-failed":
        return diskFailed(t, fact.error, fact.piece);
      case "buffers-freed":
        return refillIdle(t);
      default:
        // A message that was on its way when its peer left.
        if (!fact.peer.gone) this.#applyMessage(t, fact);
    }
  }

  #applyMessage(t: TorrentState, fact: Message): void {
    const { peer } = fact;
    switch (fact.type) {
      case "choke":
        if (peer.peerChoking) return;
        peer.peerChoking = true;
        // With the fast extension each request is answered or rejected by itself.
        if (!peer.fast) releaseRequests(t, peer);
        return refillIdle(t);
      case "unchoke":
        if (!peer.peerChoking) return;
        peer.peerChoking = false;
        peer.awaitingSince = t.now;
        return refill(t, peer);
      case "interested":
        if (peer.peerInterested) return;
        peer.peerInterested = true;
        return fillSlots(t);
      case "not-interested":
        peer.peerInterested = false;
        return slotGivenUp(t, peer);
      case "have":
        return peerHas(t, peer, fact.piece);
      case "bitfield":
        return peerBitfield(t, peer, fact.field);
      case "have-all":
        return peerBitfield(t, peer, "all");
      case "allowed-fast":
        if (t.layout.isPiece(fact.piece) && peer.allowedFast.length < MAXIMUM_ALLOWED_FAST)
          peer.allowedFast.push(fact.piece);
        return refill(t, peer);
      case "reject":
        rejected(t, peer, fact.piece, fact.offset);
        refillIdle(t);
        return refill(t, peer);
      case "cancel":
        return requestCancelled(t, peer, fact.piece, fact.offset, fact.length);
      case "extension-handshake":
        return extensionHandshake(t, peer, fact.handshake);
    }
  }

  #timePassed(t: TorrentState): void {
    const { now } = t;
    if (now >= t.nextChokeAt) rechoke(t);
    if (now >= t.nextSweepAt) sweep(t);
    if (now >= t.nextDialAt) dialMore(t);
    driveAnnouncer(t);
    refillIdle(t);
  }

  #schedule(): void {
    const t = this.state;
    if (t.status === "closed") {
      this.#wakes.set(this, Infinity);
      return;
    }
    if (t.peers.size > 0) {
      if (t.nextChokeAt === Infinity) t.nextChokeAt = t.now + t.limits.chokeIntervalMs;
      if (t.nextSweepAt === Infinity) t.nextSweepAt = t.now + 1_000;
    }
    this.#wakes.set(this, Math.min(t.nextChokeAt, t.nextSweepAt, t.nextDialAt, t.announcer.nextWakeAt()));
  }

  // The short way of blocks and requests.

  blockStarts(peer: Peer, piece: number, offset: number, length: number): boolean {
    return !peer.gone && blockStarts(this.state, peer, piece, offset, length);
  }

  blockEnds(peer: Peer): void {
    blockEnds(this.state, peer);
  }

  blockRequested(peer: Peer, piece: number, offset: number, length: number): void {
    if (!peer.gone) blockRequested(this.state, peer, piece, offset, length);
  }

  /** A chunk of bytes from the peer was handled in full; `blockLength` of them were payload. */
  bytesHandled(peer: Peer, blockLength: number): void {
    if (peer.gone) return;
    const t = this.state;
    afterBytes(t, peer, blockLength, t.now);
    if (peer.uploads.count > 0) t.surroundings.serve(peer);
  }
}
