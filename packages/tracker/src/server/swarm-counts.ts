import type { SwarmCounts } from "./swarm-store.ts";
import { FAMILY, SWARM } from "./swarm-table.ts";

/** Sizes of a swarm that is not there. */
export const NO_COUNTS: SwarmCounts = Object.freeze({
  seederCount: 0,
  leecherCount: 0,
  pausedCount: 0,
  completedCount: 0,
});

/** How many peers of both families the record at `base` has. */
export function peersAt(words: Uint32Array, base: number): number {
  return words[base + SWARM.v4 + FAMILY.peerCount]! + words[base + SWARM.v6 + FAMILY.peerCount]!;
}

function leechersAt(words: Uint32Array, base: number): number {
  return words[base + SWARM.v4 + FAMILY.pausedEnd]! + words[base + SWARM.v6 + FAMILY.pausedEnd]!;
}

/** The sizes of the swarm whose record is at `base`. */
export function countsAt(words: Uint32Array, base: number): SwarmCounts {
  const leecherCount = leechersAt(words, base);
  const downloaderCount =
    words[base + SWARM.v4 + FAMILY.downloaderEnd]! + words[base + SWARM.v6 + FAMILY.downloaderEnd]!;
  return {
    seederCount: peersAt(words, base) - leecherCount,
    leecherCount,
    pausedCount: leecherCount - downloaderCount,
    completedCount: words[base + SWARM.completed]!,
  };
}

/** Sizes of all swarms together. */
export class SwarmTotals {
  peerCount = 0;
  seederCount = 0;

  /** Keeps them right over a change of one swarm. */
  over(words: Uint32Array, base: number, change: () => void): void {
    const peersBefore = peersAt(words, base);
    const leechersBefore = leechersAt(words, base);
    change();
    const peerChange = peersAt(words, base) - peersBefore;
    this.peerCount += peerChange;
    this.seederCount += peerChange - (leechersAt(words, base) - leechersBefore);
  }
}
