import { BtError, type ErrorData } from "@bt/primitives";

/**
 * What can go wrong with a tracker:
 *
 * - `TRACKER_FAILURE` the tracker said no ("failure reason", BEP 3); its text is `failureReason`.
 * - `TRACKER_BAD_URL` not a URL of a tracker, or one that already holds announce arguments.
 * - `TRACKER_UNSUPPORTED_SCHEME` a URL of a kind that this client does not speak.
 * - `TRACKER_SCRAPE_UNSUPPORTED` the URL has no `announce` in its path, so BEP 48 names no scrape URL.
 * - `TRACKER_ADDRESS_REFUSED` the host is, or redirects to, an address that must not be asked.
 * - `TRACKER_DENIED_BY_DNS` the host says in DNS that it has no such tracker (BEP 34).
 * - `TRACKER_UNREACHABLE` name lookup, connection, TLS, or the connection ended in the middle (`cause`).
 * - `TRACKER_TIMEOUT` nothing came for too long, or the whole took too long.
 * - `TRACKER_BAD_HTTP` the answer is not HTTP.
 * - `TRACKER_HTTP_STATUS` an HTTP status other than 200 (`data.status`).
 * - `TRACKER_BAD_REDIRECT` a redirect to nowhere, to another kind of URL, or too many of them.
 * - `TRACKER_BAD_ENCODING` a content encoding that is unknown or corrupt.
 * - `TRACKER_RESPONSE_TOO_LARGE` head or body above the cap, also after decompression.
 * - `TRACKER_BAD_RESPONSE` the body is not what BEP 3 or BEP 48 describes, for example an HTML page.
 * - `TRACKER_CANCELLED` the caller's signal, or the client was closed.
 * - `TRACKER_LISTEN_FAILED` the server could not take its address or port (`cause`).
 */
export type TrackerErrorCode =
  | "TRACKER_FAILURE"
  | "TRACKER_BAD_URL"
  | "TRACKER_UNSUPPORTED_SCHEME"
  | "TRACKER_SCRAPE_UNSUPPORTED"
  | "TRACKER_ADDRESS_REFUSED"
  | "TRACKER_DENIED_BY_DNS"
  | "TRACKER_UNREACHABLE"
  | "TRACKER_TIMEOUT"
  | "TRACKER_BAD_HTTP"
  | "TRACKER_HTTP_STATUS"
  | "TRACKER_BAD_REDIRECT"
  | "TRACKER_BAD_ENCODING"
  | "TRACKER_RESPONSE_TOO_LARGE"
  | "TRACKER_BAD_RESPONSE"
  | "TRACKER_CANCELLED"
  | "TRACKER_LISTEN_FAILED";

export interface TrackerErrorDetails {
  /** The tracker's own words. Text of a stranger: escape it where it is shown. */
  readonly failureReason?: string;
  /** Ask again after this long; `Infinity` = never (BEP 31). */
  readonly retryInMs?: number;
  readonly data?: ErrorData;
  readonly cause?: unknown;
}

/**
 * The one error of this package. It is neither the peer's fault nor the disk's: one exchange with one tracker came to
 * nothing, and the announcer goes on with another. Neither message nor data hold more of a URL than its host, because
 * paths and queries of private trackers hold passkeys.
 */
export class TrackerError extends BtError<TrackerErrorCode> {
  override readonly name: string = "TrackerError";
  readonly failureReason: string | undefined;
  readonly retryInMs: number | undefined;

  constructor(code: TrackerErrorCode, message: string, details: TrackerErrorDetails = {}) {
    super(code, message, details.data, details.cause === undefined ? undefined : { cause: details.cause });
    this.failureReason = details.failureReason;
    this.retryInMs = details.retryInMs;
  }
}
