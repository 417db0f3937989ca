import * as id from "./message-id.ts";
import { REQUEST_LENGTH, writeCancel, writeReject, writeRequest } from "./message-writer.ts";
import { writeUint32 } from "./uint32.ts";

/** BEP 3, each as a whole framed message in a fresh array. */
export function encodeKeepAlive(): Uint8Array {
  return new Uint8Array(4);
}

export function encodeChoke(): Uint8Array {
  return frame(id.CHOKE, 0);
}

export function encodeUnchoke(): Uint8Array {
  return frame(id.UNCHOKE, 0);
}

export function encodeInterested(): Uint8Array {
  return frame(id.INTERESTED, 0);
}

export function encodeNotInterested(): Uint8Array {
  return frame(id.NOT_INTERESTED, 0);
}

export function encodeHave(piece: number): Uint8Array {
  return frameOfPiece(id.HAVE, piece);
}

/** `bytes` as `Bitfield.toBytes()` of `@bt/primitives` gives them: high bit first, spare bits zero. */
export function encodeBitfield(bytes: Uint8Array): Uint8Array {
  const message = frame(id.BITFIELD, bytes.length);
  message.set(bytes, 5);
  return message;
}

/** One request; for many at once write them into one array with `writeRequest`. */
export function encodeRequest(piece: number, offset: number, length: number): Uint8Array {
  const message = new Uint8Array(REQUEST_LENGTH);
  writeRequest(message, 0, piece, offset, length);
  return message;
}

export function encodeCancel(piece: number, offset: number, length: number): Uint8Array {
  const message = new Uint8Array(REQUEST_LENGTH);
  writeCancel(message, 0, piece, offset, length);
  return message;
}

/** BEP 5: the UDP port of our DHT node, 1 to 65,535. */
export function encodePort(port: number): Uint8Array {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new RangeError(`port ${port}`);
  const message = frame(id.PORT, 2);
  message[5] = port >> 8;
  message[6] = port & 0xff;
  return message;
}

/** BEP 6, this one and those below: only to a peer with whom the fast extension was agreed on. */
export function encodeHaveAll(): Uint8Array {
  return frame(id.HAVE_ALL, 0);
}

export function encodeHaveNone(): Uint8Array {
  return frame(id.HAVE_NONE, 0);
}

export function encodeSuggest(piece: number): Uint8Array {
  return frameOfPiece(id.SUGGEST, piece);
}

export function encodeReject(piece: number, offset: number, length: number): Uint8Array {
  const message = new Uint8Array(REQUEST_LENGTH);
  writeReject(message, 0, piece, offset, length);
  return message;
}

export function encodeAllowedFast(piece: number): Uint8Array {
  return frameOfPiece(id.ALLOWED_FAST, piece);
}

/** BEP 10: `extensionId` is the number that the *receiver* gave the extension in its handshake; 0 is the handshake. */
export function encodeExtended(extensionId: number, payload: Uint8Array): Uint8Array {
  if (!Number.isInteger(extensionId) || extensionId < 0 || extensionId > 255)
    throw new RangeError(`extension id ${extensionId}`);
  const message = frame(id.EXTENDED, 1 + payload.length);
  message[5] = extensionId;
  message.set(payload, 6);
  return message;
}

/** A message with its length prefix and its id, and zeros for the payload. */
function frame(messageId: number, payloadLength: number): Uint8Array {
  const message = new Uint8Array(5 + payloadLength);
  writeUint32(message, 0, 1 + payloadLength);
  message[4] = messageId;
  return message;
}

function frameOfPiece(messageId: number, piece: number): Uint8Array {
  const message = frame(messageId, 4);
  writeUint32(message, 5, piece);
  return message;
}
