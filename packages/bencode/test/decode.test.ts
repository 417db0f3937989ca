import { RemoteProtocolError } from "@bt/primitives";
import { describe, expect, it } from "vitest";
import { BencodeDictionary, BencodeError, decode, decodePrefix, type DecodeOptions } from "@bt/bencode";
import { bytes, latin1, plain } from "./plain.ts";

const read = (text: string, options?: DecodeOptions): unknown => plain(decode(bytes(text), options));

function dictionary(text: string): BencodeDictionary {
  const value = decode(bytes(text));
  if (!(value instanceof BencodeDictionary)) throw new Error("no dictionary");
  return value;
}

function failure(text: string, options?: DecodeOptions): BencodeError {
  try {
    decode(bytes(text), options);
  } catch (error) {
    if (error instanceof BencodeError) return error;
    throw error;
  }
  throw new Error(`${text} was accepted`);
}

describe("decode", () => {
  it("reads integers exactly: a number while it is safe, a bigint beyond", () => {
    expect(decode(bytes("i0e"))).toBe(0);
    expect(decode(bytes("i-42e"))).toBe(-42);
    expect(decode(bytes("i9007199254740991e"))).toBe(9007199254740991);
    expect(decode(bytes("i9007199254740992e"))).toBe(9007199254740992n);
    expect(decode(bytes("i9007199254740993e"))).toBe(9007199254740993n);
    expect(decode(bytes("i-9223372036854775808e"))).toBe(-9223372036854775808n);
    expect(decode(bytes(`i1${"0".repeat(400)}e`))).toBe(10n ** 400n);
  });

  it("gives strings as views of the input, plain arrays even of a Buffer", () => {
    const input = Buffer.from("xx4:spamxx").subarray(2, 8);
    const value = decode(input) as Uint8Array;
    expect(latin1(value)).toBe("spam");
    expect(value.buffer).toBe(input.buffer);
    expect(Object.getPrototypeOf(value)).toBe(Uint8Array.prototype);
  });

  it("reads lists and dictionaries in one another", () => {
    expect(read("d1:ale1:bl1:xli1eedee1:cd1:dd1:ei5eeee")).toEqual({
      pairs: [
        ["a", []],
        ["b", ["sx", ["i1"], { pairs: [] }]],
        ["c", { pairs: [["d", { pairs: [["e", "i5"]] }]] }],
      ],
    });
  });

  it("is strict: each fault has a code and the offset of its place", () => {
    const faults: [input: string, code: string, offset: number][] = [
      ["", "BENCODE_UNEXPECTED_END", 0],
      ["l", "BENCODE_UNEXPECTED_END", 1],
      ["i1", "BENCODE_UNEXPECTED_END", 2],
      ["12", "BENCODE_UNEXPECTED_END", 2],
      ["5:hell", "BENCODE_UNEXPECTED_END", 0],
      ["d1:a", "BENCODE_UNEXPECTED_END", 4],
      ["99999999999:a", "BENCODE_UNEXPECTED_END", 0],
      [`${"9".repeat(400)}:a`, "BENCODE_UNEXPECTED_END", 0],
      ["e", "BENCODE_UNEXPECTED_BYTE", 0],
      ["x", "BENCODE_UNEXPECTED_BYTE", 0],
      ["-1:a", "BENCODE_UNEXPECTED_BYTE", 0],
      ["di1e1:ae", "BENCODE_UNEXPECTED_BYTE", 1],
      ["dlei1ee", "BENCODE_UNEXPECTED_BYTE", 1],
      ["d1:ae", "BENCODE_UNEXPECTED_BYTE", 4],
      ["ie", "BENCODE_BAD_NUMBER", 1],
      ["i-e", "BENCODE_BAD_NUMBER", 2],
      ["li1ei-0ee", "BENCODE_BAD_NUMBER", 6],
      ["i03e", "BENCODE_BAD_NUMBER", 1],
      ["i-03e", "BENCODE_BAD_NUMBER", 2],
      ["i+3e", "BENCODE_BAD_NUMBER", 1],
      ["i1.5e", "BENCODE_BAD_NUMBER", 1],
      ["i 3e", "BENCODE_BAD_NUMBER", 1],
      ["05:hello", "BENCODE_BAD_NUMBER", 0],
      ["00:", "BENCODE_BAD_NUMBER", 0],
      ["5-hello", "BENCODE_BAD_NUMBER", 0],
      ["d1:bi1e1:ai2ee", "BENCODE_KEY_ORDER", 7],
      ["d1:ai1e1:ai2ee", "BENCODE_KEY_ORDER", 7],
      ["d2:aai1e1:ai2ee", "BENCODE_KEY_ORDER", 8],
      ["d1:ad1:zi1ee1:ai1ee", "BENCODE_KEY_ORDER", 12],
      ["i1ei2e", "BENCODE_TRAILING_BYTES", 3],
      ["4:spam\n", "BENCODE_TRAILING_BYTES", 6],
    ];
    for (const [input, code, offset] of faults) {
      const error = failure(input);
      expect({ input, code: error.code, offset: error.offset }).toEqual({ input, code, offset });
      expect(error.data).toEqual({ offset });
      expect(error).toBeInstanceOf(RemoteProtocolError);
    }
  });

  it("orders keys as raw bytes: prefixes first, no locale, no UTF-16", () => {
    expect(read("d0:i0e1:Ai1e1:ai2e2:aai3e1:\xffi4ee")).toBeTruthy();
    // U+FFFD sorts below U+10000 in UTF-8, and above it in UTF-16.
    expect(read("d3:\xef\xbf\xbdi1e4:\xf0\x90\x80\x80i2ee")).toBeTruthy();
    expect(failure("d4:\xf0\x90\x80\x80i2e3:\xef\xbf\xbdi1ee").code).toBe("BENCODE_KEY_ORDER");
  });

  it("takes unsorted keys, leading zeros and trailing bytes only when asked to be tolerant", () => {
    const tolerant = { tolerant: true };
    expect(read("d1:bi1e1:ai2eejunk", tolerant)).toEqual({
      pairs: [
        ["b", "i1"],
        ["a", "i2"],
      ],
    });
    expect(read("li007ei-0ei-07e02:abe", tolerant)).toEqual(["i7", "i0", "i-7", "sab"]);
    for (const input of ["ie", "i-e", "i1.5e", "5:hell", "d1:ae", "di1e1:ae", "l", "x"])
      failure(input, tolerant);
    const twice = decode(bytes("d1:ai1e1:bi2e1:ai3ee"), tolerant) as BencodeDictionary;
    expect(twice.get("a")).toBe(1);
  });

  it("tells how long a value is that something follows", () => {
    const { value, length } = decodePrefix(bytes("d5:piecei3eedata"));
    expect(length).toBe(12);
    expect(plain(value)).toEqual({ pairs: [["piece", "i3"]] });
  });

  it("keeps to its limits", () => {
    const nested = (depth: number): string => "l".repeat(depth) + "e".repeat(depth);
    expect(read(nested(100))).toBeTruthy();
    expect(failure(nested(101)).code).toBe("BENCODE_LIMIT");
    expect(read(nested(1000), { maxDepth: 1000 })).toBeTruthy();
    expect(failure(nested(1001), { maxDepth: Infinity }).code).toBe("BENCODE_LIMIT");
    expect(read("i1e", { maxDepth: 0, maxValueCount: 1 })).toBe("i1");
    expect(failure("le", { maxDepth: 0 }).code).toBe("BENCODE_LIMIT");
    expect(failure("li1ei2ee", { maxValueCount: 2 }).code).toBe("BENCODE_LIMIT");
    expect(failure(`i${"1".repeat(10_001)}e`).code).toBe("BENCODE_LIMIT");
  });
});

describe("BencodeDictionary", () => {
  it("reads by key and type; another type reads as absent", () => {
    const value = dictionary("d4:dictde4:listle3:numi7e3:str4:spam4:vasti99999999999999999999ee");
    expect(value.getInteger("num")).toBe(7);
    expect(value.getText("str")).toBe("spam");
    expect(latin1(value.getBytes("str")!)).toBe("spam");
    expect(value.getList("list")).toEqual([]);
    expect(value.getDictionary("dict")).toBeInstanceOf(BencodeDictionary);
    expect(value.get("vast")).toBe(99999999999999999999n);
    for (const key of ["vast", "str", "list", "dict", "none"]) expect(value.getInteger(key)).toBeUndefined();
    for (const key of ["vast", "num", "list", "dict", "none"]) expect(value.getText(key)).toBeUndefined();
    for (const key of ["vast", "num", "str", "dict", "none"]) expect(value.getList(key)).toBeUndefined();
    for (const key of ["vast", "num", "str", "list", "none"])
      expect(value.getDictionary(key)).toBeUndefined();
  });

  it("tells where the value of each key lies", () => {
    const value = dictionary("d1:ai12e1:bl1:xe1:c0:e");
    expect([...value.spans()].map(([key, span]) => [latin1(key), span])).toEqual([
      ["a", value.spanOf("a")],
      ["b", value.spanOf("b")],
      ["c", value.spanOf("c")],
    ]);
    expect(value.spanOf("b")).toEqual({ start: 11, end: 16 });
  });

  it("finds keys that are no UTF-8, empty, or named like a property of objects", () => {
    const value = dictionary(
      "d0:i0e9:__proto__i1e11:constructori2e6:lengthi3e3:\xc3\xa9\xffi4e2:\xff\xfei5ee",
    );
    expect(value.get("")).toBe(0);
    expect(value.get("__proto__")).toBe(1);
    expect(value.get("constructor")).toBe(2);
    expect(value.get("toString")).toBeUndefined();
    expect(value.get(bytes("\xff\xfe"))).toBe(5);
    expect(value.get(bytes("\xc3\xa9\xff"))).toBe(4);
    expect(value.get("\xc3\xa9")).toBeUndefined();
    expect([...value.byteEntries()].map(([key]) => latin1(key))).toEqual([
      "",
      "__proto__",
      "constructor",
      "length",
      "\xc3\xa9\xff",
      "\xff\xfe",
    ]);
    expect([...value.keys()].slice(0, 4)).toEqual(["", "__proto__", "constructor", "length"]);
    expect([...value].length).toBe(6);
  });

  it("looks text keys up by their UTF-8", () => {
    const value = dictionary("d2:\xc3\xa9i1ee");
    expect(value.get("é")).toBe(1);
    expect([...value.entries()]).toEqual([["é", 1]]);
  });

  it("knows the exact bytes of every value and of itself", () => {
    const text = "d1:ai1e4:infod6:lengthi5e4:name1:xe1:zl4:spamee";
    const value = dictionary(text);
    const cut = ({ start, end }: { start: number; end: number }): string => text.slice(start, end);
    expect(cut(value.spanOf("a")!)).toBe("i1e");
    expect(cut(value.spanOf("info")!)).toBe("d6:lengthi5e4:name1:xe");
    expect(cut(value.spanOf("z")!)).toBe("l4:spame");
    expect(cut(value.getDictionary("info")!.span)).toBe("d6:lengthi5e4:name1:xe");
    expect(cut(value.span)).toBe(text);
    expect(value.spanOf("none")).toBeUndefined();
  });

  it("replaces what is no UTF-8 when read as text, and keeps a byte order mark", () => {
    const value = dictionary("d1:a3:a\xffb1:b4:\xef\xbb\xbfx1:c40:" + "\xc3\xa9".repeat(20) + "e");
    expect(value.getText("a")).toBe("a\ufffdb");
    expect(value.getText("b")).toBe("\ufeffx");
    expect(value.getText("c")).toBe("é".repeat(20));
  });
});
