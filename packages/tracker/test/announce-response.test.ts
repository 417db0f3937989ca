import { encode } from "@bt/bencode";
import { encodeCompactEndpoints } from "@bt/primitives";
import { decodeAnnounceResponse, decodeScrapeResponse, TrackerError } from "@bt/tracker";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const endpoints = (count: number): Uint8Array =>
  encodeCompactEndpoints(
    Array.from({ length: count }, (_, i) => ({ host: `10.0.${i >> 8}.${i & 255}`, port: 1 + i })),
    4,
  );

function failureOf(body: Uint8Array): TrackerError {
  try {
    decodeAnnounceResponse(body);
  } catch (error) {
    if (error instanceof TrackerError) return error;
  }
  throw new Error("no TrackerError");
}

describe("the answer to an announce", () => {
  it("gives everything that the tracker says", () => {
    const body = encode({
      interval: 900,
      "min interval": 60,
      complete: 5,
      incomplete: 6,
      downloaded: 7,
      "tracker id": "abc",
      "warning message": "old client",
      "external ip": Uint8Array.of(1, 2, 3, 4),
      peers: Uint8Array.of(1, 2, 3, 4, 0x1a, 0xe1),
      peers6: Uint8Array.of(...new Uint8Array(15), 1, 0, 80),
    });
    expect(decodeAnnounceResponse(body)).toEqual({
      intervalMs: 900_000,
      minIntervalMs: 60_000,
      seederCount: 5,
      leecherCount: 6,
      completedCount: 7,
      trackerId: text("abc"),
      warning: "old client",
      externalAddress: "1.2.3.4",
      peers: [
        { host: "1.2.3.4", port: 6881 },
        { host: "::1", port: 80 },
      ],
    });
  });

  it("has half an hour and no peers where the tracker says nothing", () => {
    expect(decodeAnnounceResponse(text("de"))).toEqual({ intervalMs: 1_800_000, peers: [] });
  });

  it("takes the old form with dictionaries, keeps names apart and leaves out what is no peer", () => {
    const body = encode({
      peers: [
        { ip: "1.2.3.4", port: 5, "peer id": "aaaaaaaaaaaaaaaaaaaa" },
        { ip: "2001:0DB8::1", port: 6 },
        { ip: "peer.example", port: 7 },
        { ip: "1.2.3.4", port: 0 },
        { ip: "1.2.3.4", port: 65_536 },
        { ip: "1.2.3.444", port: 1 },
        { ip: "a b", port: 1 },
        { ip: "", port: 1 },
        { port: 1 },
        { ip: 7, port: 1 },
        5,
        [],
      ],
    });
    const { peers, namedPeers } = decodeAnnounceResponse(body);
    expect(peers).toEqual([
      { host: "1.2.3.4", port: 5, peerId: text("aaaaaaaaaaaaaaaaaaaa") },
      { host: "2001:db8::1", port: 6 },
    ]);
    expect(namedPeers).toEqual([{ host: "peer.example", port: 7 }]);
  });

  it("keeps intervals between nothing and a day and takes no nonsense for one", () => {
    const intervalOf = (interval: number | bigint | string): number =>
      decodeAnnounceResponse(encode({ interval })).intervalMs;
    expect(intervalOf(0)).toBe(0);
    expect(intervalOf(2 ** 31)).toBe(86_400_000);
    expect(intervalOf(10n ** 30n)).toBe(86_400_000);
    expect(intervalOf(-5)).toBe(1_800_000);
    expect(intervalOf("soon")).toBe(1_800_000);
  });

  it("gives no more peers than asked, of each list", () => {
    expect(decodeAnnounceResponse(encode({ peers: endpoints(1_000) })).peers).toHaveLength(200);
    const list = Array.from({ length: 50 }, (_, i) => ({ ip: "1.1.1.1", port: i + 1 }));
    expect(decodeAnnounceResponse(encode({ peers: list }), { maxPeerCount: 3 }).peers).toHaveLength(3);
  });

  it("takes unsorted keys and a line end behind the answer", () => {
    expect(decodeAnnounceResponse(text("d5:peers0:8:intervali7ee\n")).intervalMs).toBe(7_000);
  });
});

describe("a refusal", () => {
  it("carries the tracker's words", () => {
    const error = failureOf(encode({ "failure reason": "not registered" }));
    expect(error).toMatchObject({
      code: "TRACKER_FAILURE",
      failureReason: "not registered",
      retryInMs: undefined,
    });
  });

  it.each([
    [{ "retry in": 5 }, 300_000],
    [{ "retry in": "5" }, 300_000],
    [{ "retry in": "never" }, Infinity],
    [{ "retry in": 10 ** 9 }, 86_400_000],
    [{ "retry in": 0 }, undefined],
    [{ "retry in": "later" }, undefined],
    [{ interval: 60 }, 60_000],
    [{ interval: 60, "retry in": 2 }, 120_000],
  ])("says when to come again: %j", (fields, retryInMs) => {
    expect(failureOf(encode({ "failure reason": "busy", ...fields })).retryInMs).toBe(retryInMs);
  });

  it("keeps no more than 1,024 characters of them", () => {
    expect(failureOf(encode({ "failure reason": "x".repeat(5_000) })).failureReason).toHaveLength(1_024);
  });
});

describe("what is no answer", () => {
  it.each([
    ["", "nothing"],
    ["<!doctype html><html>", "an HTML page"],
    [" \r\n<html>", "an HTML page"],
    ["hello", "not bencode"],
    ["d8:intervali", "not bencode"],
    ["le", "no dictionary"],
    ["i5e", "no dictionary"],
  ])("%j is reported as %s", (body, what) => {
    expect(failureOf(text(body))).toMatchObject({
      code: "TRACKER_BAD_RESPONSE",
      message: expect.stringContaining(what),
    });
  });

  it("never throws anything but a TrackerError, whatever the bytes", () => {
    const tame = fc.uint8Array({ maxLength: 300 });
    const wild = fc
      .array(
        fc.constantFrom(
          "d",
          "l",
          "e",
          "i1e",
          "5:peers",
          "6:peers6",
          "8:interval",
          "0:",
          "2:ip",
          "4:port",
          "i-1e",
        ),
      )
      .map((parts) => text(parts.join("")));
    fc.assert(
      fc.property(fc.oneof(tame, wild), (body) => {
        for (const decode of [decodeAnnounceResponse, decodeScrapeResponse]) {
          try {
            decode(body);
          } catch (error) {
            expect(error).toBeInstanceOf(TrackerError);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it("is refused quickly when it nests without end", () => {
    expect(failureOf(text("l".repeat(100_000)))).toMatchObject({ code: "TRACKER_BAD_RESPONSE" });
    expect(failureOf(text("d1:a".repeat(100_000)))).toMatchObject({ code: "TRACKER_BAD_RESPONSE" });
  });
});

describe("the answer to a scrape", () => {
  const hash = (letter: string): Uint8Array => text(letter.repeat(20));

  it("gives the counts of each swarm that was asked for", () => {
    const row = { complete: 1, incomplete: 2, downloaded: 3, downloaders: 1 };
    const body = encode({ files: new Map([hash("a"), hash("b")].map((key) => [key, row])) });
    const expected = { seederCount: 1, leecherCount: 2, completedCount: 3, downloaderCount: 1 };
    expect([...decodeScrapeResponse(body).swarms.values()]).toEqual([expected, expected]);
    expect([...decodeScrapeResponse(body, [hash("b")]).swarms]).toEqual([["62".repeat(20), expected]]);
  });

  it("passes over keys that are no hashes and rows that are no rows", () => {
    const body = encode({
      files: { short: { complete: 1 }, ["c".repeat(20)]: 5, ["d".repeat(20)]: { complete: -1 } },
    });
    expect([...decodeScrapeResponse(body).swarms]).toEqual([
      ["64".repeat(20), { seederCount: 0, leecherCount: 0, completedCount: 0 }],
    ]);
  });

  it("mends hashes that bittorrent-tracker 11 writes as UTF-8", () => {
    const hash = Uint8Array.from({ length: 20 }, (_, i) => i * 13);
    const key = text(String.fromCharCode(...hash));
    expect(key.length).toBeGreaterThan(20);
    const { swarms } = decodeScrapeResponse(encode({ files: new Map([[key, { complete: 4 }]]) }), [hash]);
    expect([...swarms.values()]).toMatchObject([{ seederCount: 4 }]);
  });

  it("is a refusal or no scrape like any other answer", () => {
    expect(() => decodeScrapeResponse(text("de"))).toThrowError(
      expect.objectContaining({ code: "TRACKER_BAD_RESPONSE" }),
    );
    expect(() => decodeScrapeResponse(text("d14:failure reason2:noe"))).toThrowError(
      expect.objectContaining({ code: "TRACKER_FAILURE" }),
    );
  });
});
