import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BencodeError, BencodeFramer, decodePrefix, encode } from "@bt/bencode";
import { anyEncodable } from "./any-encodable.ts";
import { bytes } from "./plain.ts";

function pushAll(parts: readonly Uint8Array[]): number | undefined {
  const framer = new BencodeFramer();
  let length = 0;
  for (const part of parts) {
    const end = framer.push(part);
    if (end !== undefined) return length + end;
    length += part.length;
  }
  return undefined;
}

describe("BencodeFramer", () => {
  it("finds the end of a value wherever the stream is cut", () => {
    fc.assert(
      fc.property(anyEncodable, fc.uint8Array(), fc.nat(), fc.nat(), (value, rest, a, b) => {
        const encoded = encode(value);
        const stream = new Uint8Array([...encoded, ...rest]);
        const [first, second] = [a % (stream.length + 1), b % (stream.length + 1)].sort((x, y) => x - y);
        const parts = [stream.subarray(0, first), stream.subarray(first, second), stream.subarray(second)];
        expect(pushAll(parts)).toBe(encoded.length);
        expect(pushAll([...stream].map((byte) => Uint8Array.of(byte)))).toBe(encoded.length);
        expect(decodePrefix(stream).length).toBe(encoded.length);
      }),
    );
  });

  it("waits for the rest of a value that is cut short", () => {
    const encoded = bytes("d1:ali1e4:spamee");
    for (let end = 0; end < encoded.length; end++)
      expect(pushAll([encoded.subarray(0, end)])).toBeUndefined();
  });

  it("is ready for the next value after each", () => {
    const framer = new BencodeFramer();
    expect(framer.push(bytes("i1ei2e"))).toBe(3);
    expect(framer.push(bytes("i2e"))).toBe(3);
    expect(framer.push(bytes("4:sp"))).toBeUndefined();
    expect(framer.push(bytes("am0:"))).toBe(2);
    expect(framer.push(bytes("0:"))).toBe(2);
  });

  it("refuses at once what can become no value, and what becomes too long", () => {
    for (const input of ["x", "e", "le1xe", "1x", "i1x", ":", "-1:"]) {
      const framer = new BencodeFramer();
      expect(() => {
        const end = framer.push(bytes(input));
        if (end !== undefined) framer.push(bytes(input.slice(end)));
      }, input).toThrow(BencodeError);
    }
    const limits = { maxLength: 100 };
    expect(() => new BencodeFramer(limits).push(bytes("101:"))).toThrow(BencodeError);
    expect(() => new BencodeFramer(limits).push(bytes("99999999999999999999999"))).toThrow(BencodeError);
    expect(() => new BencodeFramer(limits).push(bytes("l".repeat(101)))).toThrow(BencodeError);
    expect(() => new BencodeFramer(limits).push(bytes("l98:"))).toThrow(BencodeError);
    expect(new BencodeFramer(limits).push(bytes("l94:"))).toBeUndefined();
  });
});
