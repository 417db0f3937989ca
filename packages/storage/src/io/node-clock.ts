import type { StorageClock } from "../clock.ts";

/** The system's clocks. */
export const NODE_CLOCK: StorageClock = Object.freeze<StorageClock>({
  monotonicMs: () => performance.now(),
  unixMs: () => Date.now(),
  startTimer: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
});
