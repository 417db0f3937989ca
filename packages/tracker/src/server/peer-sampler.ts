import { type PeerRows, type RowAge, PEER_CLASS } from "./peer-rows.ts";
import type { PeerSample } from "./swarm-store.ts";
import { FAMILY } from "./swarm-table.ts";

export const EMPTY_SAMPLE: PeerSample = Object.freeze({
  count: 0,
  compact: new Uint8Array(0),
  peerIds: new Uint8Array(0),
});

const ID_LENGTH = 20;

/** Chooses peers of one family, into memory that is used again by the next choice. */
export class PeerSampler implements PeerSample {
  count = 0;
  compact: Uint8Array = new Uint8Array(0);
  peerIds: Uint8Array = new Uint8Array(0);
  readonly #rows: PeerRows;
  readonly #random: () => number;

  constructor(rows: PeerRows, random: () => number) {
    this.#rows = rows;
    this.#random = random;
  }

  /**
   * Up to `want` peers, each equally likely, without the one in row `self` (-1: no such) and without those that have been
   * silent for a lifetime and not been removed yet; O(want). One who is no downloader (`selfClass`) is given downloaders only.
   *
   * The eligible rows are a ring, cut at a random place into `want` arcs that differ by one row at most; of each arc one row
   * is drawn. So no row is drawn twice, with nothing to remember, and by symmetry none is drawn more often than another.
   */
  choose(
    words: Uint32Array,
    at: number,
    want: number,
    self: number,
    selfClass: number,
    withPeerIds: boolean,
    { tick, lifetime }: RowAge,
  ): PeerSample {
    const isDownloader = selfClass === PEER_CLASS.downloader;
    const border = words[at + (isDownloader ? FAMILY.peerCount : FAMILY.downloaderEnd)]!;
    const isSelfEligible = self >= 0 && self < border;
    const eligible = border - (isSelfEligible ? 1 : 0);
    const count = Math.min(want, eligible);
    if (count <= 0) return EMPTY_SAMPLE;
    this.#reserve(count, withPeerIds);
    const arc = eligible / count;
    // One draw is stretched to many: nobody's secret depends on them.
    let state = ((this.#random() * 0xffff_ffff) | 0) ^ 0x2545_f491 || 1;
    let begin = 0;
    this.count = 0;
    const shift = Math.floor(this.#random() * eligible);
    const { entryLength } = this.#rows;
    for (let i = 0; i < count; i++) {
      const end = i === count - 1 ? eligible : Math.floor((i + 1) * arc);
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      let row = begin + Math.floor(((state >>> 0) / 4_294_967_296) * (end - begin)) + shift;
      begin = end;
      if (row >= eligible) row -= eligible;
      if (isSelfEligible && row >= self) row++;
      if (this.#rows.ageOf(words, at, row, tick) > lifetime) continue;
      const place = this.count++;
      this.#rows.copyEntry(words, at, row, this.compact, place * entryLength);
      if (withPeerIds) this.#rows.copyId(words, at, row, this.peerIds, place * ID_LENGTH);
    }
    return this;
  }

  #reserve(count: number, withPeerIds: boolean): void {
    if (this.compact.length < count * this.#rows.entryLength)
      this.compact = new Uint8Array(2 * count * this.#rows.entryLength);
    if (withPeerIds && this.peerIds.length < count * ID_LENGTH)
      this.peerIds = new Uint8Array(2 * count * ID_LENGTH);
  }
}
