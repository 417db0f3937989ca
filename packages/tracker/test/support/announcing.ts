import {
  Announcer,
  TrackerError,
  type AnnounceResponse,
  type AnnouncerOptions,
  type AnnounceTask,
} from "@bt/tracker";
import { expect } from "vitest";

export const A = "http://a.example/announce";
export const B = "http://b.example/announce";
export const C = "http://c.example/announce";
export const MINUTE = 60_000;

export const answer = (change: Partial<AnnounceResponse> = {}): AnnounceResponse => ({
  intervalMs: 30 * MINUTE,
  peers: [],
  ...change,
});
export const down = new TrackerError("TRACKER_UNREACHABLE", "down");
export const silent = new TrackerError("TRACKER_TIMEOUT", "silent");

/** `random` that keeps the order of a tier as it is and adds no jitter. */
export function inOrder(tiers: string[][], options: AnnouncerOptions = {}): Announcer {
  return new Announcer({ tiers, random: () => 0.999_999 }, { jitter: 0, ...options });
}

export function drain(announcer: Announcer, now: number): AnnounceTask[] {
  const tasks: AnnounceTask[] = [];
  for (let task = announcer.poll(now); task !== undefined; task = announcer.poll(now)) tasks.push(task);
  return tasks;
}

/** The one task that is due. */
export function only(announcer: Announcer, now: number): AnnounceTask {
  const tasks = drain(announcer, now);
  expect(tasks).toHaveLength(1);
  return tasks[0]!;
}
