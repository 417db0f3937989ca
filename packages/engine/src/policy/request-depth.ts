import { BLOCK_LENGTH } from "@bt/primitives";

/** How a request queue stands when its depth is set anew. */
export interface RequestDepthState {
  /** Requests that may be in flight now. */
  readonly depth: number;
  /** Still growing by one with every block. */
  readonly slowStart: boolean;
  /** Bytes per second, now and at the last look; the latter is NaN when this is the first. */
  readonly rate: number;
  readonly previousRate: number;
  readonly snubbed: boolean;
  /** What the peer says it holds (`reqq` of its extension handshake); 250 is common, 500 our ceiling without it. */
  readonly peerLimit: number;
}

export interface RequestDepthRules {
  /** Seconds of the peer's rate that are kept in flight. */
  readonly queueSeconds: number;
  readonly startDepth: number;
  readonly minimumDepth: number;
  readonly maximumDepth: number;
  /** Slow start ends when the rate grew by less than this since the last look, bytes per second. */
  readonly slowStartGrowth: number;
}

/**
 * libtorrent's request_queue_time 3 s, max_out_request_queue 500, minimum 2, slow start until the rate grows by less
 * than 5 kB/s. It starts at 4; we start at 16 (Transmission: 32), one round trip sooner at speed.
 */
export const DEFAULT_REQUEST_DEPTH_RULES: RequestDepthRules = Object.freeze({
  queueSeconds: 3,
  startDepth: 16,
  minimumDepth: 2,
  maximumDepth: 500,
  slowStartGrowth: 5_000,
});

export interface RequestDepth {
  readonly depth: number;
  readonly slowStart: boolean;
}

export type RequestDepthPolicy = (state: RequestDepthState, rules: RequestDepthRules) => RequestDepth;

/**
 * How many requests a peer gets in flight: enough to cover `queueSeconds` of what it sends, found by slow start. A
 * snubbed peer gets one. Looked at about once a second; between looks slow start adds one per block.
 */
export const requestDepth: RequestDepthPolicy = (state, rules) => {
  if (state.snubbed) return { depth: 1, slowStart: false };
  const ceiling = Math.max(1, Math.min(rules.maximumDepth, state.peerLimit));
  const byRate = Math.ceil((state.rate * rules.queueSeconds) / BLOCK_LENGTH);
  const clamp = (depth: number): number => Math.min(ceiling, Math.max(rules.minimumDepth, depth));
  if (state.slowStart) {
    const hasSettled = state.rate - state.previousRate < rules.slowStartGrowth;
    const growing = state.rate === 0 || !hasSettled;
    return { depth: clamp(Math.max(state.depth, byRate)), slowStart: growing };
  }
  return { depth: clamp(byRate), slowStart: false };
};
