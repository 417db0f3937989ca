import { RemoteProtocolError } from "@bt/primitives";

/**
 * What a peer can do wrong on the wire. Stable; the meanings:
 *
 * - `WIRE_NOT_BITTORRENT`: the first bytes are not the BEP 3 handshake (HTTP, TLS, an encrypted handshake, noise).
 * - `WIRE_SECOND_HANDSHAKE`: a handshake where a message was due.
 * - `WIRE_BAD_LENGTH`: a message of fixed size has another size, or one that must carry something is empty.
 * - `WIRE_MESSAGE_TOO_LONG`: a message is longer than its cap.
 * - `WIRE_BAD_BITFIELD`: the bitfield has the wrong size for the torrent, or spare bits are set.
 * - `WIRE_FAST_NOT_NEGOTIATED`: a message of the fast extension that was not agreed on (BEP 6: close).
 * - `WIRE_PIECE_OUT_OF_RANGE`: a `have` for a piece that the torrent has not.
 * - `WIRE_BAD_EXTENSION_MESSAGE`: the payload of an extension message is not what its BEP says.
 */
export type WireErrorCode =
  | "WIRE_NOT_BITTORRENT"
  | "WIRE_SECOND_HANDSHAKE"
  | "WIRE_BAD_LENGTH"
  | "WIRE_MESSAGE_TOO_LONG"
  | "WIRE_BAD_BITFIELD"
  | "WIRE_FAST_NOT_NEGOTIATED"
  | "WIRE_PIECE_OUT_OF_RANGE"
  | "WIRE_BAD_EXTENSION_MESSAGE";

/**
 * The peer broke the protocol: close the connection. `data` says where: `offset` is the position in the stream of
 * the first byte of the message (or, in a handshake, of the wrong byte); `messageId`, `length` and `limit` as far
 * as they apply.
 */
export class WireError extends RemoteProtocolError<WireErrorCode> {
  override readonly name: string = "WireError";
}
