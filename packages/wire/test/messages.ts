import { concatBytes, parseHex } from "@bt/primitives";
import * as wire from "@bt/wire";
import type { Call } from "./recorder.ts";

export function hex(text: string): Uint8Array {
  const bytes = parseHex(text.replaceAll(" ", ""));
  if (bytes === undefined) throw new Error(`not hexadecimal: ${text}`);
  return bytes;
}

function pieceMessage(piece: number, offset: number, block: Uint8Array): Uint8Array {
  const header = new Uint8Array(wire.PIECE_HEADER_LENGTH);
  wire.writePieceHeader(header, 0, piece, offset, block.length);
  return concatBytes(header, block);
}

export interface MessageCase {
  readonly name: string;
  readonly bytes: string;
  readonly encoded: Uint8Array;
  readonly calls: readonly Call[];
}

/** Every message that we both send and read: its bytes, what the encoder makes, what the decoder calls. */
export const MESSAGES: readonly MessageCase[] = [
  { name: "keep-alive", bytes: "00000000", encoded: wire.encodeKeepAlive(), calls: [["keepAlive"]] },
  { name: "choke", bytes: "00000001 00", encoded: wire.encodeChoke(), calls: [["choke"]] },
  { name: "unchoke", bytes: "00000001 01", encoded: wire.encodeUnchoke(), calls: [["unchoke"]] },
  { name: "interested", bytes: "00000001 02", encoded: wire.encodeInterested(), calls: [["interested"]] },
  {
    name: "not interested",
    bytes: "00000001 03",
    encoded: wire.encodeNotInterested(),
    calls: [["notInterested"]],
  },
  {
    name: "have",
    bytes: "00000005 04 01020304",
    encoded: wire.encodeHave(0x01020304),
    calls: [["have", 0x01020304]],
  },
  {
    name: "have of the largest number",
    bytes: "00000005 04 ffffffff",
    encoded: wire.encodeHave(0xffff_ffff),
    calls: [["have", 4_294_967_295]],
  },
  {
    name: "bitfield",
    bytes: "00000004 05 80ff01",
    encoded: wire.encodeBitfield(hex("80ff01")),
    calls: [["bitfield", "80ff01"]],
  },
  {
    name: "empty bitfield",
    bytes: "00000001 05",
    encoded: wire.encodeBitfield(new Uint8Array(0)),
    calls: [["bitfield", ""]],
  },
  {
    name: "request",
    bytes: "0000000d 06 0000002a 00010000 00004000",
    encoded: wire.encodeRequest(42, 65_536, 16_384),
    calls: [["request", 42, 65_536, 16_384]],
  },
  {
    name: "request of the largest numbers",
    bytes: "0000000d 06 ffffffff fffffffe fffffffd",
    encoded: wire.encodeRequest(0xffff_ffff, 0xffff_fffe, 0xffff_fffd),
    calls: [["request", 4_294_967_295, 4_294_967_294, 4_294_967_293]],
  },
  {
    name: "piece",
    bytes: "0000000c 07 00000001 00004000 aabbcc",
    encoded: pieceMessage(1, 16_384, hex("aabbcc")),
    calls: [
      ["blockStart", 1, 16_384, 3],
      ["block", "aabbcc"],
    ],
  },
  {
    name: "piece of one byte",
    bytes: "0000000a 07 00000001 00000000 aa",
    encoded: pieceMessage(1, 0, hex("aa")),
    calls: [
      ["blockStart", 1, 0, 1],
      ["block", "aa"],
    ],
  },
  {
    name: "cancel",
    bytes: "0000000d 08 00000001 00000002 00000003",
    encoded: wire.encodeCancel(1, 2, 3),
    calls: [["cancel", 1, 2, 3]],
  },
  { name: "port", bytes: "00000003 09 1ae1", encoded: wire.encodePort(6881), calls: [["port", 6881]] },
  { name: "suggest", bytes: "00000005 0d 00000007", encoded: wire.encodeSuggest(7), calls: [["suggest", 7]] },
  { name: "have all", bytes: "00000001 0e", encoded: wire.encodeHaveAll(), calls: [["haveAll"]] },
  { name: "have none", bytes: "00000001 0f", encoded: wire.encodeHaveNone(), calls: [["haveNone"]] },
  {
    name: "reject",
    bytes: "0000000d 10 00000001 00000002 00000003",
    encoded: wire.encodeReject(1, 2, 3),
    calls: [["reject", 1, 2, 3]],
  },
  {
    name: "allowed fast",
    bytes: "00000005 11 00000009",
    encoded: wire.encodeAllowedFast(9),
    calls: [["allowedFast", 9]],
  },
  {
    name: "extended",
    bytes: "00000005 14 03 616263",
    encoded: wire.encodeExtended(3, hex("616263")),
    calls: [["extended", 3, "616263"]],
  },
  {
    name: "extended without payload",
    bytes: "00000002 14 ff",
    encoded: wire.encodeExtended(255, new Uint8Array(0)),
    calls: [["extended", 255, ""]],
  },
];
