import { clientNameOf, createPeerId, PEER_ID_LENGTH } from "@bt/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const textOf = (bytes: Uint8Array): string => String.fromCharCode(...bytes);
const idOf = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

describe("a new peer id", () => {
  it("is the client's prefix and letters that need no escape in a URL", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 12, maxLength: 20 }), (random) => {
        const id = createPeerId("-bt0100-", random);
        expect(id).toHaveLength(PEER_ID_LENGTH);
        expect(textOf(id)).toMatch(/^-bt0100-[A-Za-z0-9_-]{12}$/);
      }),
    );
  });

  it("differs in every letter when the random bytes do", () => {
    const a = createPeerId(
      "-bt0100-",
      Uint8Array.from({ length: 12 }, (_, i) => i),
    );
    const b = createPeerId(
      "-bt0100-",
      Uint8Array.from({ length: 12 }, (_, i) => i + 1),
    );
    expect(textOf(a)).toBe("-bt0100-ABCDEFGHIJKL");
    expect(textOf(b)).toBe("-bt0100-BCDEFGHIJKLM");
  });

  it("needs a short printable prefix and enough randomness", () => {
    expect(() => createPeerId("-bt0100-", new Uint8Array(11))).toThrow(RangeError);
    expect(() => createPeerId("-bt0100-12345", new Uint8Array(20))).toThrow(RangeError);
    expect(textOf(createPeerId("-bt0100-1234", new Uint8Array(8)))).toBe("-bt0100-1234AAAAAAAA");
    expect(() => createPeerId("-bt 100-", new Uint8Array(20))).toThrow(RangeError);
    expect(() => createPeerId("-µT0100-", new Uint8Array(20))).toThrow(RangeError);
  });
});

describe("the client's name", () => {
  it.each([
    ["-qB4650-abcdefghijkl", "qBittorrent 4.6.5"],
    ["-qB4651-abcdefghijkl", "qBittorrent 4.6.5.1"],
    ["-lt0D60-abcdefghijkl", "libTorrent 0.13.6"],
    ["-LT2080-abcdefghijkl", "libtorrent 2.0.8"],
    ["-DE211s-abcdefghijkl", "Deluge 2.1.1"],
    ["-AZ2060-abcdefghijkl", "Azureus 2.0.6.0"],
    ["-TR1330-abcdefghijkl", "Transmission 1.33"],
    ["-TR4010-abcdefghijkl", "Transmission 4.0.1"],
    ["-KT4310-abcdefghijkl", "KTorrent 4.3.1"],
    ["-KT32R2-abcdefghijkl", "KTorrent 3.2 RC 2"],
    ["-UT355S-abcdefghijkl", "µTorrent 3.5.5"],
    ["-FG0180abcdefghijklm", "FlashGet 0.1.8"],
    ["-ZZ1234-abcdefghijkl", "ZZ 1.2.3.4"],
    ["-ZZ1234abcdefghijklm", "unknown"],
    ["M4-3-6--abcdefghijkl", "Mainline 4.3.6"],
    ["M4-20-8-1-2-34567890", "Mainline 4.20.8"],
    ["A2-1-37-0-abcdefghij", "aria2 1.37.0"],
    ["S58B-----abcdefghijk", "Shadow 5.8.11"],
    ["T03I-----abcdefghijk", "BitTornado 0.3.18"],
    ["XBT054d-abcdefghijkl", "XBT Client 0.5.4 (Debug)"],
    ["XBT054--abcdefghijkl", "XBT Client 0.5.4"],
    ["-ML2.7.2-kgjjfkdabcd", "MLDonkey 2.7.2"],
    ["OP7685abcdef01234567", "Opera (Build 7685)"],
    ["abcdefghijklmnopqrst", "unknown"],
    ["", "unknown"],
  ])("of %s is %s", (id, name) => {
    expect(clientNameOf(idOf(id))).toBe(name);
  });

  it("holds nothing that could harm a terminal or a page, whatever the peer id", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 0, maxLength: 20 }),
      fc
        .tuple(
          fc.constantFrom("-TR", "-ML", "-UT", "M", "A2-", "S", "XBT", "OP", "-"),
          fc.uint8Array({ maxLength: 17 }),
        )
        .map(([prefix, rest]) => Uint8Array.of(...idOf(prefix), ...rest)),
    );
    fc.assert(
      fc.property(bytes, (id) => {
        expect(clientNameOf(id)).toMatch(/^[A-Za-z0-9µ][A-Za-z0-9 .~()-]{0,40}$/);
      }),
      { numRuns: 3000 },
    );
  });
});
