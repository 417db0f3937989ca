import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BencodeDictionary, decode, encode, encodeInto, type Encodable } from "@bt/bencode";
import { bytes, latin1 } from "./plain.ts";

const write = (value: unknown): string => latin1(encode(value as Encodable));

describe("encode", () => {
  it("writes each kind of value in its one form", () => {
    expect(write(0)).toBe("i0e");
    expect(write(-0)).toBe("i0e");
    expect(write(-17)).toBe("i-17e");
    expect(write(2n ** 80n)).toBe("i1208925819614629174706176e");
    expect(write("")).toBe("0:");
    expect(write("né\u{1f600}")).toBe(`7:n\xc3\xa9\xf0\x9f\x98\x80`);
    expect(write(bytes("\x00\xff"))).toBe("2:\x00\xff");
    expect(write(Buffer.from("ab"))).toBe("2:ab");
    expect(write([])).toBe("le");
    expect(write([1, "a", [bytes("b")]])).toBe("li1e1:al1:bee");
    expect(write({})).toBe("de");
    expect(write(Object.assign(Object.create(null), { a: 1 }))).toBe("d1:ai1ee");
  });

  it("sorts keys by their bytes, whatever they come in", () => {
    expect(write({ b: 1, a: 2, B: 3, aa: 4, "": 5 })).toBe("d0:i5e1:Bi3e1:ai2e2:aai4e1:bi1ee");
    expect(write({ 10: 1, 9: 2 })).toBe("d2:10i1e1:9i2ee");
    expect(write({ "\u{10000}": 1, "\ufffd": 2 })).toBe("d3:\xef\xbf\xbdi2e4:\xf0\x90\x80\x80i1ee");
    expect(
      write(
        new Map<string | Uint8Array, Encodable>([
          [bytes("\xff"), 1],
          ["__proto__", 2],
          [bytes("a"), 3],
        ]),
      ),
    ).toBe("d9:__proto__i2e1:ai3e1:\xffi1ee");
  });

  it("takes no key for one of its own", () => {
    expect(write({ encodedForm: 1, length: 2, size: 3 })).toBe("d11:encodedFormi1e6:lengthi2e4:sizei3ee");
  });

  it("leaves out keys whose value is undefined", () => {
    expect(write({ a: undefined, b: 1 })).toBe("d1:bi1ee");
    expect(write(new Map([["a", undefined]]))).toBe("de");
  });

  it("writes decoded dictionaries again, sorted when they were not", () => {
    expect(write({ x: decode(bytes("d1:ai1e2:\xff\xfeld1:bleeee")) })).toBe(
      "d1:xd1:ai1e2:\xff\xfeld1:bleeeee",
    );
    expect(write(decode(bytes("d1:bi1e1:ad1:zi2e1:yi3eee"), { tolerant: true }))).toBe(
      "d1:ad1:yi3e1:zi2ee1:bi1ee",
    );
    expect(write(decode(bytes("d1:bi1e1:ai2e1:bi3ee"), { tolerant: true }))).toBe("d1:ai2e1:bi1ee");
  });

  it("refuses what bencode has no form for, instead of losing it", () => {
    for (const value of [
      undefined,
      null,
      true,
      Symbol("a"),
      () => 1,
      new Set([1]),
      new WeakMap(),
      new Date(0),
      /x/,
      [undefined],
      [null],
    ])
      expect(() => write(value)).toThrow(TypeError);
    for (const value of [1.5, Number.NaN, Infinity, 2 ** 53]) expect(() => write(value)).toThrow(RangeError);
    const twice = new Map<string | Uint8Array, Encodable>([
      ["a", 1],
      [bytes("a"), 2],
    ]);
    expect(() => encode(twice)).toThrow(TypeError);
  });

  it("ends with a RangeError in a value that contains itself", () => {
    const loop: Encodable[] = [];
    loop.push(loop);
    expect(() => encode(loop)).toThrow(RangeError);
  });

  it("is the same after an error and inside of a getter", () => {
    expect(() => encode(["a".repeat(20_000), null as unknown as Encodable])).toThrow(TypeError);
    const value = {
      a: 1,
      get b(): Uint8Array {
        return encode({ inner: "x".repeat(20_000) });
      },
    };
    expect(write(value)).toBe(`d1:ai1e1:b20015:d5:inner20000:${"x".repeat(20_000)}ee`);
    expect(write([1])).toBe("li1ee");
    const nothingWrittenYet = new Proxy<Record<string, Encodable>>(
      {},
      { get: () => encode("inner") && undefined },
    );
    expect(write(nothingWrittenYet)).toBe("de");
    expect(write([1])).toBe("li1ee");
  });

  it("gives results that later calls do not change, however many there are", () => {
    const made = Array.from({ length: 2_000 }, (_, i) => ({ i, result: encode([i, "x".repeat(i % 300)]) }));
    for (const { i, result } of made)
      expect(latin1(result)).toBe(`li${i}e${i % 300}:${"x".repeat(i % 300)}e`);
  });

  it("gives a long result memory of its own", () => {
    const result = encode("x".repeat(10_000));
    expect(result.buffer.byteLength).toBe(result.length);
  });

  it("gives a long result of a getter that encodes something long itself", () => {
    const value = {
      get a() {
        return encode("inner".repeat(1_000));
      },
      b: "x".repeat(3_000),
    };
    expect(write(value)).toBe(`d1:a5005:5000:${"inner".repeat(1_000)}1:b3000:${"x".repeat(3_000)}e`);
  });

  it("asks a getter once", () => {
    let length = 3_000;
    const value = {
      get a() {
        return "x".repeat(length++);
      },
    };
    expect(write(value)).toBe(`d1:a3000:${"x".repeat(3_000)}e`);
    expect(length).toBe(3_001);
  });

  it("goes on when somebody transfers the memory of a small result away", () => {
    const kept = encode("kept");
    structuredClone(kept, { transfer: [kept.buffer as ArrayBuffer] });
    expect(kept.length).toBe(0);
    expect(write({ a: 1 })).toBe("d1:ai1ee");
  });

  it("sorts any keys as their bytes are sorted, few and many, of text and of bytes", () => {
    const key = fc.oneof(
      fc.string({ maxLength: 3 }),
      fc.string({ unit: "binary", maxLength: 3 }),
      fc.constantFrom("a", "a\0", "ab", "a\ud7ff", "a\ue000", "a\u{10000}"),
      fc.uint8Array({ maxLength: 3 }),
    );
    fc.assert(
      fc.property(fc.array(key, { maxLength: 80 }), (keys) => {
        const byBytes = new Map(keys.map((each) => [Buffer.from(each as string).toString("latin1"), each]));
        const encoded = encode(new Map([...byBytes.values()].map((each) => [each, 1])));
        const inOrder = [...byBytes.keys()].sort().map((each) => Buffer.from(each, "latin1"));
        expect(
          (decode(encoded) as BencodeDictionary).byteEntries().map(([each]) => Buffer.from(each)),
        ).toEqual(inOrder);
      }),
    );
  });

  it("sorts 100,000 keys of bytes, and of text that no ASCII is", () => {
    const count = 100_000;
    const digits = (i: number): string => `${(i * 7919) % count}`.padStart(5, "0");
    const ofBytes = encode(new Map(Array.from({ length: count }, (_, i) => [bytes(`\xff${digits(i)}`), 1])));
    const ofText = encode(
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`\u{10000}${digits(i)}`, 1])),
    );
    for (const encoded of [ofBytes, ofText]) {
      const keys = [...(decode(encoded) as BencodeDictionary).keys()];
      expect(keys.map((key) => key.slice(-5))).toEqual(
        Array.from({ length: count }, (_, i) => `${i}`.padStart(5, "0")),
      );
    }
  });
});

describe("encodeInto", () => {
  it("writes at an offset and tells where it ended", () => {
    const target = new Uint8Array(10).fill(0x2e);
    expect(encodeInto({ a: 1 }, target, 1)).toBe(9);
    expect(latin1(target)).toBe(".d1:ai1ee.");
  });

  it("writes nothing when there is too little room", () => {
    const target = new Uint8Array(4).fill(0x2e);
    expect(() => encodeInto("spam", target)).toThrow(RangeError);
    expect(latin1(target)).toBe("....");
  });
});
