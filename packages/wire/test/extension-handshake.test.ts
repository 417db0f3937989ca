import { encode } from "@bt/bencode";
import { concatBytes, formatHex } from "@bt/primitives";
import {
  decodeExtensionHandshake,
  encodeExtensionHandshake,
  WireError,
  type ExtensionHandshakeModel,
} from "@bt/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { faultOf } from "./fault.ts";
import { callsOf } from "./recorder.ts";

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const FULL: ExtensionHandshakeModel = {
  extensions: { ut_metadata: 1, ut_pex: 2 },
  client: "µbt 0.1",
  requestQueueDepth: 500,
  port: 6881,
  yourIp: "203.0.113.9",
  ipv4: "198.51.100.1",
  ipv6: "2001:db8::1",
  metadataLength: 31_235,
  uploadOnly: true,
};

describe("an extension handshake", () => {
  it("is one framed message with canonical bencode", () => {
    const message = encodeExtensionHandshake({
      extensions: { ut_pex: 2, ut_metadata: 1 },
      client: "bt",
      port: 6881,
    });
    expect(formatHex(message.subarray(0, 6))).toBe("000000351400");
    expect(String.fromCharCode(...message.subarray(6))).toBe(
      "d1:md11:ut_metadatai1e6:ut_pexi2ee1:pi6881e1:v2:bte",
    );
  });

  it("says what was said", () => {
    const { extensions, ...rest } = decodeExtensionHandshake(encodeExtensionHandshake(FULL).subarray(6));
    expect(rest).toEqual({ ...FULL, extensions: undefined });
    expect([...extensions]).toEqual([
      ["ut_metadata", 1],
      ["ut_pex", 2],
    ]);
  });

  it("keeps numbers at the ends of their ranges", () => {
    for (const model of [
      {
        extensions: new Map([["a", 0]]),
        port: 1,
        requestQueueDepth: 1,
        metadataLength: 1,
        uploadOnly: false,
      },
      {
        extensions: new Map([["a", 255]]),
        port: 65_535,
        requestQueueDepth: 2 ** 53 - 1,
        metadataLength: 2 ** 53 - 1,
      },
    ])
      expect(decodeExtensionHandshake(encodeExtensionHandshake(model).subarray(6))).toEqual(model);
  });

  it("goes through the decoder whole", () => {
    const message = encodeExtensionHandshake(FULL);
    expect(callsOf([message.subarray(0, 20), message.subarray(20)])).toEqual([
      ["extended", 0, formatHex(message.subarray(6))],
    ]);
  });

  it("takes names as a Map too, and switches off with 0", () => {
    const payload = encodeExtensionHandshake({
      extensions: new Map([["ut_pex", 0]]),
      uploadOnly: false,
    }).subarray(6);
    expect(decodeExtensionHandshake(payload)).toEqual({
      extensions: new Map([["ut_pex", 0]]),
      uploadOnly: false,
    });
  });

  it.each([
    { extensions: { a: -1 } },
    { extensions: { a: 256 } },
    { extensions: { a: 0.5 } },
    { extensions: {}, port: 0 },
    { extensions: {}, port: 65_536 },
    { extensions: {}, requestQueueDepth: 0 },
    { extensions: {}, metadataLength: -1 },
    { extensions: {}, yourIp: "example.org" },
    { extensions: {}, ipv4: "::1" },
    { extensions: {}, ipv6: "1.2.3.4" },
  ])("cannot be made of %o", (model) => {
    expect(() => encodeExtensionHandshake(model)).toThrow(RangeError);
  });
});

describe("what a peer says wrongly", () => {
  it.each([
    ["de", {}],
    ["d1:mi5ee", {}],
    ["d1:pi0ee", {}],
    ["d1:pi65536ee", {}],
    ["d1:p4:6881e", {}],
    ["d4:reqqi-1ee", {}],
    ["d4:reqqi0ee", {}],
    ["d13:metadata_sizei-5ee", {}],
    ["d13:metadata_sizei99999999999999999999ee", {}],
    ["d6:yourip3:abce", {}],
    ["d4:ipv416:abcdefghijklmnope", {}],
    ["d1:vi1ee", {}],
    ["d11:upload_only1:1e", {}],
  ])("counts as absent: %s", (text, rest) => {
    expect(decodeExtensionHandshake(bytesOf(text))).toEqual({ extensions: new Map(), ...rest });
  });

  it("in one extension leaves the others", () => {
    const payload = bytesOf("d1:md1:ai-1e1:bi256e1:c1:x1:di3e9:__proto__i4eee");
    expect([...decodeExtensionHandshake(payload).extensions]).toEqual([
      ["d", 3],
      ["__proto__", 4],
    ]);
  });

  it("in order of keys and behind the end is taken", () => {
    expect(decodeExtensionHandshake(bytesOf("d1:v2:bt1:pi6881eexx"))).toEqual({
      extensions: new Map(),
      port: 6881,
      client: "bt",
    });
  });

  it.each(["", "0", "i1e", "le", "2:ab", "d1:m", "d1:md", "d1:v9:bte", "di1ei2ee"])(
    "altogether is a WireError: %o",
    (text) => {
      expect(faultOf(() => decodeExtensionHandshake(bytesOf(text))).code).toBe("WIRE_BAD_EXTENSION_MESSAGE");
    },
  );

  it("as deep nesting or as a flood of values is a WireError", () => {
    for (const text of [`d1:m${"l".repeat(50_000)}${"e".repeat(50_000)}e`, `d1:ml${"0:".repeat(50_000)}ee`])
      expect(faultOf(() => decodeExtensionHandshake(bytesOf(text))).code).toBe("WIRE_BAD_EXTENSION_MESSAGE");
  });

  it("as many or long names is kept up to the limits", () => {
    const m = new Map(Array.from({ length: 500 }, (_, i) => [`x${String(i).padStart(3, "0")}`, 1]));
    expect(decodeExtensionHandshake(encode({ m })).extensions.size).toBe(100);
    expect(decodeExtensionHandshake(encode({ m }), { maxExtensionCount: 7 }).extensions.size).toBe(7);
    const long = encode({
      m: new Map([
        ["y".repeat(65), 1],
        ["y".repeat(64), 2],
      ]),
    });
    expect([...decodeExtensionHandshake(long).extensions.values()]).toEqual([2]);
  });

  it("about its client cannot harm a screen", () => {
    const client = (v: string): string | undefined => decodeExtensionHandshake(encode({ v })).client;
    expect(client("a\u001b[31m\n\u202Eb\u0000\u2028c\u200b")).toBe("a[31mbc");
    expect(client(`  ${"é".repeat(1000)}`)).toBe("é".repeat(64));
    expect(client("😀".repeat(100))).toBe("😀".repeat(64));
  });

  it("in random bytes is a handshake or a WireError", () => {
    const shaped = fc
      .uint8Array({ maxLength: 60, size: "max" })
      .map((bytes) => concatBytes(bytesOf("d1:m"), bytes));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 100, size: "max" }), shaped), (payload) => {
        try {
          decodeExtensionHandshake(payload);
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
