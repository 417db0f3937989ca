/**
 * The BitTorrent peer protocol as a codec: bytes in, method calls out, and messages to bytes. Handshake and messages
 * of BEP 3, the port message of BEP 5, the fast extension (BEP 6) and the extension protocol (BEP 10).
 *
 * It owns no socket, timer or policy: when to choke, what to request and when to give up a peer is the caller's.
 *
 * ```ts
 * import { encodeHandshake, encodeInterested, WireDecoder, writeRequest, REQUEST_LENGTH } from "@bt/wire";
 *
 * socket.write(encodeHandshake({ infoHash, peerId, fast: true, extensionProtocol: true }));
 * const decoder = new WireDecoder({ ...handler, onUnchoke() {
 *   const message = new Uint8Array(REQUEST_LENGTH);
 *   writeRequest(message, 0, 0, 0, 16_384);
 *   socket.write(message);
 * } });
 * socket.on("data", (chunk) => decoder.push(chunk)); // throws WireError when the peer breaks the protocol
 * ```
 *
 * @packageDocumentation
 */
export { WireError, type WireErrorCode } from "./errors.ts";

// Reading
export { WireDecoder } from "./decoder.ts";
export { DEFAULT_WIRE_DECODER_OPTIONS, type WireDecoderOptions } from "./decoder-options.ts";
export type { WireHandler } from "./handler.ts";

// Handshake
export {
  decodeHandshake,
  encodeHandshake,
  HANDSHAKE_LENGTH,
  type Handshake,
  type HandshakeModel,
} from "./handshake.ts";

// Writing
export {
  PIECE_HEADER_LENGTH,
  REQUEST_LENGTH,
  writeCancel,
  writePieceHeader,
  writeReject,
  writeRequest,
} from "./message-writer.ts";
export {
  encodeAllowedFast,
  encodeBitfield,
  encodeCancel,
  encodeChoke,
  encodeExtended,
  encodeHave,
  encodeHaveAll,
  encodeHaveNone,
  encodeInterested,
  encodeKeepAlive,
  encodeNotInterested,
  encodePort,
  encodeReject,
  encodeRequest,
  encodeSuggest,
  encodeUnchoke,
} from "./message-encoder.ts";

// Peer ids
export { createPeerId, PEER_ID_LENGTH } from "./peer-id.ts";
export { clientNameOf } from "./client-name.ts";

// Fast extension
export { allowedFastSet, DEFAULT_ALLOWED_FAST_COUNT } from "./allowed-fast.ts";

// Extension protocol
export {
  decodeExtensionHandshake,
  DEFAULT_EXTENSION_HANDSHAKE_OPTIONS,
  encodeExtensionHandshake,
  EXTENSION_HANDSHAKE_ID,
  type ExtensionHandshake,
  type ExtensionHandshakeModel,
  type ExtensionHandshakeOptions,
} from "./extension-handshake.ts";
