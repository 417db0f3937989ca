/**
 * The swarms of `@bt/tracker/server` in Redis or Valkey, so that several tracker processes behind a load balancer share them. It
 * speaks no tracker protocol; it keeps nothing in the process.
 *
 * ```ts
 * import { createTrackerServer } from "@bt/tracker/server";
 * import { createRedisSwarmStore } from "@bt/tracker-redis";
 *
 * const store = await createRedisSwarmStore("redis://127.0.0.1:6379");
 * const tracker = await createTrackerServer({ port: 6969, udpPort: 6969, store });
 * ```
 *
 * @packageDocumentation
 */
export { createRedisSwarmStore, type RedisSwarmStore } from "./io/redis-swarm-store.ts";
export { DEFAULT_REDIS_STORE_OPTIONS, type RedisStoreOptions } from "./redis-store-options.ts";
export { RedisStoreError, type RedisStoreErrorCode } from "./errors.ts";
