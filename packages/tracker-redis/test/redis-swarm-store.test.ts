import { createTrackerClient } from "@bt/tracker";
import { createTrackerServer } from "@bt/tracker/server";
import { SWARM_STORE_CASES } from "@bt/tracker/store-conformance";
import { createRedisSwarmStore } from "@bt/tracker-redis";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { redisCommand, RedisProcess } from "./support/redis-server.ts";

// Debian's is `redis-server`; tests/interop installs it. Without it these tests are skipped, and listed as skipped.
const LACK = redisCommand === undefined ? " (skipped: redis-server is not installed)" : "";

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

describe.skipIf(redisCommand === undefined)(`a swarm in Redis${LACK}`, () => {
  let redis: RedisProcess;
  let prefix = 0;
  beforeAll(async () => {
    redis = await RedisProcess.start();
  });
  afterAll(() => redis.close());

  async function store(options: Parameters<typeof createRedisSwarmStore>[1] = {}) {
    const made = await createRedisSwarmStore(redis.url, { keyPrefix: `t${prefix++}:`, ...options });
    open.push(() => made.close());
    return made;
  }

  it.each(SWARM_STORE_CASES)("as any store, $name", async ({ run }) => {
    await run(async (caps) => ({
      store: await store({ ...caps, commandTimeoutMs: 20_000 }),
      now: () => 0,
      wait: (ms) => delay(ms),
    }));
  });

  it("is shared by two trackers, and both go on when Redis has gone and come back", async () => {
    const keyPrefix = "shared:";
    const client = createTrackerClient();
    open.push(() => client.close());
    const trackers = await Promise.all(
      [1, 2].map(async () =>
        createTrackerServer({ host: "127.0.0.1", store: await store({ keyPrefix, maxReconnectMs: 100 }) }),
      ),
    );
    for (const tracker of trackers) open.push(() => tracker.close());
    const announce = (tracker: number, n: number) =>
      client.announce(trackers[tracker]!.announceUrl, {
        infoHash: new Uint8Array(20).fill(9),
        peerId: new TextEncoder().encode(`-XX0000-${String(n).padStart(12, "0")}`),
        port: 7_000 + n,
        uploaded: 0,
        downloaded: 0,
        left: 1,
      });
    await announce(0, 1);
    expect((await announce(1, 2)).peers).toEqual([{ host: "127.0.0.1", port: 7_001 }]);
    await redis.kill();
    for (const tracker of [0, 1]) {
      await expect(announce(tracker, 3)).rejects.toMatchObject({
        code: "TRACKER_FAILURE",
        retryInMs: 60_000,
      });
    }
    await redis.start();
    const again = async (tracker: number, n: number): Promise<unknown> => {
      for (let tries = 0; ; tries++) {
        try {
          return (await announce(tracker, n)).peers;
        } catch (error) {
          if (tries === 100) throw error;
          await delay(50);
        }
      }
    };
    await again(0, 4);
    expect(await again(1, 5)).toEqual([{ host: "127.0.0.1", port: 7_004 }]);
  });

  it("holds the key of connection ids, so that a tracker takes those of another over UDP, also when Redis forgot it", async () => {
    const keyPrefix = "key:";
    const one = await store({ keyPrefix, maxReconnectMs: 50 });
    expect(one.connectionIdKey).toHaveLength(8);
    const { Redis } = await import("ioredis");
    const plain = new Redis(redis.url);
    open.push(() => plain.disconnect());
    await plain.del(`${keyPrefix}connection-id-key`);
    await plain.call("CLIENT", "KILL", "SKIPME", "yes");
    while ((await plain.exists(`${keyPrefix}connection-id-key`)) === 0) await delay(10);
    const other = await store({ keyPrefix });
    expect(other.connectionIdKey).toEqual(one.connectionIdKey);
    expect((await store({ keyPrefix: "another:" })).connectionIdKey).not.toEqual(one.connectionIdKey);
    const [first, second] = await Promise.all(
      [one, other].map((made) =>
        createTrackerServer({ host: "127.0.0.1", port: null, udpPort: 0, store: made }),
      ),
    );
    for (const tracker of [first!, second!]) open.push(() => tracker.close());
    const socket = createSocket("udp4");
    open.push(() => socket.close());
    const ask = async (packet: Buffer, port: number): Promise<Buffer> => {
      socket.send(packet, port, "127.0.0.1");
      return ((await once(socket, "message")) as [Buffer])[0];
    };
    const connect = Buffer.from("00000417271019800000000000000007", "hex");
    const connectionId = (await ask(connect, first!.udpPort!)).subarray(8, 16);
    const scrape = Buffer.concat([connectionId, Buffer.from([0, 0, 0, 2, 0, 0, 0, 8]), Buffer.alloc(20)]);
    expect((await ask(scrape, second!.udpPort!)).subarray(0, 8)).toEqual(
      Buffer.from([0, 0, 0, 2, 0, 0, 0, 8]),
    );
  });

  it("leaves nothing of a swarm in Redis when its lifetime is over", async () => {
    const keyPrefix = "gone:";
    const made = await store({ keyPrefix, peerLifetimeMs: 300 });
    const announce = { infoHash: new Uint8Array(20), peerId: new Uint8Array(20), isSeed: false, numWant: 0 };
    await made.announce({ ...announce, entry: Uint8Array.of(1, 2, 3, 4, 5, 6), event: "completed" });
    await delay(700);
    expect(await made.stats()).toMatchObject({ swarmCount: 0, peerCount: 0 });
    const { Redis } = await import("ioredis");
    const plain = new Redis(redis.url);
    open.push(() => plain.disconnect());
    expect(await plain.keys(`${keyPrefix}*`)).toEqual([`${keyPrefix}connection-id-key`]);
  });

  it("forgets swarms whose lifetime is over while announces come, though nobody asks for statistics", async () => {
    const keyPrefix = "tidy:";
    const made = await store({ keyPrefix, peerLifetimeMs: 200 });
    const announce = (n: number) =>
      made.announce({
        infoHash: new Uint8Array(20).fill(n),
        peerId: new Uint8Array(20),
        entry: Uint8Array.of(1, 2, 3, 4, 5, 6),
        isSeed: false,
        event: undefined,
        numWant: 0,
      });
    for (let n = 0; n < 250; n++) await announce(n);
    await delay(300);
    const { Redis } = await import("ioredis");
    const plain = new Redis(redis.url);
    open.push(() => plain.disconnect());
    expect(await plain.zcard(`${keyPrefix}swarms`)).toBeGreaterThan(100);
    for (let n = 0; n < 100; n++) await announce(255);
    await expect.poll(() => plain.zcard(`${keyPrefix}swarms`)).toBe(1);
  });

  it("refuses what is too much at once, and goes on", async () => {
    const made = await store({ maxPendingCount: 5 });
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) =>
        made.announce({
          infoHash: new Uint8Array(20),
          peerId: new Uint8Array(20),
          entry: Uint8Array.of(1, 2, 3, 4, 5, n),
          isSeed: false,
          event: undefined,
          numWant: 5,
        }),
      ),
    );
    expect(results.filter(({ status }) => status === "rejected")).toHaveLength(15);
    expect((await made.scrape([new Uint8Array(20)]))[0]!.leecherCount).toBe(5);
  });
});
