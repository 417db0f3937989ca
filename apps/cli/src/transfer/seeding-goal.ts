import type { Torrent } from "@bt/engine";

/** When a complete torrent has been seeded enough. Of several limits the first that is reached counts. */
export interface SeedingGoal {
  /** Uploaded bytes over the size of what was wanted. */
  readonly ratio: number | undefined;
  readonly timeMs: number | undefined;
}

/** How often ratios are looked at. */
const LOOK_INTERVAL_MS = 100;

/** All torrents with a ratio are looked at together: one timer for a thousand of them. */
const looks = new Set<() => void>();
let looking: ReturnType<typeof setInterval> | undefined;

function lookRegularly(look: () => void): () => void {
  looks.add(look);
  looking ??= setInterval(() => {
    for (const one of looks) one();
  }, LOOK_INTERVAL_MS);
  return () => {
    looks.delete(look);
    if (looks.size > 0) return;
    clearInterval(looking);
    looking = undefined;
  };
}

/** Resolves when the goal is reached (without limits: never); rejects when the torrent stops with an error. */
export async function seedUntil(torrent: Torrent, goal: SeedingGoal): Promise<void> {
  const { promise, resolve, reject } = deferred();
  const unsubscribe = torrent.on("error", reject);
  const timer = goal.timeMs === undefined ? undefined : setTimeout(resolve, goal.timeMs);
  const { ratio } = goal;
  // Which files are wanted does not change under a command.
  const enough = ratio === undefined ? Infinity : ratio * torrent.snapshot().wantedLength;
  const stopLooking =
    ratio === undefined
      ? undefined
      : lookRegularly(() => {
          if (torrent.uploadedLength >= enough) resolve();
        });
  try {
    await promise;
  } finally {
    unsubscribe();
    clearTimeout(timer);
    stopLooking?.();
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
