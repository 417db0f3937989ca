import {
  decodeUdpRequest,
  decodeUdpResponse,
  encodeUdpAnnounceRequest,
  encodeUdpAnnounceResponse,
  encodeUdpConnectRequest,
  encodeUdpConnectResponse,
  encodeUdpErrorResponse,
  encodeUdpScrapeRequest,
  encodeUdpScrapeResponse,
  TrackerError,
  udpTransactionIdOf,
  type AnnounceParameters,
} from "@bt/tracker";
import { encodeCompactEndpoints, formatHex } from "@bt/primitives";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { announceOf } from "./support/announce-parameters.ts";

const ID = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const bytesOf = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });
const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const parameters: fc.Arbitrary<AnnounceParameters> = fc.record({
  infoHash: bytesOf(20),
  peerId: bytesOf(20),
  port: fc.integer({ min: 0, max: 65_535 }),
  uploaded: fc.maxSafeNat(),
  downloaded: fc.maxSafeNat(),
  left: fc.maxSafeNat(),
  event: fc.constantFrom("started", "completed", "stopped", "paused", undefined),
  numWant: fc.option(fc.integer({ min: 0, max: 0x7fff_ffff }), { nil: undefined }),
  key: uint32,
});
/** As datagrams come: somewhere within a larger buffer. */
function asView(packet: Uint8Array): Uint8Array {
  const larger = new Uint8Array(packet.length + 13).fill(0xee);
  larger.set(packet, 7);
  return larger.subarray(7, 7 + packet.length);
}

describe("requests over UDP", () => {
  it("lays out a connect as BEP 15 does", () => {
    expect(formatHex(encodeUdpConnectRequest(0x1a2b3c4d))).toBe("0000041727101980000000001a2b3c4d");
  });

  it("gives back every announce that was encoded, with the path and query of the URL in any length", () => {
    const urlData = fc.string({ unit: "binary-ascii", maxLength: 1_000 });
    fc.assert(
      fc.property(bytesOf(8), uint32, parameters, urlData, (connectionId, transactionId, announce, text) => {
        const packet = encodeUdpAnnounceRequest(connectionId, transactionId, announce, text);
        expect(decodeUdpRequest(asView(packet))).toEqual({
          action: "announce",
          transactionId,
          connectionId,
          claimedIPv4: 0,
          urlData: text === "" ? undefined : text,
          ...announce,
        });
      }),
    );
  });

  it("gives back every connect and scrape that was encoded", () => {
    fc.assert(
      fc.property(
        bytesOf(8),
        uint32,
        fc.array(bytesOf(20), { minLength: 1, maxLength: 74 }),
        (connectionId, transactionId, infoHashes) => {
          const connect = decodeUdpRequest(asView(encodeUdpConnectRequest(transactionId)));
          expect(connect).toEqual({ action: "connect", transactionId });
          const packet = encodeUdpScrapeRequest(connectionId, transactionId, infoHashes);
          const scrape = decodeUdpRequest(asView(packet));
          expect(scrape).toEqual({ action: "scrape", transactionId, connectionId, infoHashes });
        },
      ),
    );
  });

  it("reads the options of BEP 41's examples", () => {
    const announce = encodeUdpAnnounceRequest(ID, 7, announceOf(1));
    const urlDataOf = (...options: number[]): string | undefined => {
      const request = decodeUdpRequest(Uint8Array.of(...announce, ...options));
      return request?.action === "announce" ? request.urlData : "no announce";
    };
    const text = [..."/dir?a=b&c=d"].map((character) => character.charCodeAt(0));
    expect(urlDataOf(2, 0xc, ...text)).toBe("/dir?a=b&c=d");
    expect(urlDataOf(2, 0xc, ...text, 1, 1, 0)).toBe("/dir?a=b&c=d");
    expect(urlDataOf(2, 0)).toBe("");
    expect(urlDataOf()).toBeUndefined();
    // parts are joined, unknown options skipped, nothing is read behind the end
    expect(urlDataOf(2, 1, 0x2f, 9, 2, 2, 2, 1, 2, 1, 0x61, 0, 2, 1, 0x62)).toBe("/a");
    // an option that is cut short ends the options
    expect(urlDataOf(2, 1, 0x2f, 2, 5, 0x61)).toBe("/");
    expect(urlDataOf(2)).toBeUndefined();
  });

  it("refuses to encode what has no place in a packet", () => {
    const refused = (change: Partial<AnnounceParameters>): void =>
      expect(() => encodeUdpAnnounceRequest(ID, 0, announceOf(1, change))).toThrow(RangeError);
    refused({ infoHash: new Uint8Array(32) });
    refused({ peerId: new Uint8Array(19) });
    refused({ port: 65_536 });
    refused({ left: -1 });
    refused({ downloaded: 2 ** 53 });
    refused({ numWant: 2 ** 31 });
    refused({ key: 2 ** 32 });
    expect(() => encodeUdpAnnounceRequest(ID, 0, announceOf(1), "/é")).toThrow(RangeError);
    expect(() => encodeUdpAnnounceRequest(ID.subarray(1), 0, announceOf(1))).toThrow(RangeError);
    expect(() => encodeUdpConnectRequest(2 ** 32)).toThrow(RangeError);
    expect(() => encodeUdpScrapeRequest(ID, 0, [])).toThrow(RangeError);
    expect(() => encodeUdpScrapeRequest(ID, 0, Array(75).fill(new Uint8Array(20)))).toThrow(RangeError);
  });

  it("takes nothing that is no request, without an error", () => {
    const announce = encodeUdpAnnounceRequest(ID, 7, announceOf(1));
    for (let length = 0; length < announce.length; length++) {
      expect(decodeUdpRequest(announce.subarray(0, length))).toBeUndefined();
    }
    const connect = encodeUdpConnectRequest(7);
    for (let length = 0; length < connect.length; length++) {
      expect(decodeUdpRequest(connect.subarray(0, length))).toBeUndefined();
    }
    connect[3]! ^= 1;
    expect(decodeUdpRequest(connect)).toBeUndefined();
    announce[11] = 9;
    expect(decodeUdpRequest(announce)).toBeUndefined();
  });

  it("reads any bytes without throwing, and never more than 74 hashes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 0, max: 4 }), (bytes, action) => {
        if (bytes.length >= 12) bytes.set([0, 0, 0, action], 8);
        decodeUdpRequest(bytes);
      }),
    );
    const scrape = new Uint8Array(65_507);
    scrape[11] = 2;
    expect(decodeUdpRequest(scrape)).toMatchObject({ infoHashes: { length: 74 } });
  });

  it("reads counts above 2⁵³ and numbers of no event without falling over them", () => {
    const announce = encodeUdpAnnounceRequest(ID, 7, announceOf(1));
    announce.fill(0xff, 56, 84);
    expect(decodeUdpRequest(announce)).toMatchObject({
      downloaded: Number.MAX_SAFE_INTEGER,
      left: Number.MAX_SAFE_INTEGER,
      uploaded: Number.MAX_SAFE_INTEGER,
      event: undefined,
    });
  });
});

describe("answers over UDP", () => {
  it("gives back every announce answer, with addresses of the family it came over", () => {
    const count = uint32;
    const port = fc.integer({ min: 1, max: 65_535 });
    const v4 = fc.record({ host: fc.ipV4(), port });
    const v6 = fc.record({ host: fc.constantFrom("2001:db8::1", "::1", "fe80::2:3"), port });
    fc.assert(
      fc.property(uint32, count, count, fc.array(v4), fc.array(v6), (transactionId, a, b, four, six) => {
        for (const [family, peers] of [[4, four] as const, [6, six] as const]) {
          const packet = encodeUdpAnnounceResponse(transactionId, {
            intervalSeconds: 1_800,
            leecherCount: a,
            seederCount: b,
            compactPeers: encodeCompactEndpoints(peers, family),
          });
          expect(decodeUdpResponse(asView(packet), family)).toEqual({
            action: "announce",
            transactionId,
            answer: { intervalMs: 1_800_000, leecherCount: a, seederCount: b, peers },
          });
        }
      }),
    );
  });

  it("gives back connects, scrapes and errors", () => {
    const row = { seederCount: 1, completedCount: 3, leecherCount: 0xffff_ffff };
    expect(decodeUdpResponse(asView(encodeUdpConnectResponse(9, ID)), 4)).toEqual({
      action: "connect",
      transactionId: 9,
      connectionId: ID,
    });
    expect(decodeUdpResponse(asView(encodeUdpScrapeResponse(9, [row, row])), 4)).toEqual({
      action: "scrape",
      transactionId: 9,
      rows: [row, row],
    });
    const response = decodeUdpResponse(asView(encodeUdpErrorResponse(9, "größer\0")), 4);
    expect(response).toMatchObject({ action: "error", transactionId: 9 });
    expect(response).toMatchObject({ error: { code: "TRACKER_FAILURE", failureReason: "größer" } });
    expect(decodeUdpResponse(encodeUdpErrorResponse(9, ""), 4)).toMatchObject({
      error: { failureReason: "no reason given" },
    });
    expect(udpTransactionIdOf(encodeUdpErrorResponse(0xfedc_ba98, ""))).toBe(0xfedc_ba98);
    expect(udpTransactionIdOf(new Uint8Array(7))).toBeUndefined();
  });

  it("cuts counts that do not fit 32 bits, and refuses negative ones", () => {
    const row = { seederCount: 2 ** 40, completedCount: 0, leecherCount: 0 };
    expect(decodeUdpResponse(encodeUdpScrapeResponse(1, [row]), 4)).toMatchObject({
      rows: [{ seederCount: 0xffff_ffff }],
    });
    expect(() => encodeUdpScrapeResponse(1, [{ ...row, seederCount: -1 }])).toThrow(RangeError);
  });

  it("bounds intervals, peers and the text of an error", () => {
    const announce = (interval: number, peerCount: number): Uint8Array => {
      const packet = new Uint8Array(20 + 6 * peerCount + 5).fill(7);
      new DataView(packet.buffer).setInt32(0, 1);
      new DataView(packet.buffer).setInt32(8, interval);
      return packet;
    };
    const answerTo = (packet: Uint8Array): unknown => decodeUdpResponse(packet, 4, { maxPeerCount: 50 });
    expect(answerTo(announce(-1, 0))).toMatchObject({ answer: { intervalMs: 1_800_000, peers: [] } });
    expect(answerTo(announce(0x7fff_ffff, 9))).toMatchObject({ answer: { intervalMs: 86_400_000 } });
    expect(answerTo(announce(0, 5_000))).toMatchObject({ answer: { peers: { length: 50 } } });
    const error = encodeUdpErrorResponse(1, "x".repeat(60_000));
    expect(decodeUdpResponse(error, 4)).toMatchObject({ error: { failureReason: "x".repeat(1_024) } });
  });

  it("says what an empty answer means", () => {
    const packet = encodeUdpScrapeResponse(1, []);
    packet[3] = 1;
    expect(() => decodeUdpResponse(packet, 4)).toThrow("it may not serve this torrent");
  });

  it("answers any bytes with a response or TRACKER_BAD_RESPONSE", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 120 }),
        fc.integer({ min: 0, max: 5 }),
        fc.constantFrom(4 as const, 6 as const),
        (bytes, action, family) => {
          if (bytes.length >= 4) bytes.set([0, 0, 0, action]);
          try {
            decodeUdpResponse(bytes, family);
          } catch (error) {
            expect(error).toBeInstanceOf(TrackerError);
            expect((error as TrackerError).code).toBe("TRACKER_BAD_RESPONSE");
          }
        },
      ),
    );
  });
});
