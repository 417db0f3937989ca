/** How we name ourselves to peers: `v` of the extension handshake (BEP 10). */
export const CLIENT_NAME = "bt 0.0.0";
/** How our peer ids begin, in the style of Azureus (BEP 20): `bt`, version 0.0.0.0. */
export const PEER_ID_PREFIX = "-bt0000-";
