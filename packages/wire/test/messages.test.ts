import { formatHex } from "@bt/primitives";
import {
  encodeBitfield,
  encodeExtended,
  encodeHave,
  encodePort,
  encodeRequest,
  PIECE_HEADER_LENGTH,
  REQUEST_LENGTH,
  writeCancel,
  writePieceHeader,
  writeReject,
  writeRequest,
} from "@bt/wire";
import { describe, expect, it } from "vitest";
import { hex, MESSAGES } from "./messages.ts";
import { callsOf } from "./recorder.ts";

describe("each message", () => {
  it.each(MESSAGES)("$name is written as its specification says", ({ bytes, encoded }) => {
    expect(formatHex(encoded)).toBe(bytes.replaceAll(" ", ""));
  });

  it.each(MESSAGES)("$name is read in one chunk", ({ bytes, calls }) => {
    expect(callsOf([hex(bytes)])).toEqual(calls);
  });

  it.each(MESSAGES)("$name is read byte by byte", ({ bytes, calls }) => {
    expect(callsOf(Array.from(hex(bytes), (byte) => Uint8Array.of(byte)))).toEqual(calls);
  });

  it.each(MESSAGES)("$name is not delivered before its last byte", ({ bytes, calls }) => {
    const whole = hex(bytes);
    const delivered = callsOf([whole.subarray(0, -1)]);
    expect(delivered).toEqual(calls.slice(0, -1));
  });
});

describe("the writers into a given buffer", () => {
  it("return the next position, so that many messages make one buffer", () => {
    const batch = new Uint8Array(3 * REQUEST_LENGTH);
    let at = writeRequest(batch, 0, 1, 2, 3);
    at = writeCancel(batch, at, 4, 5, 6);
    at = writeReject(batch, at, 7, 8, 9);
    expect(at).toBe(batch.length);
    expect(callsOf([batch])).toEqual([
      ["request", 1, 2, 3],
      ["cancel", 4, 5, 6],
      ["reject", 7, 8, 9],
    ]);
  });

  it("refuse a buffer that is too short instead of writing half a message", () => {
    expect(() => writeRequest(new Uint8Array(REQUEST_LENGTH), 1, 0, 0, 1)).toThrow(RangeError);
    expect(() => writeRequest(new Uint8Array(REQUEST_LENGTH), -1, 0, 0, 1)).toThrow(RangeError);
    expect(() => writePieceHeader(new Uint8Array(PIECE_HEADER_LENGTH - 1), 0, 0, 0, 1)).toThrow(RangeError);
  });

  it("leave room for the block right behind its header", () => {
    const message = new Uint8Array(2 + PIECE_HEADER_LENGTH + 2);
    expect(writePieceHeader(message, 2, 5, 6, 2)).toBe(15);
    expect(formatHex(message)).toBe("00000000000b0700000005000000060000");
  });
});

describe("numbers that the wire cannot carry", () => {
  it.each([-1, 2 ** 32, 0.5, Number.NaN, Number.POSITIVE_INFINITY])(
    "are the caller's mistake: %d",
    (number) => {
      expect(() => encodeHave(number)).toThrow(RangeError);
      expect(() => encodeRequest(0, number, 1)).toThrow(RangeError);
      expect(() => encodePort(number)).toThrow(RangeError);
      expect(() => encodeExtended(number, new Uint8Array(0))).toThrow(RangeError);
      expect(() => writePieceHeader(new Uint8Array(20), 0, 0, 0, number)).toThrow(RangeError);
    },
  );

  it("are ports outside 1 to 65,535, ids above 255 and empty blocks too", () => {
    expect(() => encodePort(0)).toThrow(RangeError);
    expect(() => encodePort(65_536)).toThrow(RangeError);
    expect(() => encodeExtended(256, new Uint8Array(0))).toThrow(RangeError);
    expect(() => writePieceHeader(new Uint8Array(20), 0, 0, 0, 0)).toThrow(RangeError);
  });
});

it("the bytes of a bitfield are copied", () => {
  const bytes = hex("80");
  const message = encodeBitfield(bytes);
  bytes[0] = 0;
  expect(formatHex(message)).toBe("000000020580");
});
