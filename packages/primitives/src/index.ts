/**
 * The words that several layers of bt share, and nothing else: piece arithmetic, bitfields, network endpoints
 * in their compact form, hexadecimal text, the base of all errors. No protocol and no policy lives here.
 *
 * ```ts
 * import { PieceLayout, Bitfield, BLOCK_LENGTH } from "@bt/primitives";
 *
 * const layout = new PieceLayout({ totalLength: 1_000_000, pieceLength: 262_144 });
 * layout.pieceCount; // 4
 * layout.pieceLengthAt(3); // 213_568
 * layout.blockCountAt(3); // 14
 *
 * const have = new Bitfield(layout.pieceCount);
 * have.set(3);
 * have.count; // 1
 * ```
 *
 * @packageDocumentation
 */
export { Bitfield } from "./bitfield.ts";
export {
  COMPACT_V4_LENGTH,
  COMPACT_V6_LENGTH,
  decodeCompactEndpoints,
  encodeCompactEndpoints,
  formatEndpoint,
  parseEndpoint,
  type Endpoint,
} from "./endpoint.ts";
export { BtError, IoError, RemoteProtocolError, type ErrorData } from "./errors.ts";
export { bytesEqual, compareBytes, concatBytes, formatHex, parseHex } from "./bytes.ts";
export {
  BLOCK_LENGTH,
  PieceLayout,
  type BlockIndex,
  type PieceIndex,
  type PieceLayoutOptions,
} from "./piece-layout.ts";
