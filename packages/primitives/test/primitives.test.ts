import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  Bitfield,
  BLOCK_LENGTH,
  BtError,
  bytesEqual,
  compareBytes,
  concatBytes,
  decodeCompactEndpoints,
  encodeCompactEndpoints,
  formatEndpoint,
  formatHex,
  parseEndpoint,
  parseHex,
  PieceLayout,
  RemoteProtocolError,
} from "@bt/primitives";

describe("PieceLayout", () => {
  it("cuts a torrent into pieces and blocks that add up to the whole", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100_000 }),
        fc.integer({ min: 0, max: 1_000_000 }),
        (pieceLength, totalLength) => {
          fc.pre(totalLength / pieceLength < 2_000);
          const layout = new PieceLayout({ pieceLength, totalLength });
          let sum = 0;
          for (let piece = 0; piece < layout.pieceCount; piece++) {
            let pieceSum = 0;
            for (let block = 0; block < layout.blockCountAt(piece); block++) {
              const length = layout.blockLengthAt(piece, block);
              expect(layout.isBlock(piece, block * BLOCK_LENGTH, length)).toBe(true);
              pieceSum += length;
            }
            expect(pieceSum).toBe(layout.pieceLengthAt(piece));
            sum += pieceSum;
          }
          expect(sum).toBe(totalLength);
        },
      ),
    );
  });

  it("knows the short pieces of a v2 torrent", () => {
    const layout = new PieceLayout({
      pieceLength: 32_768,
      totalLength: 100_000,
      shortPieces: new Map([[1, 5]]),
    });
    expect(layout.pieceLengthAt(1)).toBe(5);
    expect(layout.blockCountAt(1)).toBe(1);
    expect(layout.isRange(1, 0, 6)).toBe(false);
  });

  it("refuses ranges outside a piece, whatever the numbers", () => {
    const layout = new PieceLayout({ pieceLength: 32_768, totalLength: 40_000 });
    expect(layout.isRange(1, 0, 7_232)).toBe(true);
    for (const [piece, offset, length] of [
      [1, 0, 7_233],
      [2, 0, 1],
      [0, 32_768, 1],
      [0, 0, 0],
      [0, 4_294_967_295, 4_294_967_295],
      [-1, 0, 1],
      [0.5, 0, 1],
    ] as const)
      expect(layout.isRange(piece, offset, length)).toBe(false);
  });

  it("rejects impossible sizes as the caller's mistake", () => {
    expect(() => new PieceLayout({ pieceLength: 0, totalLength: 1 })).toThrow(RangeError);
    expect(() => new PieceLayout({ pieceLength: 1, totalLength: -1 })).toThrow(RangeError);
  });
});

describe("Bitfield", () => {
  it("behaves as a set of indices and round-trips through bytes", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.array(fc.nat(299)), (length, picks) => {
        const field = new Bitfield(length);
        const model = new Set<number>();
        for (const pick of picks.filter((p) => p < length)) {
          if (model.has(pick)) expect(field.clear(pick)).toBe(model.delete(pick));
          else {
            expect(field.set(pick)).toBe(true);
            model.add(pick);
          }
        }
        expect([...field.indices()]).toEqual([...model].sort((a, b) => a - b));
        expect(field.count).toBe(model.size);
        const copy = Bitfield.fromBytes(field.toBytes(), length)!;
        expect([...copy.indices()]).toEqual([...field.indices()]);
        expect(copy.count).toBe(field.count);
      }),
    );
  });

  it("puts piece 0 in the high bit", () => {
    const field = new Bitfield(9);
    field.set(0);
    field.set(8);
    expect([...field.toBytes()]).toEqual([0x80, 0x80]);
  });

  it("refuses bytes of the wrong size or with spare bits set", () => {
    expect(Bitfield.fromBytes(new Uint8Array([0xff]), 9)).toBeUndefined();
    expect(Bitfield.fromBytes(new Uint8Array([0xff, 0x81]), 9)).toBeUndefined();
    expect(Bitfield.fromBytes(new Uint8Array([0xff, 0x80]), 9)?.isFull).toBe(true);
  });

  it("fills without touching the spare bits", () => {
    const field = new Bitfield(10);
    field.fill();
    expect(field.isFull).toBe(true);
    expect([...field.toBytes()]).toEqual([0xff, 0xc0]);
  });

  it("refuses indices outside", () => {
    expect(() => new Bitfield(3).set(3)).toThrow(RangeError);
    expect(new Bitfield(3).has(3)).toBe(false);
  });
});

describe("endpoints", () => {
  it("round-trips compact lists of both families", () => {
    const v4 = [
      { host: "127.0.0.1", port: 6881 },
      { host: "255.0.1.2", port: 1 },
    ];
    expect(decodeCompactEndpoints(encodeCompactEndpoints(v4, 4), 4)).toEqual(v4);
    const v6 = [
      { host: "::1", port: 65_535 },
      { host: "2001:db8::8:800:200c:417a", port: 80 },
    ];
    expect(decodeCompactEndpoints(encodeCompactEndpoints([...v4, ...v6], 6), 6)).toEqual(v6);
  });

  it("leaves out port 0 and an incomplete rest", () => {
    expect(decodeCompactEndpoints(new Uint8Array([1, 2, 3, 4, 0, 0, 1, 2, 3, 4, 0, 9, 1, 2]), 4)).toEqual([
      { host: "1.2.3.4", port: 9 },
    ]);
  });

  it("parses what it formats and refuses the rest", () => {
    for (const text of ["1.2.3.4:5", "[::1]:6881", "[::ffff:102:304]:1"])
      expect(formatEndpoint(parseEndpoint(text)!)).toBe(text);
    for (const text of [
      "localhost:1",
      "1.2.3.4",
      "1.2.3.4:0",
      "1.2.3.4:65536",
      "1.2.3:4",
      "256.0.0.1:1",
      "[:::]:1",
      "[1::2::3]:1",
      ":1",
    ])
      expect(parseEndpoint(text)).toBeUndefined();
  });

  it("writes IPv6 as RFC 5952 asks", () => {
    const bytes = new Uint8Array(18);
    bytes.set([0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1]);
    expect(decodeCompactEndpoints(bytes, 6)[0]!.host).toBe("2001:db8:0:1::1");
  });
});

describe("bytes and errors", () => {
  it("round-trips hexadecimal text", () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => bytesEqual(parseHex(formatHex(bytes))!, bytes)));
    expect(parseHex("0g")).toBeUndefined();
    expect(parseHex("abc")).toBeUndefined();
    expect([...parseHex("AbcD")!]).toEqual([0xab, 0xcd]);
  });

  it("has the order of Buffer.compare", () => {
    const some = fc.uint8Array({ maxLength: 4, max: 3 });
    fc.assert(
      fc.property(some, some, (a, b) => {
        expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(a, b));
      }),
    );
  });

  it("joins and compares", () => {
    expect([...concatBytes(new Uint8Array([1]), new Uint8Array(), new Uint8Array([2, 3]))]).toEqual([
      1, 2, 3,
    ]);
    expect(bytesEqual(new Uint8Array([1]), new Uint8Array([2]))).toBe(false);
  });

  it("keeps code, data and kind", () => {
    const error = new RemoteProtocolError("X", "sentence", { at: 1 }, { cause: 2 });
    expect(error).toBeInstanceOf(BtError);
    expect([error.code, error.data["at"], error.cause, error.name]).toEqual([
      "X",
      1,
      2,
      "RemoteProtocolError",
    ]);
  });
});
