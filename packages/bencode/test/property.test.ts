import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BencodeDictionary, BencodeError, decode, encode, type BencodeValue } from "@bt/bencode";
import { anyEncodable } from "./any-encodable.ts";
import { bytes, latin1, plain } from "./plain.ts";

const bencodeLike = fc
  .array(
    fc.constantFrom("d", "l", "e", "i", "0", "1", "9", "-", ":", "1:a", "1:b", "i1e", "4:spam", "\xff"),
    { maxLength: 40 },
  )
  .map((parts) => bytes(parts.join("")));

describe("decode and encode", () => {
  it("give back every value and every byte", () => {
    fc.assert(
      fc.property(anyEncodable, (value) => {
        const encoded = encode(value);
        expect(latin1(encode(decode(encoded)))).toBe(latin1(encoded));
      }),
    );
  });

  it("accept nothing but the one canonical encoding of a value", () => {
    fc.assert(
      fc.property(fc.oneof(bencodeLike, fc.uint8Array()), (input) => {
        const value = attempt(input);
        if (value !== undefined) expect(latin1(encode(value))).toBe(latin1(input));
      }),
      { numRuns: 3000 },
    );
  });

  it("throw nothing but BencodeError for a damaged encoding, and read the same when tolerant", () => {
    fc.assert(
      fc.property(anyEncodable, fc.nat(), fc.nat(255), (value, where, byte) => {
        const damaged = encode(value);
        damaged[where % damaged.length] = byte;
        const strict = attempt(damaged);
        const tolerant = attempt(damaged, true);
        if (strict !== undefined) expect(plain(tolerant!)).toEqual(plain(strict));
      }),
    );
  });

  it("agree with spans: the bytes of a value decode to that value", () => {
    fc.assert(
      fc.property(anyEncodable, (inner) => {
        const encoded = encode(new Map([["key", inner]]));
        const dictionary = decode(encoded) as BencodeDictionary;
        const { start, end } = dictionary.spanOf("key")!;
        expect(latin1(encoded.subarray(start, end))).toBe(latin1(encode(inner)));
      }),
    );
  });
});

function attempt(input: Uint8Array, tolerant = false): BencodeValue | undefined {
  try {
    return decode(input, { tolerant });
  } catch (error) {
    expect(error).toBeInstanceOf(BencodeError);
    expect((error as BencodeError).offset).toBeLessThanOrEqual(input.length);
    return undefined;
  }
}
