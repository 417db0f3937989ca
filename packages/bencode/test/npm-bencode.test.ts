// @ts-expect-error the package has no declarations
import npmBencode from "bencode";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  BencodeDictionary,
  BencodeError,
  decode,
  encode,
  type BencodeValue,
  type Encodable,
} from "@bt/bencode";
import { bytes, latin1 } from "./plain.ts";

/** The package that most JavaScript clients use; version 4 decodes to plain objects with text keys. */
const npm = npmBencode as { decode(bytes: Uint8Array): unknown; encode(value: unknown): Uint8Array };

const readableKey = fc.stringMatching(/^[a-z][a-z0-9 .-]{0,12}$/);
/** Values that npm bencode can hold: safe integers, strings, text keys. */
const readable: fc.Arbitrary<Encodable> = fc.letrec<{ value: Encodable }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.maxSafeInteger().filter((value) => !Object.is(value, -0)),
    fc.uint8Array({ maxLength: 20 }),
    fc.array(tie("value"), { maxLength: 5 }),
    fc.dictionary(readableKey, tie("value"), { maxKeys: 5, noNullPrototype: true }),
  ),
})).value;

/** As npm bencode would give it. */
function asObject(value: BencodeValue): unknown {
  if (value instanceof BencodeDictionary)
    return Object.fromEntries([...value].map(([key, item]) => [key, asObject(item)]));
  return Array.isArray(value) ? (value as readonly BencodeValue[]).map(asObject) : value;
}

describe("beside npm bencode", () => {
  it("valid input decodes to the same values", () => {
    fc.assert(
      fc.property(readable, (value) => {
        const encoded = encode(value);
        expect(asObject(decode(encoded))).toEqual(npm.decode(encoded));
      }),
    );
  });

  it("values encode to the same bytes", () => {
    fc.assert(
      fc.property(readable, (value) => {
        expect(latin1(encode(value))).toBe(latin1(npm.encode(value)));
      }),
    );
  });

  /** What it takes although BEP 3 does not, and what it makes of it. */
  const laxer: [what: string, input: string, npmValue: unknown][] = [
    ["a leading zero", "i04e", 4],
    ["minus zero", "i-0e", -0],
    ["an integer without digits", "ie", 0],
    ["a minus without digits", "i-e", -0],
    ["a plus sign", "i+1e", 1],
    ["a fraction, cut off", "i12.3e", 12],
    ["a length with a leading zero", "05:hello", bytes("hello")],
    ["a negative length", "-1:a", new Uint8Array(0)],
    ["a string that is cut short", "5:hell", bytes("hell")],
    ["keys out of order", "d1:bi1e1:ai2ee", { b: 1, a: 2 }],
    ["a key that stands twice", "d1:ai1e1:ai2ee", { a: 2 }],
    ["bytes after the value", "i1ei2e", 1],
    ["nothing at all", "", null],
  ];
  for (const [what, input, npmValue] of laxer) {
    it(`${what} is refused here and taken there`, () => {
      expect(npm.decode(bytes(input))).toEqual(npmValue);
      expect(() => decode(bytes(input))).toThrow(BencodeError);
    });
  }

  it("large integers are exact here and rounded there", () => {
    expect(npm.decode(bytes("i9007199254740993e"))).toBe(9007199254740992);
    expect(decode(bytes("i9007199254740993e"))).toBe(9007199254740993n);
  });

  it("a key named __proto__ is kept here and lost there", () => {
    expect(Object.keys(npm.decode(bytes("d9:__proto__i1ee")) as object)).toEqual([]);
    expect((decode(bytes("d9:__proto__i1ee")) as BencodeDictionary).get("__proto__")).toBe(1);
  });

  it("deep nesting is an error of its own here and overflows the stack there", () => {
    const deep = bytes("l".repeat(100_000) + "e".repeat(100_000));
    expect(() => npm.decode(deep)).toThrow("Maximum call stack");
    expect(() => decode(deep)).toThrow(BencodeError);
  });
});
