/** Bounds in ms: libtorrent clamps to [2 s, request_timeout 60 s]. */
export interface RequestTimeoutRules {
  readonly minimumMs: number;
  /** For a peer that has sent no block yet: less patience, since nothing says that it ever will (libtorrent piece_timeout 20 s, rain 20 s). */
  readonly firstBlockMs: number;
  readonly maximumMs: number;
}

export const DEFAULT_REQUEST_TIMEOUT_RULES: RequestTimeoutRules = Object.freeze({
  minimumMs: 5_000,
  firstBlockMs: 15_000,
  maximumMs: 60_000,
});

/** Mean gap between blocks of a peer and its mean deviation, in ms; both `undefined` before there were enough blocks. */
export interface BlockGaps {
  readonly meanMs: number | undefined;
  readonly deviationMs: number | undefined;
}

export type RequestTimeoutPolicy = (gaps: BlockGaps, rules: RequestTimeoutRules) => number;

/**
 * How long a peer with requests in flight may send nothing before it counts as snubbing: mean + 4 × deviation of the
 * gaps between its blocks (Jacobson's rule for TCP, as libtorrent uses it), within bounds. Our lower bound is 5 s and not
 * 2 s because the gaps are measured between reads, which come in bursts.
 */
export const requestTimeout: RequestTimeoutPolicy = ({ meanMs, deviationMs }, rules) => {
  if (meanMs === undefined || deviationMs === undefined) return rules.firstBlockMs;
  return Math.min(rules.maximumMs, Math.max(rules.minimumMs, meanMs + 4 * deviationMs));
};
