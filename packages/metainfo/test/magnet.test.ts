import { formatHex, parseHex } from "@bt/primitives";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import {
  formatFileSelection,
  MAX_SELECTED_INDEX,
  parseFileSelection,
  parseInfoHash,
  parseMagnet,
  parseTorrent,
  toMagnet,
  type Magnet,
} from "@bt/metainfo";
import { parseIndexRanges } from "../src/file-selection.ts";
import { codeOf, torrentOf } from "./build.ts";

const HEX = "d2474e86c95b19b8bcfdb92bc12c9d44667cfa36";
const HEX_V2 = "d8dd32ac93357c368556af3ac1d95c9d76bd0dff6fa9833ecdac3d53134efabb";
const base = `magnet:?xt=urn:btih:${HEX}`;

describe("parseMagnet", () => {
  it("reads every parameter", () => {
    const uri =
      `magnet:?xt=urn:btih:${HEX.toUpperCase()}&xt=urn:btmh:1220${HEX_V2}&dn=A+b%20%C3%A9&xl=123` +
      "&tr=http%3A%2F%2Fa.example%2Fx%3Fk%3D1%262&tr.1=udp://b.example:80&ws=http://w.example/a+b&as=http://as.example&xs=http://xs.example" +
      "&x.pe=1.2.3.4:5&x.pe=[::1]:6&x.pe=peer.example:7&dht=router.example:6881&so=0,2-4&kt=one+two%20three&x.custom=v%26w&empty";
    expect(parseMagnet(uri)).toEqual({
      infoHash: parseHex(HEX),
      infoHashV2: parseHex(HEX_V2),
      name: "A b é",
      length: 123,
      trackers: [["http://a.example/x?k=1&2"], ["udp://b.example:80"]],
      webSeeds: ["http://w.example/a+b"],
      acceptableSources: ["http://as.example"],
      exactSources: ["http://xs.example"],
      peers: [
        { host: "1.2.3.4", port: 5 },
        { host: "::1", port: 6 },
        { host: "peer.example", port: 7 },
      ],
      nodes: [{ host: "router.example", port: 6881 }],
      select: [0, 2, 3, 4],
      keywords: ["one", "two", "three"],
      others: [
        ["x.custom", "v&w"],
        ["empty", ""],
      ],
    });
  });

  it("takes what people paste: spaces around, capitals, an escaped hash, damaged escapes", () => {
    expect(formatHex(parseMagnet(` \nMAGNET:?XT=URN:BTIH:${HEX}\r\n`).infoHash!)).toBe(HEX);
    expect(formatHex(parseMagnet(`magnet:?xt=urn%3Abtih%3A${HEX.slice(0, 39)}%36`).infoHash!)).toBe(HEX);
    expect(parseMagnet(`${base}&dn=100%&`).name).toBe("100%");
    expect(parseMagnet(`${base}&dn=%ff%e9a%zz`).name).toBe("\ufffd\ufffda%zz");
    expect(parseMagnet(`&&${base.slice(8)}`.replace(/^/, "magnet:?")).infoHash).toBeDefined();
  });

  it("takes an empty authority, and an info-hash alone", () => {
    for (const scheme of ["magnet://?", "magnet:///?", "Magnet:///?"])
      expect(parseMagnet(`${scheme}dn=x&xt=urn:btih:${HEX}`)).toMatchObject({
        infoHash: parseHex(HEX),
        name: "x",
      });
    for (const text of [HEX, ` ${HEX.toUpperCase()}\n`, "2JDU5BWJLMM3RPH5XEV4CLE5IRTHZ6RW"])
      expect(formatHex(parseMagnet(text).infoHash!)).toBe(HEX);
    expect(parseMagnet(HEX_V2)).toMatchObject({ infoHashV2: parseHex(HEX_V2), trackers: [] });
    for (const uri of [`magnet:/?xt=urn:btih:${HEX}`, `magnet://host/?xt=urn:btih:${HEX}`, `${HEX}0`])
      expect(codeOf(() => parseMagnet(uri))).toBe("METAINFO_MAGNET");
  });

  it("keeps one of what is there twice, and so leaves room for what comes after a flood of the same", () => {
    const same = "&tr=udp://a.example:1&ws=http://w.example/&x.pe=1.2.3.4:5&kt=k".repeat(2000);
    const magnet = parseMagnet(`${base}${same}&tr=udp://b.example:1&ws=http://v.example/&x.pe=1.2.3.4:6`);
    expect(magnet).toMatchObject({
      trackers: [["udp://a.example:1"], ["udp://b.example:1"]],
      webSeeds: ["http://w.example/", "http://v.example/"],
      peers: [
        { host: "1.2.3.4", port: 5 },
        { host: "1.2.3.4", port: 6 },
      ],
      keywords: ["k"],
    });
  });

  it("keeps the topics of other networks and of multihashes to come", () => {
    const magnet = parseMagnet(`${base}&xt=urn:ed2k:31D6CFE0D16AE931B73C59D7E0C089C0&xt=urn:btmh:1340abcd`);
    expect(magnet.others).toEqual([
      ["xt", "urn:ed2k:31D6CFE0D16AE931B73C59D7E0C089C0"],
      ["xt", "urn:btmh:1340abcd"],
    ]);
  });

  it("leaves out peers, trackers and seeds that can be none", () => {
    const magnet = parseMagnet(
      `${base}&tr=ftp://x&tr=javascript:alert(1)&ws=file:///etc/passwd&x.pe=1.2.3.4&x.pe=1.2.3.4:0&x.pe=1.2.3.4:65536&x.pe=a b:1&xl=-1&xl=1e9`,
    );
    expect(magnet).toMatchObject({ trackers: [], webSeeds: [], peers: [] });
    expect(magnet.length).toBeUndefined();
  });

  it("takes the last of two info-hashes or names, as other clients do", () => {
    const magnet = parseMagnet(
      `magnet:?xt=urn:btih:${"ab".repeat(20)}&xt=urn:btih:${HEX}&dn=a&dn=b&xl=1&xl=2`,
    );
    expect(formatHex(magnet.infoHash!)).toBe(HEX);
    expect(magnet).toMatchObject({ name: "b", length: 2 });
  });

  it("takes no number for a host's name that resolvers would read as an address", () => {
    for (const host of [
      "1.2.3",
      "256.1.1.1",
      "0x7f.1",
      "017700000001",
      "1.2.3.4.",
      "[1.2.3.4]",
      "a.1",
      "x.0x",
      "[]",
      "01.2.3.4",
      "[:::]",
      "[1::2::3]",
      "[12345::]",
      `[${":".repeat(1_000_000)}]`,
    ])
      expect(parseMagnet(`${base}&x.pe=${host}:5&dht=${host}:5`)).toMatchObject({ peers: [], nodes: [] });
    for (const host of ["1.2.3.4", "255.0.0.255", "1a.example", "a-1"])
      expect(parseMagnet(`${base}&x.pe=${host}:5`).peers, host).toEqual([{ host, port: 5 }]);
  });

  it("refuses what is no magnet link or names no torrent", () => {
    for (const uri of [
      "",
      "http://example.com",
      "magnet:",
      "magnet:?",
      "magnet:?dn=x",
      "magnet:?xt=urn:sha1:YNCKHTQCWBTRNJIV4WNAE52SJUQCZO5C",
      "magnet:?xt=urn:btih:",
      `magnet:?xt=urn:btih:${HEX.slice(1)}`,
      `magnet:?xt=urn:btih:${HEX}0`,
      `magnet:?xt=urn:btih:${HEX_V2}`,
      `magnet:?xt=urn:btih:${"1".repeat(32)}`,
      `magnet:?xt=urn:btmh:1220${HEX}`,
      `magnet:?xt=urn:btmh:1114${HEX}`,
    ])
      expect(
        codeOf(() => parseMagnet(uri)),
        uri,
      ).toBe("METAINFO_MAGNET");
    expect(codeOf(() => parseMagnet(base, { maxLength: 10 }))).toBe("METAINFO_MAGNET");
  });

  it("reads a hundred thousand parameters, and keeps a bounded number of addresses", () => {
    const many = (parameter: string): string =>
      base + Array.from({ length: 100_000 }, (_, i) => parameter + i).join("");
    expect(parseMagnet(many("&tr=http://t.example/")).trackers).toHaveLength(1000);
    expect(parseMagnet(many("&tr=http://t.example/"), { maxUrlCount: 3 }).trackers).toHaveLength(3);
    expect(parseMagnet(many("&x.pe=1.2.3.4:1")).peers).toHaveLength(1000);
    expect(parseMagnet(many("&kt=")).keywords).toHaveLength(1000);
    expect(parseMagnet(many("&so=0-")).select).toHaveLength(100_000);
    expect(parseMagnet(many("&other=")).others).toHaveLength(100_000);
  });

  it("throws nothing but MetainfoError, for any text", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }),
        fc.constantFrom("", "magnet:?", `${base}&`),
        (text, prefix) => {
          try {
            parseMagnet(prefix + text);
          } catch (error) {
            expect(error).toHaveProperty("code", "METAINFO_MAGNET");
          }
        },
      ),
    );
  });
});

describe("toMagnet", () => {
  it("writes what parseMagnet reads, for any model", () => {
    const text = fc.string({ minLength: 1 });
    const host = fc.constantFrom("1.2.3.4", "::1", "host.example", "a&b=%c+d", "bücher.example");
    const address = fc.record({ host, port: fc.integer({ min: 1, max: 65_535 }) });
    const addresses = fc.uniqueArray(address, { selector: ({ host, port }) => `${host} ${port}` });
    const url = text.map((path) => `http://a.example/${path.trim()}`);
    const anyMagnet: fc.Arbitrary<Magnet> = fc.record(
      {
        infoHash: fc.uint8Array({ minLength: 20, maxLength: 20 }),
        infoHashV2: fc.uint8Array({ minLength: 32, maxLength: 32 }),
        name: text,
        length: fc.nat(),
        trackers: fc.uniqueArray(url).map((urls) => urls.map((one) => [one])),
        webSeeds: fc.uniqueArray(url),
        acceptableSources: fc.uniqueArray(text),
        exactSources: fc.uniqueArray(text),
        peers: addresses,
        nodes: addresses,
        select: fc.uniqueArray(fc.nat(50)).map((indices) => indices.sort((a, b) => a - b)),
        keywords: fc.uniqueArray(fc.stringMatching(/^[^ ]+$/)),
        others: fc.array(fc.tuple(fc.stringMatching(/^q[a-z]+$/), fc.string())),
      },
      {
        requiredKeys: [
          "infoHashV2",
          "trackers",
          "webSeeds",
          "acceptableSources",
          "exactSources",
          "peers",
          "nodes",
          "keywords",
          "others",
        ],
      },
    );
    fc.assert(fc.property(anyMagnet, (magnet) => void expect(parseMagnet(toMagnet(magnet))).toEqual(magnet)));
  });

  it("takes a parsed torrent", () => {
    const torrent = parseTorrent(
      torrentOf({ name: "a & b" }, { announce: "http://a.example/x", "url-list": "http://w.example/" }),
    );
    expect(toMagnet(torrent)).toBe(
      `magnet:?xt=urn:btih:${formatHex(torrent.infoHash!)}&dn=a%20%26%20b&tr=http%3A%2F%2Fa.example%2Fx&ws=http%3A%2F%2Fw.example%2F`,
    );
  });

  it("takes parts that are undefined for absent ones", () => {
    const { infoHash, infoHashV2 } = parseTorrent(torrentOf());
    expect(toMagnet({ infoHash, infoHashV2, name: undefined, trackers: undefined })).toBe(
      `magnet:?xt=urn:btih:${formatHex(infoHash!)}`,
    );
  });

  it("needs an info-hash, and writes lone surrogates as U+FFFD", () => {
    expect(() => toMagnet({ name: "x" })).toThrow(TypeError);
    expect(toMagnet({ infoHash: parseHex(HEX)!, name: "\ud800" })).toBe(`${base}&dn=%EF%BF%BD`);
  });
});

describe("a selection of a million files in twenty characters", () => {
  it("is one range, however often it is said", () => {
    const text = "0-1048575,5-7,1048575,".repeat(10_000);
    expect(parseIndexRanges([text, text])).toEqual([[0, MAX_SELECTED_INDEX]]);
    expect(parseIndexRanges(["4-9,2-5,7,9-12,0"])).toEqual([
      [0, 0],
      [2, 5],
      [6, 9],
      [10, 12],
    ]);
  });

  it("is read with one place for each, and written without sorting what rises", () => {
    const indices = parseFileSelection([`0-${MAX_SELECTED_INDEX},3-5,9`]);
    expect(indices).toHaveLength(MAX_SELECTED_INDEX + 1);
    const sort = vi.spyOn(Array.prototype, "sort");
    try {
      expect(formatFileSelection(indices)).toBe(`0-${MAX_SELECTED_INDEX}`);
      expect(sort).not.toHaveBeenCalled();
      expect(formatFileSelection([5, 4])).toBe("4-5");
      expect(sort).toHaveBeenCalledOnce();
    } finally {
      sort.mockRestore();
    }
  });
});

describe("parseFileSelection", () => {
  it("joins indices and ranges and drops malformed parts", () => {
    expect(parseFileSelection(["4-6,5,0", "7", "5-8"])).toEqual([0, 4, 5, 6, 7, 8]);
    expect(
      parseFileSelection(["", "-", "1-", "-1", "3-2", "x", "1.5", " 1", "1-2-3", "999999999999"]),
    ).toEqual([]);
    expect(parseFileSelection(["0-99999999", "100000000", "10"])).toEqual([10]);
    expect(formatFileSelection([3, 1, 2, 2, 7])).toBe("1-3,7");
    expect(formatFileSelection([])).toBe("");
  });
});

describe("parseInfoHash", () => {
  it("reads hex of both versions and base32, and nothing else", () => {
    expect(formatHex(parseInfoHash(HEX.toUpperCase())!)).toBe(HEX);
    expect(formatHex(parseInfoHash(HEX_V2)!)).toBe(HEX_V2);
    expect(formatHex(parseInfoHash("ZOCMZQIPFFW7OLLMIC5HUB6BPCSDEOQU")!)).toBe(
      "cb84ccc10f296df72d6c40ba7a07c178a4323a14",
    );
    expect(parseInfoHash("zocmzqipffw7ollmic5hub6bpcsdeoqu")).toEqual(
      parseInfoHash("ZOCMZQIPFFW7OLLMIC5HUB6BPCSDEOQU"),
    );
    for (const text of ["", "z".repeat(40), "1".repeat(32), "a".repeat(33), `${HEX} `])
      expect(parseInfoHash(text)).toBeUndefined();
  });
});
