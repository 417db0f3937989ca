import { concatBytes, formatHex } from "@bt/primitives";
import { decodeHandshake, encodeHandshake, HANDSHAKE_LENGTH, WireDecoder, WireError } from "@bt/wire";
import { describe, expect, it } from "vitest";
import { hex } from "./messages.ts";
import { faultOf } from "./fault.ts";
import { handshakeBytes, INFO_HASH, PEER_ID, Recorder } from "./recorder.ts";

const flags = [false, true].flatMap((fast) =>
  [false, true].flatMap((extensionProtocol) =>
    [false, true].flatMap((dht) =>
      [false, true].map((v2Upgrade) => ({ fast, extensionProtocol, dht, v2Upgrade })),
    ),
  ),
);

describe("a handshake", () => {
  it("is 68 bytes: the protocol's name, eight reserved bytes, info-hash, peer id", () => {
    const bytes = encodeHandshake({
      infoHash: INFO_HASH,
      peerId: PEER_ID,
      fast: true,
      extensionProtocol: true,
      dht: true,
    });
    expect(formatHex(bytes)).toBe(
      `13426974546f7272656e742070726f746f636f6c0000000000100005${formatHex(INFO_HASH)}${formatHex(PEER_ID)}`,
    );
  });

  it.each(flags)("says exactly what was offered: %o", (offer) => {
    expect(
      decodeHandshake(encodeHandshake({ infoHash: INFO_HASH, peerId: PEER_ID, ...offer })),
    ).toMatchObject({
      infoHash: INFO_HASH,
      peerId: PEER_ID,
      ...offer,
    });
  });

  it("keeps reserved bits that we do not know", () => {
    const bytes = handshakeBytes();
    bytes.fill(0xff, 20, 28);
    expect(formatHex(decodeHandshake(bytes).reserved)).toBe("ffffffffffffffff");
  });

  it("holds copies, so that the chunk can be used again, also when it is a Buffer", () => {
    const bytes = Buffer.from(handshakeBytes());
    const handshake = decodeHandshake(bytes);
    bytes.fill(0);
    expect(handshake.infoHash).toEqual(INFO_HASH);
    expect(handshake.peerId).toEqual(PEER_ID);
  });

  it("needs an info-hash and a peer id of 20 bytes", () => {
    const model = { infoHash: INFO_HASH, peerId: PEER_ID, fast: true, extensionProtocol: true };
    expect(() => encodeHandshake({ ...model, infoHash: new Uint8Array(32) })).toThrow(RangeError);
    expect(() => encodeHandshake({ ...model, peerId: new Uint8Array(19) })).toThrow(RangeError);
  });

  it.each([0, 1, 19])(
    "that is another protocol's from byte %d on is refused when read on its own",
    (offset) => {
      const bytes = handshakeBytes();
      bytes[offset]! ^= 1;
      expect(faultOf(() => decodeHandshake(bytes))).toMatchObject({
        code: "WIRE_NOT_BITTORRENT",
        data: { offset },
      });
    },
  );

  it.each([0, 1, 19, 20, 67, 69])("of %d bytes is refused when read on its own", (length) => {
    const bytes = new Uint8Array(length);
    bytes.set(handshakeBytes().subarray(0, length));
    expect(faultOf(() => decodeHandshake(bytes)).code).toBe("WIRE_BAD_LENGTH");
  });
});

describe("the decoder, before any message,", () => {
  it("delivers the handshake once, when all of it is there, however it is cut", () => {
    const bytes = handshakeBytes();
    for (let cut = 0; cut < HANDSHAKE_LENGTH; cut++) {
      const recorder = new Recorder();
      const decoder = new WireDecoder(recorder);
      decoder.push(bytes.subarray(0, cut));
      expect(recorder.calls).toEqual([]);
      decoder.push(bytes.subarray(cut));
      expect(recorder.calls).toEqual([["handshake", formatHex(INFO_HASH), formatHex(PEER_ID)]]);
    }
  });

  it("goes on with messages in the same chunk", () => {
    const recorder = new Recorder();
    new WireDecoder(recorder).push(concatBytes(handshakeBytes(), hex("0000000101")));
    expect(recorder.calls.map(([name]) => name)).toEqual(["handshake", "unchoke"]);
  });

  it("refuses another protocol at its first wrong byte", () => {
    for (const [text, offset] of [
      ["GET / HTTP/1.1\r\n", 0],
      ["\x16\x03\x01", 0],
      ["\x13BitTorrent protoco1", 19],
      ["\x13B\0", 2],
    ] as const) {
      const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
      const decoder = new WireDecoder(new Recorder());
      decoder.push(bytes.subarray(0, offset));
      const fault = faultOf(() => decoder.push(bytes.subarray(offset, offset + 1)));
      expect(fault).toMatchObject({ code: "WIRE_NOT_BITTORRENT", data: { offset } });
    }
  });

  it("takes a second handshake for what it is", () => {
    const decoder = new WireDecoder(new Recorder());
    decoder.push(handshakeBytes());
    const fault = faultOf(() => decoder.push(handshakeBytes()));
    expect(fault).toBeInstanceOf(WireError);
    expect(fault).toMatchObject({ code: "WIRE_SECOND_HANDSHAKE", data: { offset: 68 } });
  });
});

describe("what was agreed on", () => {
  const decode = (ours: boolean, theirs: boolean, message: string): Recorder => {
    const recorder = new Recorder();
    const decoder = new WireDecoder(recorder, { fast: ours, extensionProtocol: ours });
    decoder.push(handshakeBytes({ fast: theirs, extensionProtocol: theirs }));
    decoder.push(hex(message));
    return recorder;
  };

  it.each([
    ["have all", "000000010e"],
    ["have none", "000000010f"],
    ["suggest", "000000050d00000001"],
    ["allowed fast", "000000051100000001"],
    ["reject", "0000000d10000000010000000200000003"],
  ])("decides whether %s is allowed (BEP 6: else close)", (_name, message) => {
    expect(decode(true, true, message).calls).toHaveLength(2);
    for (const [ours, theirs] of [
      [true, false],
      [false, true],
      [false, false],
    ] as const)
      expect(faultOf(() => decode(ours, theirs, message)).code).toBe("WIRE_FAST_NOT_NEGOTIATED");
  });

  it("decides whether an extended message is read or skipped", () => {
    expect(decode(true, true, "000000031400aa").calls.at(-1)).toEqual(["extended", 0, "aa"]);
    expect(decode(true, false, "000000031400aa").calls.at(-1)).toEqual(["unknown", 20, 2]);
    expect(decode(false, true, "000000031400aa").calls.at(-1)).toEqual(["unknown", 20, 2]);
  });
});
