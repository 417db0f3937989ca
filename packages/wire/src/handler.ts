import type { Handshake } from "./handshake.ts";

/**
 * Takes what `WireDecoder` reads: one object per connection, a method per message, so that no event object is made.
 * All numbers are unsigned 32-bit as the peer sent them: whether a piece or a range exists is for the handler to
 * check (a `have` is checked by the decoder once it knows the piece count).
 *
 * Byte arrays are views of the chunk or of the decoder's buffer: valid only during the call, copy what must stay.
 */
export interface WireHandler {
  onHandshake(handshake: Handshake): void;
  onKeepAlive(): void;
  onChoke(): void;
  onUnchoke(): void;
  onInterested(): void;
  onNotInterested(): void;
  onHave(piece: number): void;
  /** Exact in size and free of spare bits when the piece count was set before; else check it yourself later. */
  onBitfield(bytes: Uint8Array): void;
  onHaveAll(): void;
  onHaveNone(): void;
  onRequest(piece: number, offset: number, length: number): void;
  onCancel(piece: number, offset: number, length: number): void;
  onReject(piece: number, offset: number, length: number): void;
  onSuggest(piece: number): void;
  onAllowedFast(piece: number): void;
  /** BEP 5: the UDP port of the peer's DHT node; may be 0. */
  onPort(port: number): void;
  /** BEP 10: `extensionId` 0 is the extension handshake, others are numbers that we gave out in ours. */
  onExtended(extensionId: number, payload: Uint8Array): void;
  /** A message that is skipped; `length` counts the bytes after the id. */
  onUnknown(messageId: number, length: number): void;
  /**
   * The header of a block is here; `length` is 1 to `maxBlockLength`. Return false and the payload is skipped in
   * silence: neither data nor end are reported.
   */
  onBlockStart(piece: number, offset: number, length: number): boolean;
  /** The next bytes of the block are `source[start, end)`, never empty. */
  onBlockData(source: Uint8Array, start: number, end: number): void;
  onBlockEnd(): void;
}
