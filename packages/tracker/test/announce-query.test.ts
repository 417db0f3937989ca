import {
  buildAnnounceUrl,
  buildScrapeUrl,
  encodeAnnounceQuery,
  escapeBytes,
  parseTrackerUrl,
  type AnnounceParameters,
} from "@bt/tracker";
import { parseAnnounceRequest, parseScrapeRequest } from "@bt/tracker/server";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const parameters: AnnounceParameters = {
  infoHash: new Uint8Array(20).fill(0xab),
  peerId: new TextEncoder().encode("-BT0000-abcdefghijkl"),
  port: 6881,
  uploaded: 1,
  downloaded: 2,
  left: 3,
};

describe("an announce URL", () => {
  it("holds every parameter, bytes escaped one by one", () => {
    const url = buildAnnounceUrl("http://t.example/announce", {
      ...parameters,
      event: "started",
      numWant: 50,
      key: 0xbeef,
      trackerId: Uint8Array.of(0x20, 0x41, 0xff),
      supportsEncryption: true,
    });
    expect(url).toBe(
      `http://t.example/announce?info_hash=${"%AB".repeat(20)}&peer_id=-BT0000-abcdefghijkl&port=6881` +
        "&uploaded=1&downloaded=2&left=3&event=started&numwant=50&key=0000BEEF&compact=1&no_peer_id=1" +
        "&supportcrypto=1&trackerid=%20A%FF",
    );
  });

  it("keeps the query, the port and the credentials of the tracker's own URL, and drops its fragment", () => {
    const url = buildAnnounceUrl("https://me:p%40ss@T.example:8443/a/announce?passkey=k%2fk#x", parameters);
    expect(url).toMatch(/^https:\/\/me:p%40ss@t\.example:8443\/a\/announce\?passkey=k%2fk&info_hash=/);
  });

  it("is refused when the tracker's own URL holds announce arguments", () => {
    for (const key of ["info_hash", "iNfO_hAsH", "info%5Fhash", "event", "left", "peer_id"]) {
      expect(() => buildAnnounceUrl(`http://t.example/announce?x=1&${key}=1`, parameters)).toThrowError(
        expect.objectContaining({ code: "TRACKER_BAD_URL" }),
      );
    }
  });

  it("is refused for values outside their range, as the caller's mistake", () => {
    const bad: Partial<AnnounceParameters>[] = [
      { infoHash: new Uint8Array(32) },
      { peerId: new Uint8Array(19) },
      { port: 65_536 },
      { left: -1 },
      { uploaded: 0.5 },
      { downloaded: Number.NaN },
      { key: 2 ** 32 },
      { numWant: -1 },
    ];
    for (const change of bad)
      expect(() => encodeAnnounceQuery({ ...parameters, ...change })).toThrow(RangeError);
  });

  it("is read back by the tracker as it was meant, whatever the bytes", () => {
    const twenty = fc.uint8Array({ minLength: 20, maxLength: 20 });
    fc.assert(
      fc.property(
        twenty,
        twenty,
        fc.integer({ min: 1, max: 65_535 }),
        fc.nat(),
        (infoHash, peerId, port, left) => {
          const request = parseAnnounceRequest(
            new TextEncoder().encode(encodeAnnounceQuery({ ...parameters, infoHash, peerId, port, left })),
          );
          expect(request).toMatchObject({
            infoHash,
            peerId,
            port,
            isSeed: left === 0,
            compact: true,
            noPeerId: true,
          });
        },
      ),
    );
  });
});

describe("escaping", () => {
  it("leaves only unreserved characters as they are", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const text = escapeBytes(bytes);
        expect(text).toMatch(/^([A-Za-z0-9\-._~]|%[0-9A-F]{2})*$/);
        const plain = text.replace(/%(..)/g, (_, hex: string) =>
          String.fromCharCode(Number.parseInt(hex, 16)),
        );
        expect(Uint8Array.from(plain, (character) => character.charCodeAt(0))).toEqual(bytes);
      }),
    );
  });
});

describe("a scrape URL", () => {
  const [a, b] = [new Uint8Array(20).fill(0x61), new Uint8Array(20).fill(0x62)];

  it.each([
    ["http://t.example/announce", "http://t.example/scrape?"],
    ["http://t.example/x/announce.php?k=1", "http://t.example/x/scrape.php?k=1&"],
    ["http://t.example/announce/key", "http://t.example/scrape/key?"],
    ["http://announce.example/announce", "http://announce.example/scrape?"],
  ])("of %s begins %s", (announceUrl, start) => {
    expect(buildScrapeUrl(announceUrl, [a, b])).toBe(
      `${start}info_hash=${"a".repeat(20)}&info_hash=${"b".repeat(20)}`,
    );
  });

  it("does not exist where the path does not say announce", () => {
    for (const url of ["http://t.example/", "http://t.example/x?announce", "http://announce.example/a"]) {
      expect(() => buildScrapeUrl(url, [a])).toThrowError(
        expect.objectContaining({ code: "TRACKER_SCRAPE_UNSUPPORTED" }),
      );
    }
    expect(() => buildScrapeUrl("http://t.example/announce", [])).toThrow(RangeError);
  });

  it("is read back by the tracker", () => {
    const query = new TextEncoder().encode(
      buildScrapeUrl("http://t.example/announce", [a, b]).split("?")[1]!,
    );
    expect(parseScrapeRequest(query, 2)).toEqual([a, b]);
    expect(() => parseScrapeRequest(query, 1)).toThrowError(
      expect.objectContaining({ code: "TRACKER_FAILURE" }),
    );
    expect(parseScrapeRequest(new Uint8Array(0), 1)).toEqual([]);
  });
});

describe("a tracker's URL", () => {
  it("is taken apart", () => {
    expect(parseTrackerUrl("HTTP://u:p@[2001:FF00::1]:42/announce?a=b")).toEqual({
      scheme: "http",
      host: "2001:ff00::1",
      port: 42,
      path: "/announce",
      query: "a=b",
      credentials: "u:p",
    });
    expect(parseTrackerUrl("https://example.com")).toMatchObject({ port: 443, path: "/", query: "" });
    expect(parseTrackerUrl("udp://example.com:1337")).toMatchObject({ scheme: "udp", port: 1337 });
  });

  it.each([
    "",
    "announce",
    "ftp://example.com/",
    "http:/example.com/announce",
    "http:///announce",
    "http://:80/announce",
    "http://example.com:0/announce",
    "http://example.com:65536/",
    "http://exa mple.com/announce",
    "http://example.com/announce\r\nX: y",
    "http://example.com\\@evil.example/announce",
    "http://u%ff:p@example.com/",
    `http://example.com/${"a".repeat(2_100)}`,
  ])("is not %j", (text) => {
    expect(parseTrackerUrl(text)).toBeUndefined();
  });

  it("is never a crash", () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: "binary" }),
      fc.string().map((rest) => `http://${rest}`),
    );
    fc.assert(fc.property(text, (url) => void parseTrackerUrl(url)));
  });
});
