import {
  refusal,
  type SwarmAnnounce,
  type SwarmAnswer,
  type SwarmCounts,
  type SwarmPage,
} from "@bt/tracker/server";
import type { PeerSample, StoreStats, SwarmStore } from "@bt/tracker/server";
import { Redis } from "ioredis";
import { randomBytes } from "node:crypto";
import { RedisStoreError } from "../errors.ts";
import { ListedSwarms } from "../listed-swarms.ts";
import { DEFAULT_REDIS_STORE_OPTIONS, type RedisStoreOptions } from "../redis-store-options.ts";
import { ANNOUNCE_SCRIPT, KEY_SUFFIXES, SCRAPE_SCRIPT } from "../scripts.ts";

export interface RedisSwarmStore extends SwarmStore {
  announce(announce: SwarmAnnounce): Promise<SwarmAnswer>;
  scrape(infoHashes: readonly Uint8Array[]): Promise<readonly SwarmCounts[]>;
  /** Of more than 1,000 swarms the numbers of peers are estimated from 1,000 that are drawn. */
  stats(): Promise<StoreStats>;
  page(cursor: string | undefined, limit: number): Promise<SwarmPage>;
  /** Whether Redis answers at present. */
  readonly isConnected: boolean;
  /** The same in all processes: the first one draws it and leaves it in Redis. */
  readonly connectionIdKey: Uint8Array;
  close(): Promise<void>;
}

type Reply = Promise<unknown>;
interface Scripts {
  btAnnounceBuffer(...keysAndArguments: (Buffer | string | number)[]): Reply;
  btScrapeBuffer(...keysAndArguments: (Buffer | string | number)[]): Reply;
}

const RETRY_MS = 60_000;
const CONNECTION_ID_KEY_LENGTH = 8;
/** Swarms that are looked at to say how many peers there are. */
const MAX_SAMPLED_SWARMS = 1_000;
/** `ZRANDMEMBER` and `ZRANGE … BYSCORE`. */
const OLDEST_VERSION = [6, 2] as const;
/** Swarms whose lifetime is over that one call takes off the list of swarms, … */
const MAX_REMOVED_SWARMS = 1_000;
/** … and after how many announces one does, since nobody may ever ask for statistics. */
const ANNOUNCES_PER_TIDYING = 100;

/**
 * Opens the store; `url` is `redis://[user:password@]host:port/[database]`, `rediss://` with TLS. While Redis is away, announces
 * are refused with a wish to try again (BEP 31); it connects again by itself.
 * @throws RedisStoreError
 */
export async function createRedisSwarmStore(
  url: string,
  options: RedisStoreOptions = {},
): Promise<RedisSwarmStore> {
  if (!/^rediss?:\/\//i.test(url) || !URL.canParse(url))
    throw new RedisStoreError("REDIS_BAD_URL", "not a redis:// or rediss:// URL");
  const settings = { ...DEFAULT_REDIS_STORE_OPTIONS, ...options };
  let isOpen = false;
  const redis = new Redis(url, {
    lazyConnect: true,
    // What cannot be asked now is refused now: clients come again by themselves, a queue would only delay them all.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    enableAutoPipelining: true,
    commandTimeout: settings.commandTimeoutMs,
    connectTimeout: settings.commandTimeoutMs,
    retryStrategy: (attempt) =>
      isOpen ? Math.min(50 * 2 ** Math.min(attempt, 10), settings.maxReconnectMs) : null,
    scripts: {
      btAnnounce: { lua: ANNOUNCE_SCRIPT, numberOfKeys: KEY_SUFFIXES.length },
      btScrape: { lua: SCRAPE_SCRIPT, numberOfKeys: KEY_SUFFIXES.length },
    },
  });
  let lastError: unknown;
  redis.on("error", (error) => (lastError = error));
  let connectionIdKey: Uint8Array;
  try {
    await redis.connect();
    const version = /redis_version:(\d+)\.(\d+)/.exec(await redis.info("server"));
    const [major, minor] = [Number(version?.[1]), Number(version?.[2])];
    if (major < OLDEST_VERSION[0] || (major === OLDEST_VERSION[0] && minor < OLDEST_VERSION[1])) {
      throw new RedisStoreError("REDIS_TOO_OLD", `Redis ${major}.${minor}; 6.2 is the oldest that will do`);
    }
    connectionIdKey = await sharedKeyOf(redis, `${settings.keyPrefix}connection-id-key`);
  } catch (error) {
    redis.disconnect();
    if (error instanceof RedisStoreError) throw error;
    throw new RedisStoreError(
      "REDIS_UNREACHABLE",
      "Redis cannot be reached",
      {},
      { cause: lastError ?? error },
    );
  }
  isOpen = true;
  return new Store(redis, settings, connectionIdKey);
}

/** The key at `name`, drawn if there is none; given back to a Redis that comes back without it. */
async function sharedKeyOf(redis: Redis, name: string): Promise<Uint8Array> {
  await redis.set(name, randomBytes(CONNECTION_ID_KEY_LENGTH), "NX");
  const found = await redis.getBuffer(name);
  if (found?.length !== CONNECTION_ID_KEY_LENGTH) throw new Error(`${name} holds something else`);
  redis.on("ready", () => void redis.set(name, found, "NX").catch(() => undefined));
  return Uint8Array.from(found);
}

class Store implements RedisSwarmStore {
  readonly #redis: Redis & Scripts;
  readonly #settings: Required<RedisStoreOptions>;
  readonly #swarmsKey: string;
  readonly #listed: ListedSwarms;
  readonly connectionIdKey: Uint8Array;
  #pendingCount = 0;
  #announceCount = 0;

  constructor(redis: Redis, settings: Required<RedisStoreOptions>, connectionIdKey: Uint8Array) {
    this.connectionIdKey = connectionIdKey;
    this.#redis = redis as Redis & Scripts;
    this.#settings = settings;
    this.#swarmsKey = `${settings.keyPrefix}swarms`;
    this.#listed = new ListedSwarms(settings.peerLifetimeMs);
    redis.on("ready", () => this.#listed.clear());
  }

  get isConnected(): boolean {
    return this.#redis.status === "ready";
  }

  announce(announce: SwarmAnnounce): Promise<SwarmAnswer> {
    const { infoHash, entry, event } = announce;
    const { peerLifetimeMs, maxPeersPerSwarm, maxPeersPerAddress } = this.#settings;
    const swarm = Buffer.from(infoHash);
    const peerClass = event === "stopped" ? 0 : announce.isSeed ? 3 : event === "paused" ? 2 : 1;
    return this.#bounded(async () => {
      const answered = this.#redis.btAnnounceBuffer(
        ...this.#keysOf(swarm),
        peerLifetimeMs,
        Buffer.from(entry),
        Buffer.from(announce.peerId),
        peerClass,
        event === "completed" ? 1 : 0,
        announce.numWant,
        announce.bothFamilies === false ? 0 : 1,
        announce.withPeerIds === false ? 0 : 1,
        maxPeersPerSwarm,
        maxPeersPerAddress,
        Math.floor(Math.random() * 0x7fff_ffff),
      );
      if (++this.#announceCount % ANNOUNCES_PER_TIDYING === 0) this.#tidy().catch(() => undefined);
      const now = Date.now();
      const isDue = peerClass !== 0 && this.#listed.isDue(swarm.toString("latin1"), now);
      const listed = isDue ? this.#redis.zadd(this.#swarmsKey, now, swarm) : undefined;
      listed?.catch(() => this.#listed.clear());
      // Both are waited for together: a rejection that nobody waits for would end the process.
      const [reply] = await Promise.all([answered, listed]);
      const [counts, own, ownIds, other, otherIds] = reply as [number[], Buffer, Buffer, Buffer, Buffer];
      const isV4 = entry.length === 6;
      const mine = sampleOf(own, ownIds, isV4 ? 6 : 18);
      const theirs = sampleOf(other, otherIds, isV4 ? 18 : 6);
      return { ...countsOf(counts), peers: isV4 ? mine : theirs, peers6: isV4 ? theirs : mine };
    });
  }

  scrape(infoHashes: readonly Uint8Array[]): Promise<readonly SwarmCounts[]> {
    const swarms = infoHashes.map((infoHash) => Buffer.from(infoHash));
    return this.#bounded(() => this.#countsOf(swarms));
  }

  stats(): Promise<StoreStats> {
    return this.#bounded(async () => {
      await this.#tidy();
      const dead = this.#listed.deadBefore(Date.now());
      const key = this.#swarmsKey;
      const swarmCount = await this.#redis.zcount(key, dead, "+inf");
      const drawn = swarmCount === 0 ? [] : await this.#redis.zrandmemberBuffer(key, MAX_SAMPLED_SWARMS);
      const rows = await this.#countsOf(drawn as unknown as Buffer[]);
      const scale = rows.length === 0 ? 0 : Math.max(1, swarmCount / rows.length);
      const total = (countOf: (row: SwarmCounts) => number): number =>
        Math.round(scale * rows.reduce((sum, row) => sum + countOf(row), 0));
      return {
        swarmCount,
        peerCount: total((row) => row.seederCount + row.leecherCount),
        seederCount: total((row) => row.seederCount),
        byteLength: undefined,
      };
    });
  }

  page(cursor: string | undefined, limit: number): Promise<SwarmPage> {
    return this.#bounded(async () => {
      const reply = await this.#redis.zscanBuffer(this.#swarmsKey, cursor ?? "0", "COUNT", limit);
      const [next, membersAndScores] = reply as [Buffer, Buffer[]];
      const swarms = membersAndScores.filter((_, i) => i % 2 === 0);
      const counts = await this.#countsOf(swarms);
      const rows = swarms.map((swarm, i) => [Uint8Array.from(swarm), counts[i]!] as const);
      return { rows, cursor: next.toString() === "0" ? undefined : next.toString() };
    });
  }

  async close(): Promise<void> {
    // `quit` would wait for a server that is away.
    if (this.isConnected) await this.#redis.quit().catch(() => undefined);
    this.#redis.disconnect();
  }

  /** Takes swarms whose lifetime is over off the list. */
  async #tidy(): Promise<void> {
    const key = this.#swarmsKey;
    const dead = String(this.#listed.deadBefore(Date.now()));
    const silent = await this.#redis.zrangeBuffer(
      key,
      "-inf",
      dead,
      "BYSCORE",
      "LIMIT",
      0,
      MAX_REMOVED_SWARMS,
    );
    if (silent.length > 0) await this.#redis.zrem(key, ...silent);
  }

  async #countsOf(swarms: readonly Buffer[]): Promise<SwarmCounts[]> {
    const { peerLifetimeMs } = this.#settings;
    const replies = swarms.map((swarm) => this.#redis.btScrapeBuffer(...this.#keysOf(swarm), peerLifetimeMs));
    return (await Promise.all(replies)).map((counts) => countsOf(counts as number[]));
  }

  /** In hexadecimal: a cluster looks for the closing brace, and an operator can read it. */
  #keysOf(swarm: Buffer): string[] {
    const stem = `${this.#settings.keyPrefix}{${swarm.toString("hex")}}:`;
    return KEY_SUFFIXES.map((suffix) => stem + suffix);
  }

  /** Runs what asks Redis, while few enough wait for it. Its errors become a refusal: the client should come again. */
  async #bounded<T>(ask: () => Promise<T>): Promise<T> {
    if (this.#pendingCount >= this.#settings.maxPendingCount)
      throw refusal("the tracker is busy, try again later", RETRY_MS);
    this.#pendingCount++;
    try {
      return await ask();
    } catch (cause) {
      throw Object.assign(refusal("the tracker cannot reach its store, try again later", RETRY_MS), {
        cause,
      });
    } finally {
      this.#pendingCount--;
    }
  }
}

function countsOf([
  seederCount = 0,
  leecherCount = 0,
  pausedCount = 0,
  completedCount = 0,
]: readonly number[]): SwarmCounts {
  return { seederCount, leecherCount, pausedCount, completedCount };
}

function sampleOf(compact: Buffer, peerIds: Buffer, entryLength: 6 | 18): PeerSample {
  return { count: compact.length / entryLength, compact, peerIds };
}
