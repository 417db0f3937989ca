import { formatEndpoint, type Endpoint } from "@bt/primitives";
import { dialOrder, type PeerSource } from "../policy/dial-order.ts";
import { isDialableAddress, isLoopbackAddress } from "../policy/dialable-address.ts";
import { reconnectBackoff } from "../policy/reconnect-backoff.ts";

/** One endpoint that may be a peer of a torrent. */
export interface PeerRecord {
  readonly endpoint: Endpoint;
  readonly source: PeerSource;
  /** By which of the torrent's info-hashes it is greeted (`swarmHashes`). */
  hashIndex: number;
  state: "idle" | "dialling" | "connected";
  /** It may be dialled: its port is a listening one and not just where a connection came from. */
  connectable: boolean;
  failureCount: number;
  hadWorked: boolean;
  hadJoined: boolean;
  dialledAt: number;
  nextDialAt: number;
  banned: boolean;
  /** Pieces with blocks from it that matched their hash. */
  goodPieceCount: number;
  /** It had everything when we last saw it: no use to us once we have everything too. */
  isSeed: boolean;
}

/** Most endpoints that are kept per torrent (libtorrent max_peerlist_size 3,000). */
export const MAXIMUM_KNOWN_PEERS = 3_000;

/** Endpoints of one address, so that nobody makes us dial every port of a third party. Loopback is exempt. */
export const MAXIMUM_PEERS_PER_HOST = 8;

/**
 * Everyone who was ever named as a peer of one torrent, and when to dial whom. An endpoint is in it once, so no peer
 * is dialled twice at a time, and what is banned stays banned whoever names it again.
 */
export class PeerBook {
  readonly #records = new Map<string, PeerRecord>();
  readonly #bannedHosts = new Set<string>();
  /** Connectable endpoints that were ever noted for an address. */
  readonly #hostCounts = new Map<string, number>();

  get size(): number {
    return this.#records.size;
  }

  isBanned(host: string): boolean {
    return this.#bannedHosts.has(host);
  }

  /** The record of `endpoint`, made when it is new; `undefined` when it is banned or the book is full. */
  note(
    endpoint: Endpoint,
    source: PeerSource,
    connectable: boolean,
    hashIndex: number = 0,
  ): PeerRecord | undefined {
    const key = formatEndpoint(endpoint);
    const known = this.#records.get(key);
    if (known !== undefined) {
      if (known.banned) return undefined;
      known.connectable ||= connectable;
      // Who is in both swarms of a hybrid torrent is met in the first.
      known.hashIndex = Math.min(known.hashIndex, hashIndex);
      // Named again: whatever was wrong may have been mended.
      if (known.nextDialAt === Infinity && known.state === "idle") {
        known.failureCount = Math.max(0, known.failureCount - 1);
        known.nextDialAt = known.dialledAt + reconnectBackoff(known);
      }
      return known;
    }
    const { host } = endpoint;
    if (this.#bannedHosts.has(host) || (source !== "user" && !isDialableAddress(host))) return undefined;
    const hostCount = this.#hostCounts.get(host) ?? 0;
    if (hostCount >= MAXIMUM_PEERS_PER_HOST && connectable && !isLoopbackAddress(host)) return undefined;
    if (this.#records.size >= MAXIMUM_KNOWN_PEERS && !this.#dropWorst()) return undefined;
    const record: PeerRecord = {
      endpoint,
      source,
      hashIndex,
      state: "idle",
      connectable,
      failureCount: 0,
      hadWorked: false,
      hadJoined: false,
      dialledAt: -Infinity,
      nextDialAt: -Infinity,
      banned: false,
      goodPieceCount: 0,
      isSeed: false,
    };
    this.#records.set(key, record);
    if (connectable) this.#hostCounts.set(host, hostCount + 1);
    return record;
  }

  /** Whom to dial now, best first; `undefined` when nobody is due. */
  next(now: number, seeding: boolean): PeerRecord | undefined {
    let best: PeerRecord | undefined;
    for (const record of this.#records.values()) {
      if (!isDialable(record, seeding) || record.nextDialAt > now) continue;
      if (best === undefined || dialOrder(record, best) < 0) best = record;
    }
    return best;
  }

  /** When somebody is due again; `Infinity` when nobody will be. */
  nextDialAt(seeding: boolean): number {
    let next = Infinity;
    for (const record of this.#records.values())
      if (isDialable(record, seeding)) next = Math.min(next, record.nextDialAt);
    return next;
  }

  /** Endpoints that may be dialled and have not failed: what there is without asking anybody. */
  candidateCount(seeding: boolean): number {
    let count = 0;
    for (const record of this.#records.values())
      if (record.failureCount === 0 && isDialable(record, seeding)) count++;
    return count;
  }

  dialling(record: PeerRecord, now: number): void {
    record.state = "dialling";
    record.hadJoined = false;
    record.dialledAt = now;
  }

  connected(record: PeerRecord): void {
    record.state = "connected";
    record.hadJoined = true;
  }

  /** The connection ended; `worked` when it had got as far as a handshake and did no harm. */
  disconnected(record: PeerRecord, worked: boolean, now: number): void {
    record.state = "idle";
    record.hadWorked = worked;
    record.failureCount = worked ? 0 : record.failureCount + 1;
    record.nextDialAt = now + reconnectBackoff(record);
  }

  /** Nobody whom trackers or peers named is dialled again, unless he is named anew. */
  disownAll(): void {
    for (const record of this.#records.values()) if (record.source !== "user") record.connectable = false;
  }

  /** It was us who left: those with whom all was well are dialled at once. */
  comeBack(now: number): void {
    for (const record of this.#records.values())
      if (record.state === "idle" && record.hadWorked) record.nextDialAt = Math.min(record.nextDialAt, now);
  }

  /** For good: a peer that was proven to send bad data. Others on a loopback address are told apart by port. */
  ban(record: PeerRecord): void {
    record.banned = true;
    if (!isLoopbackAddress(record.endpoint.host)) this.#bannedHosts.add(record.endpoint.host);
  }

  #dropWorst(): boolean {
    for (const [key, record] of this.#records) {
      if (record.state !== "idle" || record.banned) continue;
      if (record.failureCount === 0 && record.connectable) continue;
      this.#records.delete(key);
      return true;
    }
    return false;
  }
}

function isDialable(record: PeerRecord, seeding: boolean): boolean {
  return record.state === "idle" && record.connectable && !record.banned && !(seeding && record.isSeed);
}
