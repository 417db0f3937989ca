export interface WireDecoderOptions {
  /** Whether the stream begins with a handshake. Without one, `fast` and `extensionProtocol` say what was agreed on. */
  readonly handshake?: boolean;
  /** Whether we offer BEP 6. Its messages are taken only when the peer's handshake offers it too. */
  readonly fast?: boolean;
  /** Whether we offer BEP 10. Else, or when the peer does not, its messages count as unknown. */
  readonly extensionProtocol?: boolean;
  /** Payload bytes of the longest `piece` message. We ask for 16 KiB at most, so none may be longer. */
  readonly maxBlockLength?: number;
  /** Bytes of the longest `bitfield` while the piece count is not known. */
  readonly maxBitfieldLength?: number;
  /** Payload bytes of the longest `extended` message. */
  readonly maxExtendedLength?: number;
  /** Payload bytes of the longest message that is skipped because its id is not known. */
  readonly maxUnknownLength?: number;
}

/**
 * `maxBitfieldLength` is enough for 2,097,152 pieces, libtorrent's limit of a torrent. `maxExtendedLength` is what
 * the large extension messages of the field (peer exchange, metadata) stay far below.
 */
export const DEFAULT_WIRE_DECODER_OPTIONS: Readonly<Required<WireDecoderOptions>> = Object.freeze({
  handshake: true,
  fast: true,
  extensionProtocol: true,
  maxBlockLength: 16_384,
  maxBitfieldLength: 262_144,
  maxExtendedLength: 1_048_576,
  maxUnknownLength: 1_048_576,
});
