export interface ReconnectState {
  /** Attempts in a row that came to nothing. */
  readonly failureCount: number;
  /** The last connection had worked: blocks went over it, or it lasted. */
  readonly hadWorked: boolean;
  /** The last attempt got as far as a handshake. */
  readonly hadJoined: boolean;
}

/** In ms. Transmission comes back to a good peer after 5 s, libtorrent waits 60 s × (failures + 1). */
export const GOOD_PEER_PAUSE_MS = 5_000;
/**
 * Both sides dial at the same moment and each closes the connection that it holds for the second one: it happens, and the
 * first try after it comes soon.
 */
export const CROSSED_PAUSE_MS = 2_000;
export const FAILED_PEER_PAUSE_MS = 15_000;
/** After this many failures in a row an endpoint is forgotten until a source names it again (libtorrent max_failcount is 3). */
export const MAXIMUM_FAILURE_COUNT = 5;

export type ReconnectPolicy = (state: ReconnectState) => number;

/** How long to wait before an endpoint is dialled again, in ms; doubles with each failure, `Infinity` when it has failed too often. */
export const reconnectBackoff: ReconnectPolicy = ({ failureCount, hadWorked, hadJoined }) => {
  if (hadWorked) return GOOD_PEER_PAUSE_MS;
  if (hadJoined && failureCount === 1) return CROSSED_PAUSE_MS;
  if (failureCount >= MAXIMUM_FAILURE_COUNT) return Infinity;
  return FAILED_PEER_PAUSE_MS * 2 ** Math.max(0, failureCount - 1);
};
