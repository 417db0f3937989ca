import { DEFAULT_WIRE_DECODER_OPTIONS, type WireDecoderOptions } from "./decoder-options.ts";
import { WireError, type WireErrorCode } from "./errors.ts";
import type { WireHandler } from "./handler.ts";
import { decodeHandshake, firstForeignByte, HANDSHAKE_LENGTH, notBitTorrent } from "./handshake.ts";
import * as id from "./message-id.ts";
import { PayloadCollector } from "./payload-collector.ts";
import { readUint32 } from "./uint32.ts";

/** What the next byte of the stream belongs to. */
const IN_HANDSHAKE = 0;
const IN_HEADER = 1; // the whole message, where it has a fixed size
const IN_BLOCK = 2; // payload of a `piece` message that the handler wants
const IN_SKIPPED = 3;
const IN_COLLECTED = 4; // payload of `bitfield` or `extended`, handed over whole

/** The start of a second handshake, read as a length prefix. */
const HANDSHAKE_AS_LENGTH = 0x13_42_69_74;

/**
 * Reads one direction of one connection from chunks of any size and calls a handler for each message. It keeps at
 * most a header between chunks; block payloads are handed over where they lie. Only `bitfield` and `extended`
 * payloads that cross a chunk border are copied, into a buffer that grows with the bytes that came, up to a cap.
 */
export class WireDecoder {
  readonly #handler: WireHandler;
  readonly #options: Readonly<Required<WireDecoderOptions>>;
  #state: number;
  #stopped = false;
  #isPushing = false;

  /** Of the stream: where this chunk and this message began. */
  #chunkOffset = 0;
  #messageOffset = 0;

  /** The handshake, later the start of a message that crosses a chunk border. */
  readonly #scratch = new Uint8Array(HANDSHAKE_LENGTH);
  #scratchLength = 0;
  #scratchNeeded = 0;

  /** Bytes of a block or of a skipped payload that are still to come. */
  #remaining = 0;
  readonly #collector = new PayloadCollector();
  #collectedId = 0;
  #extensionId = 0;

  #fast: boolean;
  #extensionProtocol: boolean;
  #pieceCount = -1; // not known
  #longestLength: number;

  constructor(handler: WireHandler, options: WireDecoderOptions = {}) {
    const all = { ...DEFAULT_WIRE_DECODER_OPTIONS, ...options };
    for (const name of [
      "maxBlockLength",
      "maxBitfieldLength",
      "maxExtendedLength",
      "maxUnknownLength",
    ] as const)
      if (!Number.isSafeInteger(all[name]) || all[name] < 0) throw new RangeError(`${name} ${all[name]}`);
    this.#handler = handler;
    this.#options = all;
    this.#state = all.handshake ? IN_HANDSHAKE : IN_HEADER;
    this.#fast = all.fast;
    this.#extensionProtocol = all.extensionProtocol;
    this.#longestLength = Math.max(
      13,
      all.maxBlockLength + 9,
      all.maxBitfieldLength + 1,
      all.maxExtendedLength + 2,
      all.maxUnknownLength + 1,
    );
  }

  /**
   * From now on a bitfield has exactly the size of `pieceCount` bits with no spare bit set, and a `have` names one of
   * these pieces. Call it as soon as the torrent's metadata is known, at the latest in `onHandshake`.
   */
  setPieceCount(pieceCount: number): void {
    if (!Number.isSafeInteger(pieceCount) || pieceCount < 0)
      throw new RangeError(`piece count ${pieceCount}`);
    this.#pieceCount = pieceCount;
    this.#longestLength = Math.max(this.#longestLength, Math.ceil(pieceCount / 8) + 1);
  }

  /** Nothing more is delivered, not even the rest of the chunk at hand. Handlers may call it. Cannot be undone. */
  stop(): void {
    this.#stopped = true;
    this.#collector.clear();
  }

  /**
   * Decodes `source[0, length)`. Throws `WireError` when the peer breaks the protocol; messages before the fault were
   * delivered. After any error, also one of the handler's own, the decoder is stopped and ignores further chunks.
   * A handler must not call it (TypeError).
   */
  push(source: Uint8Array, length: number = source.length): void {
    if (this.#isPushing) throw new TypeError("push called from a handler");
    if (!(length >= 0 && length <= source.length))
      throw new RangeError(`length ${length} of ${source.length}`);
    if (this.#stopped) return;
    this.#isPushing = true;
    let completed = false;
    try {
      let at = 0;
      while (at < length && !this.#stopped) {
        if (this.#state === IN_BLOCK) {
          const end = Math.min(length, at + this.#remaining);
          this.#remaining -= end - at;
          const isLast = this.#remaining === 0;
          if (isLast) this.#state = IN_HEADER;
          this.#handler.onBlockData(source, at, end);
          if (isLast && !this.#stopped) this.#handler.onBlockEnd();
          at = end;
        } else if (this.#state === IN_HEADER) {
          at = this.#pushHeader(source, at, length);
        } else if (this.#state === IN_SKIPPED) {
          const end = Math.min(length, at + this.#remaining);
          this.#remaining -= end - at;
          if (this.#remaining === 0) this.#state = IN_HEADER;
          at = end;
        } else if (this.#state === IN_COLLECTED) {
          at = this.#pushCollected(source, at, length);
        } else {
          at = this.#pushHandshake(source, at, length);
        }
      }
      this.#chunkOffset += length;
      completed = true;
    } finally {
      this.#isPushing = false;
      if (!completed) this.stop();
    }
  }

  #pushHandshake(source: Uint8Array, from: number, length: number): number {
    const count = Math.min(HANDSHAKE_LENGTH - this.#scratchLength, length - from);
    for (let i = 0; i < count; i++) this.#scratch[this.#scratchLength + i] = source[from + i]!;
    const wrongAt = firstForeignByte(this.#scratch, this.#scratchLength, this.#scratchLength + count);
    if (wrongAt >= 0) throw notBitTorrent(wrongAt);
    this.#scratchLength += count;
    if (this.#scratchLength === HANDSHAKE_LENGTH) {
      const handshake = decodeHandshake(this.#scratch);
      this.#scratchLength = 0;
      this.#state = IN_HEADER;
      // BEP 6 and BEP 10 are in force only when both sides offer them.
      this.#fast &&= handshake.fast;
      this.#extensionProtocol &&= handshake.extensionProtocol;
      this.#handler.onHandshake(handshake);
    }
    return from + count;
  }

  /** Reads the header in place, or else through the scratch, a few bytes at a time. Returns the next position. */
  #pushHeader(source: Uint8Array, from: number, length: number): number {
    let at = from;
    if (this.#scratchLength === 0) {
      this.#messageOffset = this.#chunkOffset + at;
      const used = this.#readHeader(source, at, length - at);
      if (used > 0) return at + used;
      this.#scratchNeeded = -used;
    }
    while (at < length && this.#scratchLength < this.#scratchNeeded)
      this.#scratch[this.#scratchLength++] = source[at++]!;
    if (this.#scratchLength === this.#scratchNeeded) {
      const used = this.#readHeader(this.#scratch, 0, this.#scratchLength);
      if (used > 0) this.#scratchLength = 0;
      else this.#scratchNeeded = -used;
    }
    return at;
  }

  /**
   * Reads a header, and the whole message where it has a fixed size, from `available` bytes at `at`. Returns how many
   * bytes it used, or `-n` when it needs n bytes in all; then nothing has changed and it can be called again. What is
   * too long is found with the first bytes that say so.
   */
  #readHeader(bytes: Uint8Array, at: number, available: number): number {
    if (available < 4) return -4;
    const length = readUint32(bytes, at);
    if (length === 0) {
      this.#handler.onKeepAlive();
      return 4;
    }
    if (length > this.#longestLength) throw this.#hugeLength(length);
    if (available < 5) return -5;
    const messageId = bytes[at + 4]!;
    switch (messageId) {
      case id.PIECE:
        if (length < 10) return this.#refuseLength(messageId, length, available);
        if (length > this.#options.maxBlockLength + 9)
          throw this.#fault("WIRE_MESSAGE_TOO_LONG", messageId, length, this.#options.maxBlockLength + 9);
        if (available < 13) return -13;
        this.#remaining = length - 9;
        this.#state = this.#handler.onBlockStart(
          readUint32(bytes, at + 5),
          readUint32(bytes, at + 9),
          length - 9,
        )
          ? IN_BLOCK
          : IN_SKIPPED;
        return 13;
      case id.REQUEST:
      case id.CANCEL:
      case id.REJECT:
        if (messageId === id.REJECT) this.#requireFast(messageId, length);
        if (length !== 13) return this.#refuseLength(messageId, length, available);
        if (available < 17) return -17;
        this.#deliverRange(
          messageId,
          readUint32(bytes, at + 5),
          readUint32(bytes, at + 9),
          readUint32(bytes, at + 13),
        );
        return 17;
      case id.HAVE:
      case id.SUGGEST:
      case id.ALLOWED_FAST:
        if (messageId !== id.HAVE) this.#requireFast(messageId, length);
        if (length !== 5) return this.#refuseLength(messageId, length, available);
        if (available < 9) return -9;
        this.#deliverPiece(messageId, readUint32(bytes, at + 5));
        return 9;
      case id.CHOKE:
      case id.UNCHOKE:
      case id.INTERESTED:
      case id.NOT_INTERESTED:
      case id.HAVE_ALL:
      case id.HAVE_NONE:
        if (messageId >= id.HAVE_ALL) this.#requireFast(messageId, length);
        if (length !== 1) return this.#refuseLength(messageId, length, available);
        this.#deliverBare(messageId);
        return 5;
      case id.BITFIELD:
        this.#checkBitfieldLength(length);
        this.#collect(messageId, length - 1);
        return 5;
      case id.PORT:
        if (length !== 3) return this.#refuseLength(messageId, length, available);
        if (available < 7) return -7;
        this.#handler.onPort(bytes[at + 5]! * 256 + bytes[at + 6]!);
        return 7;
      case id.EXTENDED:
        if (!this.#extensionProtocol) return this.#skipUnknown(messageId, length);
        if (length < 2) return this.#refuseLength(messageId, length, available);
        if (length > this.#options.maxExtendedLength + 2)
          throw this.#fault("WIRE_MESSAGE_TOO_LONG", messageId, length, this.#options.maxExtendedLength + 2);
        if (available < 6) return -6;
        this.#extensionId = bytes[at + 5]!;
        this.#collect(messageId, length - 2);
        return 6;
      default:
        return this.#skipUnknown(messageId, length);
    }
  }

  #deliverRange(messageId: number, piece: number, offset: number, length: number): void {
    if (messageId === id.REQUEST) this.#handler.onRequest(piece, offset, length);
    else if (messageId === id.CANCEL) this.#handler.onCancel(piece, offset, length);
    else this.#handler.onReject(piece, offset, length);
  }

  #deliverPiece(messageId: number, piece: number): void {
    if (messageId === id.SUGGEST) return this.#handler.onSuggest(piece);
    if (messageId === id.ALLOWED_FAST) return this.#handler.onAllowedFast(piece);
    if (this.#pieceCount >= 0 && piece >= this.#pieceCount)
      throw this.#fault("WIRE_PIECE_OUT_OF_RANGE", messageId, 5);
    this.#handler.onHave(piece);
  }

  #deliverBare(messageId: number): void {
    if (messageId === id.CHOKE) return this.#handler.onChoke();
    if (messageId === id.UNCHOKE) return this.#handler.onUnchoke();
    if (messageId === id.INTERESTED) return this.#handler.onInterested();
    if (messageId === id.NOT_INTERESTED) return this.#handler.onNotInterested();
    if (messageId === id.HAVE_ALL) this.#handler.onHaveAll();
    else this.#handler.onHaveNone();
  }

  #skipUnknown(messageId: number, length: number): number {
    if (length > this.#options.maxUnknownLength + 1)
      throw this.#fault("WIRE_MESSAGE_TOO_LONG", messageId, length, this.#options.maxUnknownLength + 1);
    this.#remaining = length - 1;
    if (this.#remaining > 0) this.#state = IN_SKIPPED;
    this.#handler.onUnknown(messageId, length - 1);
    return 5;
  }

  #collect(messageId: number, length: number): void {
    this.#collectedId = messageId;
    if (length === 0) return this.#deliverCollected(new Uint8Array(0));
    this.#collector.begin(length);
    this.#state = IN_COLLECTED;
  }

  #pushCollected(source: Uint8Array, from: number, length: number): number {
    const end = Math.min(length, from + this.#collector.remaining);
    const payload = this.#collector.take(source, from, end);
    if (payload !== undefined) {
      this.#state = IN_HEADER;
      this.#deliverCollected(payload);
    }
    return end;
  }

  #deliverCollected(payload: Uint8Array): void {
    if (this.#collectedId === id.EXTENDED) return this.#handler.onExtended(this.#extensionId, payload);
    // Again, for the piece count may have become known since the header came.
    this.#checkBitfieldLength(payload.length + 1);
    const spareCount = payload.length * 8 - this.#pieceCount;
    if (
      this.#pieceCount >= 0 &&
      spareCount > 0 &&
      (payload[payload.length - 1]! & ((1 << spareCount) - 1)) !== 0
    )
      throw this.#fault("WIRE_BAD_BITFIELD", id.BITFIELD, payload.length + 1);
    this.#handler.onBitfield(payload);
  }

  #checkBitfieldLength(length: number): void {
    if (this.#pieceCount < 0) {
      if (length > this.#options.maxBitfieldLength + 1)
        throw this.#fault("WIRE_MESSAGE_TOO_LONG", id.BITFIELD, length, this.#options.maxBitfieldLength + 1);
    } else if (length !== Math.ceil(this.#pieceCount / 8) + 1) {
      throw this.#fault("WIRE_BAD_BITFIELD", id.BITFIELD, length);
    }
  }

  /**
   * BEP 3 and BEP 6: one of bitfield, have-all, have-none, once, and first. "First" is taken mildly: clients send
   * the extension handshake before, and libtorrent its bitfield only when it has the metadata.
   */
  /** A short message is judged when it is whole, as by readers that cut the stream first; a long one at once. */
  #refuseLength(messageId: number, length: number, available: number): number {
    const wholeLength = 4 + length;
    if (available < wholeLength && wholeLength <= this.#scratch.length) return -wholeLength;
    throw this.#fault("WIRE_BAD_LENGTH", messageId, length);
  }

  #requireFast(messageId: number, length: number): void {
    if (!this.#fast) throw this.#fault("WIRE_FAST_NOT_NEGOTIATED", messageId, length);
  }

  #hugeLength(length: number): WireError {
    const code = length === HANDSHAKE_AS_LENGTH ? "WIRE_SECOND_HANDSHAKE" : "WIRE_MESSAGE_TOO_LONG";
    return this.#fault(code, undefined, length, this.#longestLength);
  }

  #fault(code: WireErrorCode, messageId?: number, length?: number, limit?: number): WireError {
    const offset = this.#messageOffset;
    const what = messageId === undefined ? "message" : `message ${messageId}`;
    const text = `${code}: ${what}${length === undefined ? "" : ` of length ${length}`} at byte ${offset}`;
    return new WireError(code, text, {
      offset,
      ...(messageId !== undefined && { messageId }),
      ...(length !== undefined && { length }),
      ...(limit !== undefined && { limit }),
    });
  }
}
