import type { AnnounceParameters } from "@bt/tracker";

/** An announce of the `n`th peer of one swarm. */
export function announceOf(n: number, change: Partial<AnnounceParameters> = {}): AnnounceParameters {
  return {
    infoHash: new Uint8Array(20).fill(0xab),
    peerId: new TextEncoder().encode(`-BT0000-${String(n).padStart(12, "0")}`),
    port: 10_000 + n,
    uploaded: 0,
    downloaded: 0,
    left: 1_000,
    ...change,
  };
}
