import { DEFAULT_UDP_EXCHANGE_OPTIONS, type UdpExchangeOptions } from "./udp/udp-exchange-options.ts";
import { DEFAULT_RESPONSE_OPTIONS, type ResponseOptions } from "./announce-response.ts";

export interface TrackerClientOptions extends ResponseOptions, UdpExchangeOptions {
  /** Numeric local address that connections leave from; it also fixes the address family. */
  readonly bindAddress?: string;
  /** Only this address family. Without it a tracker that has addresses of both hears of us over each (BEP 7). */
  readonly family?: 4 | 6;
  /** For one announce or scrape with all its redirects. */
  readonly totalTimeoutMs?: number;
  /** Between two arrivals of bytes; also for connecting. */
  readonly receiveTimeoutMs?: number;
  /** As `totalTimeoutMs`, for "stopped": nobody wants to wait for a tracker when leaving. */
  readonly stopTimeoutMs?: number;
  /** Bytes of an answer's body, before and after decompression. */
  readonly maxBodyLength?: number;
  /** Bytes of an answer's head. */
  readonly maxHeaderLength?: number;
  readonly maxRedirectCount?: number;
  /** Requests under way at a time; more wait in line, "stopped" does not. */
  readonly maxConcurrentRequests?: number;
  /** The same for requests to one host: many torrents of one tracker do not storm it. */
  readonly maxRequestsPerHost?: number;
  /** Requests to one host that may begin at once after a pause; when more are due, `maxHostRate` begin a second. */
  readonly maxHostBurst?: number;
  readonly maxHostRate?: number;
  /** Whether the rules of `address-guard.ts` hold; off only where every tracker's URL is one's own. */
  readonly guardAddresses?: boolean;
  /**
   * `http://host:port` or `socks5://name:password@host:port`: HTTP(S) trackers are asked through it and by name, so that
   * nothing is looked up here. UDP trackers are not asked then (`TRACKER_UNSUPPORTED_SCHEME`): no packet goes past a proxy.
   */
  readonly proxy?: string;
  /** Looks a name up, in place of the system: numeric addresses in the order in which they are to be tried. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
  /**
   * Whether a host's TXT record, which says on which ports it has trackers or that it has none (BEP 34), is asked for and
   * obeyed. Off: no other client asks for it today but Vuze's, it costs a lookup for each host, and whoever answers
   * it can keep us from a tracker. Never asked for through a proxy.
   */
  readonly useDnsPreferences?: boolean;
  /** Looks TXT records up, in place of the system's name servers; each record in its parts. */
  readonly resolveTxt?: (host: string) => Promise<readonly (readonly string[])[]>;
  readonly userAgent?: string;
  /** PEM certificates to trust in place of the system's; certificates are always verified. */
  readonly trustedCertificates?: string;
}

/** Timeouts and counts are libtorrent's (tracker_completion_timeout, tracker_receive_timeout, stop_tracker_timeout, …). */
export const DEFAULT_CLIENT_OPTIONS: Readonly<
  Required<
    Omit<
      TrackerClientOptions,
      "bindAddress" | "family" | "proxy" | "resolve" | "resolveTxt" | "trustedCertificates"
    >
  >
> = Object.freeze({
  ...DEFAULT_RESPONSE_OPTIONS,
  ...DEFAULT_UDP_EXCHANGE_OPTIONS,
  totalTimeoutMs: 30_000,
  receiveTimeoutMs: 10_000,
  stopTimeoutMs: 5_000,
  maxBodyLength: 1_048_576,
  maxHeaderLength: 65_536,
  maxRedirectCount: 5,
  maxConcurrentRequests: 50,
  maxRequestsPerHost: 10,
  maxHostBurst: 20, // Transmission begins 20 announces each half second
  maxHostRate: 40,
  guardAddresses: true,
  useDnsPreferences: false,
  userAgent: "bt",
});
