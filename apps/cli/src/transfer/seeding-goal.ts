import type { Torrent } from "@bt/engine";

/** When a complete torrent has been seeded enough. Of several limits the first that is reached counts. */
export interface SeedingGoal {
  /** Uploaded bytes over the size of what was wanted. */
  readonly ratio: number | undefined;
  readonly timeMs: number | undefined;
}

/** How often the ratio is looked at. */
const LOOK_INTERVAL_MS = 100;

/** Resolves when the goal is reached (without limits: never); rejects when the torrent stops with an error. */
export async function seedUntil(torrent: Torrent, goal: SeedingGoal): Promise<void> {
  const { promise, resolve, reject } = deferred();
  const unsubscribe = torrent.on("error", reject);
  const timer = goal.timeMs === undefined ? undefined : setTimeout(resolve, goal.timeMs);
  const { ratio } = goal;
  const looking =
    ratio === undefined
      ? undefined
      : setInterval(() => {
          const { uploadedLength, wantedLength } = torrent.snapshot();
          if (uploadedLength >= ratio * wantedLength) resolve();
        }, LOOK_INTERVAL_MS);
  try {
    await promise;
  } finally {
    unsubscribe();
    clearTimeout(timer);
    clearInterval(looking);
  }
}

function deferred(): { promise: Promise<void>; resolve: () => void; reject: (error: unknown) => void } {
  let resolve!: () => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
