import type { Torrent } from "@bt/engine";
import { EXIT } from "../exit-codes.ts";
import { Failure } from "../failure.ts";
import { formatDuration } from "../output/units.ts";

/** Rejects when no payload has arrived for `timeoutMs`; checking what is on the disk does not count as silence. */
export function watchForSilence(
  torrent: Torrent,
  timeoutMs: number,
): { silence: Promise<never>; stop: () => void } {
  let timer: ReturnType<typeof setInterval> | undefined;
  const silence = new Promise<never>((_, reject) => {
    let received = -1;
    let since = performance.now();
    const look = (): void => {
      const now = performance.now();
      const { receivedLength, state, peerCount } = torrent;
      if (receivedLength !== received || state === "checking") [received, since] = [receivedLength, now];
      else if (now - since >= timeoutMs) reject(silenceFailure(torrent.name, timeoutMs, peerCount));
    };
    timer = setInterval(look, Math.min(1_000, Math.max(10, timeoutMs / 10)));
    look();
  });
  // The download may end while nobody listens to its silence.
  silence.catch(() => undefined);
  return { silence, stop: () => clearInterval(timer) };
}

function silenceFailure(name: string, timeoutMs: number, peerCount: number): Failure {
  const why = peerCount === 0 ? "no peer was found" : "no peer sends anything";
  const advice = "try again later, or name a peer with --peer or a tracker with --tracker";
  return new Failure(
    EXIT.network,
    "TIMEOUT",
    `${name}: nothing arrived for ${formatDuration(timeoutMs / 1000)}, ${why}; ${advice}`,
  );
}
