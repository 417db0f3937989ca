import { KeyedHash } from "./keyed-hash.ts";

/** An id is good in its window of time and the two after it: BEP 15 asks for two minutes after it was sent. */
const WINDOW_MS = 60_000;
const WINDOWS_GOOD = 2;
const ADDRESS_WORDS = 4;

/**
 * Connection ids without memory (BEP 15 "syn cookie like"): a keyed hash of the address and the time. Who has one has
 * received a datagram at that address. The port is not part of it: a NAT may change it between two datagrams. Two low bits
 * say which window an id is of, so that checking takes one hash.
 */
export class ConnectionIds {
  readonly #hash: KeyedHash;
  readonly #words = new Uint32Array(ADDRESS_WORDS + 1);

  /** Two random 32-bit words; trackers that share an address share them. */
  constructor(key0: number, key1: number) {
    this.#hash = new KeyedHash(key0, key1);
  }

  /** Writes the 8 bytes for an address of 4 or 16 bytes. `now`: ms, the same clock in all trackers that share the key. */
  write(address: Uint8Array, addressLength: number, now: number, to: Uint8Array, at: number): void {
    this.#write(address, addressLength, Math.floor(now / WINDOW_MS), to, at);
  }

  /** Whether the 8 bytes at `at` were given to this address at most three minutes ago. */
  isGood(address: Uint8Array, addressLength: number, now: number, bytes: Uint8Array, at: number): boolean {
    const current = Math.floor(now / WINDOW_MS);
    const age = (current - bytes[at]!) & 3;
    if (age > WINDOWS_GOOD) return false;
    this.#write(address, addressLength, current - age, this.#expected, 0);
    let difference = 0;
    for (let i = 0; i < 8; i++) difference |= bytes[at + i]! ^ this.#expected[i]!;
    return difference === 0;
  }

  readonly #expected = new Uint8Array(8);

  #write(address: Uint8Array, addressLength: number, window: number, to: Uint8Array, at: number): void {
    const count = addressLength >> 2;
    for (let i = 0; i < count; i++) {
      const from = 4 * i;
      this.#words[i] =
        address[from]! | (address[from + 1]! << 8) | (address[from + 2]! << 16) | (address[from + 3]! << 24);
    }
    this.#words[count] = window;
    const low = this.#hash.hash64(this.#words, count + 1);
    const high = this.#hash.high;
    to[at] = (low & 0xfc) | (window & 3);
    to[at + 1] = low >>> 8;
    to[at + 2] = low >>> 16;
    to[at + 3] = low >>> 24;
    to[at + 4] = high;
    to[at + 5] = high >>> 8;
    to[at + 6] = high >>> 16;
    to[at + 7] = high >>> 24;
  }
}
