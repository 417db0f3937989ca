/** How a request over UDP is repeated until it is answered. */
export interface UdpExchangeOptions {
  /**
   * Wait before a datagram is sent again, doubled each time. BEP 15 says 15 s; with the 30 s that clients give a tracker in
   * all (libtorrent's tracker_completion_timeout) that would be one repetition, and one lost datagram would cost 15 s. With
   * 5 s it is sent at 0, 5 and 15 s. A request with little time (a farewell) is repeated after a quarter of it.
   */
  readonly udpRetransmitMs?: number;
  /** Repetitions of one datagram at most (BEP 15: 8). */
  readonly maxUdpRetransmitCount?: number;
  /** Trackers whose connection ids are remembered for the next request. */
  readonly maxUdpTrackerCount?: number;
}

export const DEFAULT_UDP_EXCHANGE_OPTIONS: Readonly<Required<UdpExchangeOptions>> = Object.freeze({
  udpRetransmitMs: 5_000,
  maxUdpRetransmitCount: 8,
  maxUdpTrackerCount: 1_000,
});
