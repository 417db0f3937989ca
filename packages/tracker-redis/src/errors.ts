import { IoError } from "@bt/primitives";

/**
 * - `REDIS_BAD_URL` not a `redis:` or `rediss:` URL.
 * - `REDIS_UNREACHABLE` no connection, or the server refuses us (`cause`).
 * - `REDIS_TOO_OLD` the server is older than Redis 6.2, which lacks what a random choice needs.
 */
export type RedisStoreErrorCode = "REDIS_BAD_URL" | "REDIS_UNREACHABLE" | "REDIS_TOO_OLD";

/** The store could not be opened. Later troubles are not errors: announces are answered with a failure meanwhile. */
export class RedisStoreError extends IoError<RedisStoreErrorCode> {
  override readonly name: string = "RedisStoreError";
}
