import { Bitfield, concatBytes, formatHex, RemoteProtocolError } from "@bt/primitives";
import {
  encodeBitfield,
  encodeHave,
  PIECE_HEADER_LENGTH,
  WireDecoder,
  WireError,
  writePieceHeader,
} from "@bt/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { faultOf } from "./fault.ts";
import { hex, MESSAGES } from "./messages.ts";
import { callsOf, handshakeBytes, Recorder, type Call } from "./recorder.ts";

/** Messages that may come any number of times in any order. */
const REPEATABLE = MESSAGES.filter(({ calls }) => !/^(bitfield|haveAll|haveNone)$/.test(calls[0]![0]));

function block(piece: number, offset: number, length: number): Uint8Array {
  const message = new Uint8Array(PIECE_HEADER_LENGTH + length);
  writePieceHeader(message, 0, piece, offset, length);
  for (let i = 0; i < length; i++) message[PIECE_HEADER_LENGTH + i] = (piece + i * 7) & 0xff;
  return message;
}

function cutAt(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, i) => bytes.subarray(places[i], end));
}

describe("any chunking", () => {
  const message = fc.oneof(
    fc.constantFrom(...REPEATABLE).map(({ encoded }) => encoded),
    fc
      .tuple(fc.nat(1000), fc.nat(1000), fc.integer({ min: 1, max: 2000 }))
      .map(([p, o, l]) => block(p, o, l)),
    fc
      .uint8Array({ maxLength: 2000, size: "max" })
      .map((payload) => concatBytes(lengthPrefix(payload.length + 2), hex("1405"), payload)),
    fc
      .uint8Array({ maxLength: 300 })
      .map((payload) => concatBytes(lengthPrefix(payload.length + 1), hex("63"), payload)),
  );

  it("gives the same calls", () => {
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.uint8Array({ maxLength: 900, size: "max" }),
        fc.array(message, { maxLength: 12 }),
        fc.array(fc.nat(), { maxLength: 40, size: "max" }),
        (takesBlocks, field, messages, cuts) => {
          const stream = concatBytes(handshakeBytes(), encodeBitfield(field), ...messages);
          const run = (chunks: readonly Uint8Array[]): Call[] => {
            const recorder = new Recorder();
            recorder.takesBlocks = takesBlocks;
            const decoder = new WireDecoder(recorder);
            for (const chunk of chunks) decoder.push(chunk);
            return recorder.calls;
          };
          const whole = run([stream]);
          expect(whole.length).toBeGreaterThanOrEqual(2 + messages.length);
          expect(run(cutAt(stream, cuts))).toEqual(whole);
          expect(run(Array.from(stream, (byte) => Uint8Array.of(byte)))).toEqual(whole);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("finds the same fault after the same calls", () => {
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 5 }),
        fc.uint8Array({ minLength: 5, maxLength: 60 }),
        fc.array(fc.nat(), { maxLength: 20, size: "max" }),
        (messages, noise, cuts) => {
          const stream = concatBytes(...messages, noise);
          const run = (chunks: readonly Uint8Array[]): [Call[], unknown] => {
            const recorder = new Recorder();
            const decoder = new WireDecoder(recorder, { handshake: false });
            try {
              for (const chunk of chunks) decoder.push(chunk);
            } catch (error) {
              if (!(error instanceof WireError)) throw error;
              return [recorder.calls, { code: error.code, ...error.data }];
            }
            return [recorder.calls, undefined];
          };
          expect(run(cutAt(stream, cuts))).toEqual(run([stream]));
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("block payloads", () => {
  it("are handed over in place, in parts that are exactly the chunks' bytes", () => {
    const message = block(3, 16_384, 16_384);
    const chunks = [message.subarray(0, 100), message.subarray(100, 9_000), message.subarray(9_000)];
    const parts: [Uint8Array, number, number][] = [];
    const recorder = new Recorder();
    recorder.onBlockData = (source, start, end) => void parts.push([source, start, end]);
    recorder.onBlockEnd = () => {};
    const decoder = new WireDecoder(recorder, { handshake: false });
    for (const chunk of chunks) decoder.push(chunk);
    expect(parts.map(([, start, end]) => [start, end])).toEqual([
      [13, 100],
      [0, 8_900],
      [0, 7_397],
    ]);
    expect(parts.every(([source], i) => source === chunks[i])).toBe(true);
  });

  it("that the handler does not want are skipped in silence", () => {
    const recorder = new Recorder();
    recorder.takesBlocks = false;
    const decoder = new WireDecoder(recorder, { handshake: false });
    decoder.push(concatBytes(block(1, 0, 500), encodeHave(7)));
    expect(recorder.calls).toEqual([
      ["blockStart", 1, 0, 500],
      ["have", 7],
    ]);
  });
});

describe("only the valid bytes of a reused chunk", () => {
  it("are read", () => {
    const recorder = new Recorder();
    const decoder = new WireDecoder(recorder, { handshake: false });
    const buffer = new Uint8Array(64).fill(0xff);
    for (const { encoded } of [{ encoded: encodeHave(1) }, { encoded: encodeHave(2) }]) {
      buffer.set(encoded);
      decoder.push(buffer, encoded.length);
    }
    expect(recorder.calls).toEqual([
      ["have", 1],
      ["have", 2],
    ]);
  });

  it("must lie within it", () => {
    const decoder = new WireDecoder(new Recorder(), { handshake: false });
    expect(() => decoder.push(new Uint8Array(4), 5)).toThrow(RangeError);
    expect(() => decoder.push(new Uint8Array(4), -1)).toThrow(RangeError);
    expect(() => decoder.push(new Uint8Array(4), Number.NaN)).toThrow(RangeError);
  });
});

describe("collected payloads", () => {
  it("are views of the chunk when they lie whole in it, plain arrays even in a Buffer", () => {
    const chunk = Buffer.from(concatBytes(hex("00000005 14 01 616263"), hex("00000005 14 02 646566")));
    const payloads: Uint8Array[] = [];
    const recorder = new Recorder();
    recorder.onExtended = (_id, payload) => void payloads.push(payload);
    new WireDecoder(recorder, { handshake: false }).push(chunk);
    expect(payloads.map((payload) => formatHex(payload))).toEqual(["616263", "646566"]);
    expect(payloads.every((payload) => payload.buffer === chunk.buffer && !Buffer.isBuffer(payload))).toBe(
      true,
    );
  });

  it("take memory only as bytes arrive, whatever length was claimed", () => {
    const recorder = new Recorder();
    let largest = 0;
    const NativeArray = Uint8Array;
    class Counting extends NativeArray {
      constructor(...argument: ConstructorParameters<typeof NativeArray>) {
        super(...argument);
        if ((argument as unknown[]).length === 1) largest = Math.max(largest, this.length);
      }
    }
    const header = hex("00100002 14 01");
    const part = new Uint8Array(1000);
    globalThis.Uint8Array = Counting as typeof NativeArray;
    try {
      const decoder = new WireDecoder(recorder, { handshake: false });
      decoder.push(header);
      expect(largest).toBeLessThanOrEqual(68);
      for (let arrived = part.length; arrived <= 200_000; arrived += part.length) {
        decoder.push(part);
        expect(largest).toBeLessThanOrEqual(2 * arrived);
      }
    } finally {
      globalThis.Uint8Array = NativeArray;
    }
    expect(largest).toBeGreaterThan(100_000);
    expect(recorder.calls).toEqual([]);
  });
});

describe("stop", () => {
  const stream = concatBytes(
    ...MESSAGES.map(({ encoded, calls }) => (calls[0]![0].startsWith("have") ? encodeHave(1) : encoded)),
  );

  it("called in any callback ends delivery at once", () => {
    const field = hex("00000002 05 80");
    const all = concatBytes(handshakeBytes(), field, ...REPEATABLE.map(({ encoded }) => encoded));
    const total = callsOf([all], { handshake: true }).length;
    for (let count = 1; count <= total; count++) {
      const recorder = new Recorder();
      const decoder = new WireDecoder(recorder);
      recorder.after = () => {
        if (recorder.calls.length === count) decoder.stop();
      };
      decoder.push(all);
      decoder.push(all);
      expect(recorder.calls).toHaveLength(count);
    }
  });

  it("called while a block's data is handed over leaves out its end", () => {
    const recorder = new Recorder();
    const decoder = new WireDecoder(recorder, { handshake: false });
    recorder.onBlockData = () => decoder.stop();
    decoder.push(concatBytes(block(1, 0, 5), encodeHave(1)));
    expect(recorder.calls).toEqual([["blockStart", 1, 0, 5]]);
  });

  it("called between chunks makes the rest of the stream nothing", () => {
    const recorder = new Recorder();
    const decoder = new WireDecoder(recorder, { handshake: false });
    decoder.stop();
    decoder.push(stream);
    decoder.push(hex("ffffffff"));
    expect(recorder.calls).toEqual([]);
  });
});

describe("after an error", () => {
  it("of the peer nothing more is read", () => {
    const recorder = new Recorder();
    const decoder = new WireDecoder(recorder, { handshake: false });
    expect(() => decoder.push(concatBytes(encodeHave(1), hex("ffffffff")))).toThrow(RemoteProtocolError);
    decoder.push(encodeHave(2));
    expect(recorder.calls).toEqual([["have", 1]]);
  });

  it("of the handler it goes to the caller of push, and nothing more is read", () => {
    const recorder = new Recorder();
    const decoder = new WireDecoder(recorder, { handshake: false });
    const mistake = new Error("handler");
    recorder.onHave = () => {
      throw mistake;
    };
    expect(() => decoder.push(encodeHave(1))).toThrow(mistake);
    decoder.push(hex("00000000"));
    expect(recorder.calls).toEqual([]);
  });

  it("push refuses to be called from a handler", () => {
    const recorder = new Recorder();
    const decoder = new WireDecoder(recorder, { handshake: false });
    recorder.after = () => decoder.push(encodeHave(2));
    expect(() => decoder.push(encodeHave(1))).toThrow(TypeError);
  });
});

describe("the piece count", () => {
  it("fixes the size of the bitfield to the bit", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.uint8Array({ maxLength: 40, size: "max" }),
        (pieceCount, bytes) => {
          const isRight = Bitfield.fromBytes(bytes, pieceCount) !== undefined;
          if (isRight)
            expect(callsOf([encodeBitfield(bytes)], {}, pieceCount)).toEqual([
              ["bitfield", formatHex(bytes)],
            ]);
          else
            expect(faultOf(() => callsOf([encodeBitfield(bytes)], {}, pieceCount)).code).toBe(
              "WIRE_BAD_BITFIELD",
            );
        },
      ),
    );
  });

  it("is enforced from the header on, before the bytes are there", () => {
    expect(faultOf(() => callsOf([hex("00000003 05")], {}, 8)).code).toBe("WIRE_BAD_BITFIELD");
  });

  it("makes a spare bit a fault that says where and how long the message was", () => {
    expect(faultOf(() => callsOf([hex("00000000 00000003 05 0040")], {}, 9))).toMatchObject({
      code: "WIRE_BAD_BITFIELD",
      data: { offset: 4, messageId: 5, length: 3 },
    });
  });

  it("that becomes known while the bitfield is under way counts too", () => {
    const decoder = new WireDecoder(new Recorder(), { handshake: false });
    decoder.push(hex("00000003 05 00"));
    decoder.setPieceCount(8);
    expect(faultOf(() => decoder.push(hex("00"))).code).toBe("WIRE_BAD_BITFIELD");
  });

  it("allows a bitfield longer than the cap for unknown torrents", () => {
    const bytes = new Uint8Array(100);
    expect(callsOf([encodeBitfield(bytes)], { maxBitfieldLength: 99 }, 800)).toHaveLength(1);
    expect(faultOf(() => callsOf([encodeBitfield(bytes)], { maxBitfieldLength: 99 })).code).toBe(
      "WIRE_MESSAGE_TOO_LONG",
    );
  });

  it("bounds what a have can name", () => {
    expect(callsOf([encodeHave(7)], {}, 8)).toEqual([["have", 7]]);
    expect(faultOf(() => callsOf([encodeHave(0)], {}, 0)).code).toBe("WIRE_PIECE_OUT_OF_RANGE");
    expect(faultOf(() => callsOf([encodeHave(8)], {}, 8))).toMatchObject({
      code: "WIRE_PIECE_OUT_OF_RANGE",
      data: { offset: 0, messageId: 4 },
    });
  });

  it.each([-1, 0.5, Number.NaN, 2 ** 53])("is a count: not %d", (count) => {
    expect(() => new WireDecoder(new Recorder()).setPieceCount(count)).toThrow(RangeError);
  });
});

describe("a cap", () => {
  const none = { maxBlockLength: 0, maxBitfieldLength: 0, maxExtendedLength: 0, maxUnknownLength: 0 };
  it.each([
    ["maxBlockLength", 7, 9],
    ["maxBitfieldLength", 5, 1],
    ["maxExtendedLength", 20, 2],
    ["maxUnknownLength", 99, 1],
  ])("%s is exact to the byte, whatever the others are", (name, messageId, overhead) => {
    for (const others of [none, {}]) {
      const options = { ...others, [name]: 1000 };
      const message = (length: number): Uint8Array[] => [
        lengthPrefix(overhead + length),
        Uint8Array.of(messageId),
        new Uint8Array(overhead - 1 + length),
      ];
      expect(callsOf(message(1000), options).length).toBeGreaterThan(0);
      expect(faultOf(() => callsOf(message(1001), options)).code).toBe("WIRE_MESSAGE_TOO_LONG");
    }
  });

  it("of zero still lets the messages of fixed size through", () => {
    expect(callsOf([encodeHave(1), hex("0000000d 06 000000010000000200000003")], none)).toHaveLength(2);
  });
});

it.each(["maxBlockLength", "maxBitfieldLength", "maxExtendedLength", "maxUnknownLength"])(
  "%s is a length",
  (name) => {
    for (const length of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => new WireDecoder(new Recorder(), { [name]: length })).toThrow(RangeError);
  },
);

function lengthPrefix(length: number): Uint8Array {
  return Uint8Array.of(length >>> 24, length >>> 16, length >>> 8, length);
}
