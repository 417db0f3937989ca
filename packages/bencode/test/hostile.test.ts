import { describe, expect, it } from "vitest";
import { type BencodeDictionary, BencodeError, decode } from "@bt/bencode";
import { bytes } from "./plain.ts";

/** What memory a claim of this many bytes or values would take is far beyond the machine's. */
describe("hostile input", () => {
  it("of a million nested lists is refused without overflowing the stack", () => {
    for (const letter of ["l", "d0:"]) {
      const input = bytes(letter.repeat(1_000_000));
      expect(() => decode(input)).toThrow(BencodeError);
      expect(() => decode(input, { maxDepth: Number.MAX_SAFE_INTEGER })).toThrow(BencodeError);
    }
  });

  it("that claims terabytes takes no memory for them", () => {
    for (const input of ["99999999999:", "d99999999999:", "l9007199254740993:", `${"9".repeat(9999)}:`])
      expect(() => decode(bytes(input))).toThrow(BencodeError);
  });

  it("of more values than the limit is refused", () => {
    const input = bytes(`l${"0:".repeat(3_000_001)}e`);
    expect(() => decode(input)).toThrow(BencodeError);
    expect(decode(input, { maxValueCount: Infinity })).toHaveLength(3_000_001);
  });

  it("with a number of a million digits is refused before it is computed", () => {
    expect(() => decode(bytes(`i${"9".repeat(1_000_000)}e`))).toThrow(BencodeError);
  });

  it("of 200,000 keys is read in order and found from", () => {
    const keys = Array.from({ length: 200_000 }, (_, i) => `${i}`.padStart(6, "0"));
    const value = decode(bytes(`d${keys.map((key) => `6:${key}i1e`).join("")}e`)) as BencodeDictionary;
    expect([...value.keys()]).toEqual(keys);
    expect(value.get("199999")).toBe(1);
    expect(value.get("200000")).toBeUndefined();
  });

  it("of 100,000 keys from last to first is read when tolerance is asked for", () => {
    const keys = Array.from({ length: 100_000 }, (_, i) => `${99_999 - i}`.padStart(5, "0"));
    const value = decode(bytes(`d${keys.map((key) => `5:${key}0:`).join("")}e`), {
      tolerant: true,
    }) as BencodeDictionary;
    expect([...value.keys()]).toEqual(keys);
  });
});
