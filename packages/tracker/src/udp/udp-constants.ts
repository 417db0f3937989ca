import type { AnnounceEvent } from "../announce-query.ts";

/** BEP 15, "action" of a packet, in both directions. */
export const UDP_ACTION: Readonly<Record<"connect" | "announce" | "scrape" | "error", number>> =
  Object.freeze({ connect: 0, announce: 1, scrape: 2, error: 3 });

/** The two halves of the constant 0x41727101980 that opens a connect request. */
export const UDP_PROTOCOL_ID_HIGH = 0x417;
export const UDP_PROTOCOL_ID_LOW = 0x2710_1980;

export const UDP_CONNECTION_ID_LENGTH = 8;
export const UDP_CONNECT_REQUEST_LENGTH = 16;
/** Without the options of BEP 41, which begin here. */
export const UDP_ANNOUNCE_REQUEST_LENGTH = 98;
export const UDP_SCRAPE_REQUEST_HEAD_LENGTH = 16;
export const UDP_CONNECT_RESPONSE_LENGTH = 16;
/** Before the peers. */
export const UDP_ANNOUNCE_RESPONSE_HEAD_LENGTH = 20;
/** Action and transaction id: what every answer begins with. */
export const UDP_RESPONSE_HEAD_LENGTH = 8;
export const UDP_SCRAPE_ROW_LENGTH = 12;

/** "Up to about 74 torrents can be scraped at once" (BEP 15): 16 + 74 × 20 = 1,496 bytes fit an Ethernet frame. */
export const MAX_UDP_SCRAPE_HASHES = 74;

/** A client may use a connection id for one minute after it came … (BEP 15) */
export const UDP_CONNECTION_ID_CLIENT_MS = 60_000;
/** … and a tracker should take it for two minutes after it was sent. */
export const UDP_CONNECTION_ID_SERVER_MS = 120_000;

/** BEP 41: the types of the options behind an announce request. */
export const UDP_OPTION: Readonly<Record<"end" | "nop" | "urlData", number>> = Object.freeze({
  end: 0,
  nop: 1,
  urlData: 2,
});

/** By number; 4 is not in BEP 15, it is how libtorrent says BEP 21's "paused" over UDP. */
export const UDP_EVENTS: readonly (AnnounceEvent | undefined)[] = Object.freeze([
  undefined,
  "completed",
  "started",
  "stopped",
  "paused",
]);
