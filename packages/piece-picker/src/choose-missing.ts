import type { Peer } from "./peer-table.ts";
import type { PieceTable } from "./piece-table.ts";
import { HIGHEST_PRIORITY } from "./piece-ranking.ts";
import type { RarityOrder } from "./rarity-order.ts";

/**
 * Pieces of one priority that are looked at, rarest first, before another way is taken: a peer that has few of the
 * rare pieces must not make each pick walk past a million of them.
 */
const MAX_PROBES = 1_024;
/** On that other way the best of so many of the peer's own pieces is taken, from a random place on. */
const SAMPLE_COUNT = 32;

/** What decides among pieces of equal priority. */
export type PieceChoice = "rarest" | "random" | "sequential";

/**
 * Which missing piece `peer` shall begin, or -1: the highest priority, then the rarest (BEP 3 recommends it; why it
 * works: Legout et al., "Rarest First and Choke Algorithms Are Enough", 2006), ties broken at random; or, by `choice`,
 * any or the first one.
 *
 * `minPriority` above 1 says that the peer has something else to do, so only a better piece that is found at once is
 * worth it; with 1, a piece is found whenever there is one.
 *
 * Cost: at most MAX_PROBES for each priority in use, then at most MAX_PROBES and one step for each 32 pieces of the
 * torrent. The latter is for peers that have none of the rarest pieces, and it gives up being exact: the piece is the
 * best of a sample.
 */
export function chooseMissing(
  table: PieceTable,
  peer: Peer,
  random: () => number,
  choice: PieceChoice,
  minPriority: number,
): number {
  if (table.missingCountOf(peer) === 0) return -1;
  table.ranking.settle();
  // Pieces that only seeds have are level 0: others need not look there, and there may be very many.
  const firstLevel = peer.isCountedAsSeed ? 0 : 1;
  for (let priority = HIGHEST_PRIORITY; priority >= minPriority; priority--) {
    const order = table.ranking.orderOf(priority);
    const start = order.startOf(firstLevel);
    if (start === order.count) continue;
    let piece = -1;
    if (choice === "random") piece = probe(order, peer, start, order.count, MAX_PROBES, random);
    if (choice === "sequential") piece = findFirst(table, order, peer, priority);
    if (piece < 0 && choice !== "random") piece = probeLevels(order, peer, firstLevel, random);
    if (piece >= 0) return piece;
    const wereAllProbed = order.count - start <= MAX_PROBES;
    if (!wereAllProbed && minPriority === 1)
      return sample(table, peer, random, choice === "random" ? 1 : SAMPLE_COUNT, priority);
  }
  return -1;
}

/** The first piece of `priority` that `peer` has, or -1; also -1 when too many others are in the way. */
function findFirst(table: PieceTable, order: RarityOrder, peer: Peer, priority: number): number {
  const field = peer.field ?? table.missing;
  if (order.count <= MAX_PROBES) {
    let first = -1;
    for (let at = 0; at < order.count; at++) {
      const piece = order.pieces[at]!;
      if ((first < 0 || piece < first) && field.has(piece)) first = piece;
    }
    return first;
  }
  let piece = table.missing.nextCommon(field, 0);
  for (let left = MAX_PROBES; left > 0 && piece >= 0; left--) {
    if (table.ranking.priorityOf(piece) === priority) return piece;
    piece = table.missing.nextCommon(field, piece + 1);
  }
  return -1;
}

function probeLevels(order: RarityOrder, peer: Peer, firstLevel: number, random: () => number): number {
  let budget = MAX_PROBES;
  for (let level = firstLevel; level < order.levelCount && budget > 0; level++) {
    const start = order.startOf(level);
    const end = order.startOf(level + 1);
    if (start === end) continue;
    const piece = probe(order, peer, start, end, budget, random);
    if (piece >= 0) return piece;
    budget -= end - start;
  }
  return -1;
}

/** A piece of `peer` among `pieces[start .. end)`: the first one after a random place, of at most `limit`. */
function probe(
  order: RarityOrder,
  peer: Peer,
  start: number,
  end: number,
  limit: number,
  random: () => number,
): number {
  const length = end - start;
  let at = start + randomIndex(length, random);
  for (let left = Math.min(limit, length); left > 0; left--) {
    const piece = order.pieces[at]!;
    if (peer.field === undefined || peer.field.has(piece)) return piece;
    if (++at === end) at = start;
  }
  return -1;
}

/**
 * The best of the next missing pieces that `peer` has, from a random place on, until `count` pieces of at least
 * `priority` were seen. Some piece, if there is one.
 */
function sample(
  table: PieceTable,
  peer: Peer,
  random: () => number,
  count: number,
  priority: number,
): number {
  const { missing, ranking } = table;
  const field = peer.field ?? missing;
  const start = randomIndex(table.pieceCount, random);
  let best = -1;
  let bestPriority = 0;
  let bestAvailability = 0;
  let seenCount = 0;
  let at = start;
  let isAround = false;
  for (let left = MAX_PROBES; left > 0 && seenCount < count; left--) {
    let piece = missing.nextCommon(field, at);
    if (piece < 0 && !isAround) {
      isAround = true;
      piece = missing.nextCommon(field, 0);
    }
    if (piece < 0 || (isAround && piece >= start)) break;
    const itsPriority = ranking.priorityOf(piece);
    const availability = ranking.availabilityOf(piece);
    if (itsPriority >= priority) seenCount++;
    if (itsPriority > bestPriority || (itsPriority === bestPriority && availability < bestAvailability)) {
      best = piece;
      bestPriority = itsPriority;
      bestAvailability = availability;
    }
    at = piece + 1;
  }
  return best;
}

function randomIndex(length: number, random: () => number): number {
  return Math.min(length - 1, Math.floor(random() * length));
}
