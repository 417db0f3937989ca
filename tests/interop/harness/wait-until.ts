import { setTimeout as delay } from "node:timers/promises";

/**
 * Asks `condition` again and again until it holds. Rejects after `timeoutMs` with `what` was awaited and with
 * the text of `explain`. An exception of `condition` ends the wait at once.
 */
export async function waitUntil(
  what: string,
  timeoutMs: number,
  condition: () => boolean | Promise<boolean>,
  explain: () => string = () => "",
): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > end)
      throw new Error(`${what}: not within ${String(timeoutMs / 1_000)} s\n${explain()}`);
    await delay(50);
  }
}
