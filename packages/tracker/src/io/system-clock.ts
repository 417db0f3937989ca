import type { ServerClock } from "../server/server-clock.ts";

/** The clocks of this machine. */
export const systemServerClock: ServerClock = Object.freeze({
  now: () => performance.now(),
  wallNow: () => Date.now(),
  every(intervalMs: number, look: () => void) {
    const timer = setInterval(look, intervalMs);
    return () => clearInterval(timer);
  },
});
