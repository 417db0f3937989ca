import { concatBytes } from "@bt/primitives";
import { encodeBitfield, encodeHave, encodeHaveAll, encodeHaveNone, WireDecoder, WireError } from "@bt/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { faultOf } from "./fault.ts";
import { hex } from "./messages.ts";
import { callsOf, handshakeBytes, Recorder } from "./recorder.ts";

const prefix = (length: number): Uint8Array =>
  Uint8Array.of(length >>> 24, length >>> 16, length >>> 8, length);

const FIXED = [
  { name: "choke", id: 0, length: 1 },
  { name: "unchoke", id: 1, length: 1 },
  { name: "interested", id: 2, length: 1 },
  { name: "not interested", id: 3, length: 1 },
  { name: "have", id: 4, length: 5 },
  { name: "request", id: 6, length: 13 },
  { name: "cancel", id: 8, length: 13 },
  { name: "port", id: 9, length: 3 },
  { name: "suggest", id: 13, length: 5 },
  { name: "have all", id: 14, length: 1 },
  { name: "have none", id: 15, length: 1 },
  { name: "reject", id: 16, length: 13 },
  { name: "allowed fast", id: 17, length: 5 },
];

describe("a length prefix", () => {
  it.each([0xffff_ffff, 0x8000_0000, 0x7fff_ffff, 1_048_579])(
    "of %d is refused before the id is there",
    (length) => {
      const fault = faultOf(() => callsOf([prefix(length)]));
      expect(fault).toMatchObject({ code: "WIRE_MESSAGE_TOO_LONG", data: { offset: 0, length } });
    },
  );

  it.each(FIXED)("of $name other than $length is refused", ({ id, length }) => {
    for (const wrong of [length - 1, length + 1, length + 256, 100_000]) {
      if (wrong === 0) continue; // that is a keep-alive
      const fault = faultOf(() =>
        callsOf([prefix(wrong), Uint8Array.of(id), new Uint8Array(Math.min(wrong - 1, 40))]),
      );
      expect(fault).toMatchObject({
        code: "WIRE_BAD_LENGTH",
        data: { offset: 0, messageId: id, length: wrong },
      });
    }
    expect(callsOf([prefix(length), Uint8Array.of(id), new Uint8Array(length - 1)])).toHaveLength(1);
  });

  it("that is wrong is waited for in a message of up to 68 bytes, not in a longer one", () => {
    const decoder = new WireDecoder(new Recorder(), { handshake: false });
    decoder.push(concatBytes(prefix(64), hex("06"), new Uint8Array(62)));
    expect(faultOf(() => decoder.push(new Uint8Array(1))).code).toBe("WIRE_BAD_LENGTH");
    expect(faultOf(() => callsOf([prefix(65), hex("06")])).code).toBe("WIRE_BAD_LENGTH");
  });

  it("of a piece leaves room for a block of 1 to 16,384 bytes", () => {
    for (const short of [1, 8, 9])
      expect(faultOf(() => callsOf([prefix(short), hex("07"), new Uint8Array(short - 1)])).code).toBe(
        "WIRE_BAD_LENGTH",
      );
    for (const fine of [10, 16_393])
      expect(callsOf([prefix(fine), new Uint8Array([7, ...Array(8).fill(0)])])).toHaveLength(1);
    expect(faultOf(() => callsOf([prefix(16_394), hex("07")]))).toMatchObject({
      code: "WIRE_MESSAGE_TOO_LONG",
      data: { messageId: 7, length: 16_394, limit: 16_393 },
    });
  });

  it("of an extended message holds at least its extension id, at most its cap", () => {
    expect(faultOf(() => callsOf([hex("00000001 14")])).code).toBe("WIRE_BAD_LENGTH");
    const options = { maxExtendedLength: 5, maxUnknownLength: 100 };
    expect(callsOf([prefix(7), hex("1401"), new Uint8Array(5)], options)).toHaveLength(1);
    expect(faultOf(() => callsOf([prefix(8), hex("14")], options)).code).toBe("WIRE_MESSAGE_TOO_LONG");
  });

  it("of an unknown message is at most its cap", () => {
    expect(
      callsOf([prefix(101), hex("63"), new Uint8Array(100), encodeHave(1)], { maxUnknownLength: 100 }),
    ).toEqual([
      ["unknown", 99, 100],
      ["have", 1],
    ]);
    expect(faultOf(() => callsOf([prefix(102), hex("63")], { maxUnknownLength: 100 })).code).toBe(
      "WIRE_MESSAGE_TOO_LONG",
    );
  });
});

it.each([10, 11, 12, 18, 19, 21, 22, 23, 24, 255])("message %d is not known and is skipped", (id) => {
  expect(
    callsOf([prefix(1), Uint8Array.of(id), prefix(4), Uint8Array.of(id), hex("ffffff"), encodeHave(1)]),
  ).toEqual([
    ["unknown", id, 0],
    ["unknown", id, 3],
    ["have", 1],
  ]);
});

describe("bitfield, have-all and have-none", () => {
  const three = {
    bitfield: encodeBitfield(hex("80")),
    "have all": encodeHaveAll(),
    "have none": encodeHaveNone(),
  };
  const pairs = Object.entries(three).flatMap(([a, first]) =>
    Object.entries(three).map(([b, second]) => ({ a, b, first, second })),
  );

  it.each(pairs)("may follow each other, as aria2 sends them: $b after $a", ({ first, second }) => {
    expect(callsOf([first, encodeHave(0), second])).toHaveLength(3);
  });

  it.each(Object.entries(three))("may come after other messages: %s", (_name, message) => {
    expect(callsOf([hex("000000021400"), hex("0000000101"), hex("00000000"), message])).toHaveLength(4);
  });
});

it("a fault names the place in the stream where its message began", () => {
  const recorder = new Recorder();
  const decoder = new WireDecoder(recorder);
  decoder.push(handshakeBytes());
  decoder.push(encodeHave(1));
  decoder.push(concatBytes(encodeHave(2), hex("0000")));
  const fault = faultOf(() => decoder.push(hex("00020000")));
  expect(fault).toMatchObject({
    code: "WIRE_BAD_LENGTH",
    data: { offset: 68 + 9 + 9, messageId: 0, length: 2 },
  });
});

describe("random bytes", () => {
  it("give messages or a WireError, nothing else", () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 200, size: "max" }), { maxLength: 10, size: "max" }),
        (chunks) => {
          const decoder = new WireDecoder(new Recorder(), { handshake: false });
          try {
            for (const chunk of chunks) decoder.push(chunk);
          } catch (error) {
            expect(error).toBeInstanceOf(WireError);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("in the shape of messages do so too, and reach every handler", () => {
    const reached = new Set<string>();
    const message = fc
      .tuple(
        fc.constantFrom(0, 1, 2, 3, 5, 9, 10, 13, 20),
        fc.integer({ min: 0, max: 24 }),
        fc.uint8Array({ maxLength: 24, size: "max" }),
      )
      .map(([length, id, bytes]) =>
        concatBytes(prefix(length), Uint8Array.of(id), bytes).subarray(0, 4 + length),
      );
    fc.assert(
      fc.property(fc.array(message, { maxLength: 10, size: "max" }), fc.nat(30), (messages, pieceCount) => {
        const recorder = new Recorder();
        const decoder = new WireDecoder(recorder, { handshake: false });
        if (pieceCount < 20) decoder.setPieceCount(pieceCount);
        try {
          for (const bytes of messages) decoder.push(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
        for (const [name] of recorder.calls) reached.add(name);
      }),
      { numRuns: 5000, seed: 20_240_501 },
    );
    expect([...reached].sort()).toEqual(
      [
        "allowedFast bitfield block blockStart cancel choke extended have haveAll haveNone interested",
        "keepAlive notInterested port reject request suggest unchoke unknown",
      ]
        .join(" ")
        .split(" "),
    );
  });

  it("after a flipped bit of a real stream do so too", () => {
    const stream = concatBytes(
      handshakeBytes(),
      encodeBitfield(hex("ff80")),
      encodeHave(3),
      hex("0000000a 07 00000001 00000000 aa"),
    );
    for (let bit = 0; bit < stream.length * 8; bit++) {
      const damaged = stream.slice();
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      const decoder = new WireDecoder(new Recorder());
      decoder.setPieceCount(9);
      try {
        decoder.push(damaged);
      } catch (error) {
        expect(error).toBeInstanceOf(WireError);
      }
    }
  });
});
