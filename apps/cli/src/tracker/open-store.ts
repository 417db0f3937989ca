import type { SwarmStore } from "@bt/tracker/server";
import { EXIT } from "../exit-codes.ts";
import { Failure, usageFailure } from "../failure.ts";

/** `memory`, or the URL of a Redis. */
export function parseStore(text: string): string {
  const store = text.trim();
  if (store === "memory" || (/^rediss?:\/\/./i.test(store) && URL.canParse(store))) return store;
  throw usageFailure(`"${text}" is not a store; write memory or redis://HOST:PORT`);
}

/** The store that `--store` names; `undefined` for the tracker's own in memory. */
export async function openStore(store: string, peerLifetimeMs: number): Promise<SwarmStore | undefined> {
  if (store === "memory") return undefined;
  const { createRedisSwarmStore, RedisStoreError } = await import("@bt/tracker-redis");
  try {
    return await createRedisSwarmStore(store, { peerLifetimeMs });
  } catch (cause) {
    if (!(cause instanceof RedisStoreError)) throw cause;
    // The URL may hold a password: only its host is shown.
    const { host } = new URL(store);
    const why = `: ${cause.cause instanceof Error ? cause.cause.message : cause.message}`;
    const cure =
      cause.code === "REDIS_TOO_OLD"
        ? "; use Redis 6.2 or later, or Valkey"
        : "; is it running, is --store right?";
    throw new Failure(EXIT.network, cause.code, `cannot use the store at ${host}${why}${cure}`, { cause });
  }
}
