import { randomBytes } from "node:crypto";
import { performance } from "node:perf_hooks";
import type { Clock, Random } from "../ports.ts";

/** The monotonic clock of the process. Its timers keep the process alive: a session lives until it is closed. */
export const systemClock: Clock = {
  now: () => performance.now(),
  callAt(at, callback) {
    // setTimeout holds 31 bits; whoever sleeps longer is woken early and sleeps again.
    const timer = setTimeout(
      callback,
      Math.min(2_147_483_647, Math.max(0, Math.ceil(at - performance.now()))),
    );
    return () => clearTimeout(timer);
  },
};

export const systemRandom: Random = {
  fraction: () => Math.random(),
  bytes: (length) => new Uint8Array(randomBytes(length)),
};
