import { encodeHandshake, encodeInterested, encodeRequest, WireDecoder, type WireHandler } from "@bt/wire";

export function download(
  infoHash: Uint8Array,
  peerId: Uint8Array,
  send: (bytes: Uint8Array) => void,
  handler: WireHandler,
): WireDecoder {
  send(encodeHandshake({ infoHash, peerId, fast: true, extensionProtocol: true }));
  handler.onHandshake = () => send(encodeInterested());
  handler.onUnchoke = () => send(encodeRequest(0, 0, 16_384));
  return new WireDecoder(handler); // push() what the socket gives; it throws WireError when the peer breaks the protocol
}
