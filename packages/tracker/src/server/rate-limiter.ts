import { KeyedHash } from "./keyed-hash.ts";

export interface RateLimiterOptions {
  /** Requests a second that one address may make in the long run; Infinity: no limit. */
  readonly requestsPerSecond: number;
  /** How many it may make at once after a silence. */
  readonly requestBurst: number;
}

/** Addresses that are remembered; 12 bytes each. */
const MAX_LIMITED_ADDRESSES = 65_536;
const WAYS = 8;
const SET_COUNT = MAX_LIMITED_ADDRESSES / WAYS;

/**
 * A token bucket for each address (IPv6: each /64), in a table of fixed size. An address falls into one of 8,192 sets of
 * eight by a keyed hash; a full set forgets who was silent for longest, whose bucket is the fullest. Who wants to be forgotten
 * needs eight addresses that he cannot choose.
 */
export class RateLimiter {
  readonly #options: RateLimiterOptions;
  readonly #hash: KeyedHash;
  readonly #words = new Uint32Array(2);
  readonly #tags = new Uint32Array(MAX_LIMITED_ADDRESSES);
  /** Tenths of a second. */
  readonly #seenAt = new Uint32Array(MAX_LIMITED_ADDRESSES);
  readonly #tokens = new Float32Array(MAX_LIMITED_ADDRESSES);

  constructor(key0: number, key1: number, options: RateLimiterOptions) {
    this.#hash = new KeyedHash(key0, key1);
    this.#options = options;
  }

  /** Whether a request of this address (4 or 16 bytes) is to be answered now. */
  take(address: Uint8Array, addressLength: number, now: number): boolean {
    const { requestsPerSecond, requestBurst } = this.#options;
    if (requestsPerSecond === Infinity) return true;
    const words = addressLength === 4 ? 1 : 2;
    for (let i = 0; i < words; i++) {
      const at = 4 * i;
      this.#words[i] =
        address[at]! | (address[at + 1]! << 8) | (address[at + 2]! << 16) | (address[at + 3]! << 24);
    }
    const set = (this.#hash.hash64(this.#words, words) % SET_COUNT) * WAYS;
    const tag = this.#hash.high || 1;
    const tick = Math.floor(now / 100) >>> 0;
    let slot = set;
    let oldest = -1;
    let found = false;
    for (let way = set; way < set + WAYS; way++) {
      if (this.#tags[way] === tag) {
        slot = way;
        found = true;
        break;
      }
      const age = this.#tags[way] === 0 ? Infinity : (tick - this.#seenAt[way]!) >>> 0;
      if (age > oldest) {
        oldest = age;
        slot = way;
      }
    }
    if (!found) {
      this.#tags[slot] = tag;
      this.#tokens[slot] = requestBurst - 1;
      this.#seenAt[slot] = tick;
      return requestBurst >= 1;
    }
    const gained = (((tick - this.#seenAt[slot]!) >>> 0) * requestsPerSecond) / 10;
    const tokens = Math.min(requestBurst, this.#tokens[slot]! + gained);
    const isAllowed = tokens >= 1;
    this.#tokens[slot] = isAllowed ? tokens - 1 : tokens;
    this.#seenAt[slot] = tick;
    return isAllowed;
  }
}
