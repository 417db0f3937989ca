import {
  decodeUdpRequest,
  encodeUdpAnnounceResponse,
  encodeUdpConnectResponse,
  encodeUdpErrorResponse,
  encodeUdpScrapeResponse,
  UdpExchanges,
  type UdpExchangeOptions,
  type UdpQuestion,
  type UdpRequest,
  type UdpStep,
} from "@bt/tracker";
import { encodeCompactEndpoints, type Endpoint } from "@bt/primitives";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { announceOf } from "./support/announce-parameters.ts";

const TRACKER: Endpoint = { host: "192.0.2.1", port: 6969 };
const OTHER: Endpoint = { host: "192.0.2.2", port: 6969 };
const ID = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const ANNOUNCE: UdpQuestion = { action: "announce", parameters: announceOf(1), urlData: "" };
const PEER: Endpoint = { host: "198.51.100.7", port: 4 };

function setUp(options: UdpExchangeOptions = {}): UdpExchanges {
  let last = 100;
  return new UdpExchanges(() => last++, options);
}

function drain(exchanges: UdpExchanges, now: number): UdpStep[] {
  const steps: UdpStep[] = [];
  for (let step = exchanges.poll(now); step !== undefined; step = exchanges.poll(now)) steps.push(step);
  return steps;
}

/** The requests that are sent now. */
function sent(exchanges: UdpExchanges, now: number): UdpRequest[] {
  return drain(exchanges, now).flatMap((step) =>
    step.type === "send" ? [decodeUdpRequest(step.packet)!] : [],
  );
}

function only(exchanges: UdpExchanges, now: number): UdpRequest {
  const requests = sent(exchanges, now);
  expect(requests).toHaveLength(1);
  return requests[0]!;
}

const announceAnswer = (transactionId: number, peers = [PEER], family: 4 | 6 = 4): Uint8Array =>
  encodeUdpAnnounceResponse(transactionId, {
    intervalSeconds: 1_800,
    leecherCount: 1,
    seederCount: 2,
    compactPeers: encodeCompactEndpoints(peers, family),
  });

/** Asks and gets a connection id at `now`; the announce is what is under way then. */
function connected(exchanges: UdpExchanges, now: number): { exchangeId: number; request: UdpRequest } {
  const exchangeId = exchanges.ask(ANNOUNCE, TRACKER, 30_000, now);
  const connect = only(exchanges, now);
  expect(connect.action).toBe("connect");
  exchanges.receive(TRACKER, encodeUdpConnectResponse(connect.transactionId, ID), now);
  return { exchangeId, request: only(exchanges, now) };
}

describe("an exchange with a UDP tracker", () => {
  it("asks for a connection id, then announces with it", () => {
    const exchanges = setUp();
    const { exchangeId, request } = connected(exchanges, 0);
    expect(request).toMatchObject({ action: "announce", connectionId: ID, port: announceOf(1).port });
    exchanges.receive(TRACKER, announceAnswer(request.transactionId), 50);
    expect(drain(exchanges, 50)).toEqual([
      {
        type: "answered",
        exchangeId,
        answer: expect.objectContaining({
          answer: { intervalMs: 1_800_000, leecherCount: 1, seederCount: 2, peers: [PEER] },
        }) as unknown,
      },
    ]);
    expect(exchanges.size).toBe(0);
    expect(exchanges.nextWakeAt()).toBe(Infinity);
  });

  it("uses a connection id for a minute and not longer", () => {
    const exchanges = setUp();
    const { request } = connected(exchanges, 0);
    exchanges.receive(TRACKER, announceAnswer(request.transactionId), 0);
    drain(exchanges, 0);
    exchanges.ask(ANNOUNCE, TRACKER, 30_000, 59_999);
    expect(only(exchanges, 59_999).action).toBe("announce");
    exchanges.ask(ANNOUNCE, TRACKER, 30_000, 60_000);
    expect(only(exchanges, 60_000).action).toBe("connect");
    exchanges.ask(ANNOUNCE, OTHER, 30_000, 60_000);
    expect(only(exchanges, 60_000).action).toBe("connect");
  });

  it("asks for one connection id for many torrents", () => {
    const exchanges = setUp();
    for (let i = 0; i < 100; i++) exchanges.ask(ANNOUNCE, TRACKER, 30_000, 0);
    const connect = only(exchanges, 0);
    exchanges.receive(TRACKER, encodeUdpConnectResponse(connect.transactionId, ID), 1);
    const requests = sent(exchanges, 1);
    expect(requests.map((request) => request.action)).toEqual(Array(100).fill("announce"));
    expect(new Set(requests.map((request) => request.transactionId)).size).toBe(100);
  });

  it("repeats a connect at 5 and 15 s and fails at 30 s", () => {
    const exchanges = setUp();
    const exchangeId = exchanges.ask(ANNOUNCE, TRACKER, 30_000, 0);
    const first = only(exchanges, 0);
    const times: number[] = [];
    for (let at = exchanges.nextWakeAt(); at < 30_000; at = exchanges.nextWakeAt()) {
      times.push(at);
      expect(drain(exchanges, at - 1)).toEqual([]);
      expect(only(exchanges, at)).toEqual(first);
    }
    expect(times).toEqual([5_000, 15_000]);
    expect(drain(exchanges, 30_000)).toMatchObject([
      { type: "failed", exchangeId, error: { code: "TRACKER_TIMEOUT", data: { host: TRACKER.host } } },
    ]);
    expect(exchanges.nextWakeAt()).toBe(Infinity);
  });

  it("keeps BEP 15's schedule where that is asked for: nine datagrams, 15·2ⁿ s apart", () => {
    const exchanges = setUp({ udpRetransmitMs: 15_000 });
    exchanges.ask(ANNOUNCE, TRACKER, 10_000_000, 0);
    const times: number[] = [];
    for (let at = 0; at < 10_000_000; at = exchanges.nextWakeAt()) {
      times.push(at / 1_000);
      only(exchanges, at);
    }
    expect(times).toEqual([0, 15, 45, 105, 225, 465, 945, 1_905, 3_825]);
  });

  it("repeats quickly when there is little time, as in a farewell", () => {
    const exchanges = setUp();
    exchanges.ask(ANNOUNCE, TRACKER, 4_000, 0);
    only(exchanges, 0);
    expect(exchanges.nextWakeAt()).toBe(1_000);
    // … also when somebody with more time asked before
    exchanges.ask(ANNOUNCE, OTHER, 30_000, 0);
    only(exchanges, 0);
    exchanges.ask(ANNOUNCE, OTHER, 2_000, 0);
    expect(exchanges.nextWakeAt()).toBe(500);
  });

  it("asks for another connection id when its own expires before the answer", () => {
    const exchanges = setUp({ udpRetransmitMs: 15_000 });
    exchanges.ask(ANNOUNCE, TRACKER, 1_000_000, 0);
    exchanges.receive(TRACKER, encodeUdpConnectResponse(only(exchanges, 0).transactionId, ID), 1_000);
    const actions: [number, string][] = [[1, only(exchanges, 1_000).action]];
    for (let at = exchanges.nextWakeAt(); at < 300_000; at = exchanges.nextWakeAt())
      actions.push([at / 1_000, only(exchanges, at).action]);
    // BEP 15's example is 2, 17, 47, 107 (connect), …
    expect(actions.slice(0, 5)).toEqual([
      [1, "announce"],
      [16, "announce"],
      [46, "announce"],
      [106, "connect"],
      [121, "connect"],
    ]);
  });

  it("fetches a new connection id once when the tracker has forgotten it", () => {
    const exchanges = setUp();
    const { exchangeId, request } = connected(exchanges, 0);
    const forgotten = encodeUdpErrorResponse(request.transactionId, "Connection ID missmatch.");
    exchanges.receive(TRACKER, forgotten, 10);
    const connect = only(exchanges, 10);
    expect(connect.action).toBe("connect");
    exchanges.receive(TRACKER, encodeUdpConnectResponse(connect.transactionId, ID), 20);
    const again = only(exchanges, 20);
    exchanges.receive(TRACKER, encodeUdpErrorResponse(again.transactionId, "Connection ID missmatch."), 30);
    expect(drain(exchanges, 30)).toMatchObject([
      { type: "failed", exchangeId, error: { code: "TRACKER_FAILURE" } },
    ]);
  });

  it("passes on the tracker's own words, also those to a connect", () => {
    const exchanges = setUp();
    const { exchangeId, request } = connected(exchanges, 0);
    exchanges.receive(TRACKER, encodeUdpErrorResponse(request.transactionId, "not registered"), 1);
    expect(drain(exchanges, 1)).toMatchObject([
      { exchangeId, error: { code: "TRACKER_FAILURE", failureReason: "not registered" } },
    ]);
    exchanges.ask(ANNOUNCE, OTHER, 30_000, 2);
    exchanges.ask(ANNOUNCE, OTHER, 30_000, 2);
    const connect = only(exchanges, 2);
    exchanges.receive(OTHER, encodeUdpErrorResponse(connect.transactionId, "closed"), 3);
    expect(drain(exchanges, 3)).toMatchObject([
      { type: "failed", error: { failureReason: "closed" } },
      { type: "failed", error: { failureReason: "closed" } },
    ]);
  });

  it("scrapes", () => {
    const exchanges = setUp();
    const question: UdpQuestion = { action: "scrape", infoHashes: [new Uint8Array(20), ID20] };
    exchanges.ask(question, TRACKER, 30_000, 0);
    exchanges.receive(TRACKER, encodeUdpConnectResponse(only(exchanges, 0).transactionId, ID), 1);
    const request = only(exchanges, 1);
    expect(request).toMatchObject({ action: "scrape", infoHashes: question.infoHashes });
    const row = { seederCount: 1, completedCount: 2, leecherCount: 3 };
    exchanges.receive(TRACKER, encodeUdpScrapeResponse(request.transactionId, [row, row]), 2);
    expect(drain(exchanges, 2)).toMatchObject([{ type: "answered", answer: { rows: [row, row] } }]);
  });

  it("sends nothing any more when it is cancelled, and takes no answer", () => {
    const exchanges = setUp();
    const { exchangeId, request } = connected(exchanges, 0);
    exchanges.cancel(exchangeId);
    exchanges.cancel(exchangeId);
    exchanges.receive(TRACKER, announceAnswer(request.transactionId), 1);
    expect(drain(exchanges, 1_000_000)).toEqual([]);
  });

  it("fails all that goes to an address which cannot be reached", () => {
    const exchanges = setUp();
    exchanges.ask(ANNOUNCE, TRACKER, 30_000, 0);
    exchanges.ask(ANNOUNCE, TRACKER, 30_000, 0);
    exchanges.ask(ANNOUNCE, OTHER, 30_000, 0);
    sent(exchanges, 0);
    const error = Object.assign(new Error("no route")) as never;
    exchanges.unreachable(TRACKER, error);
    exchanges.unreachable(PEER, error);
    expect(drain(exchanges, 1)).toMatchObject([
      { type: "failed", error },
      { type: "failed", error },
    ]);
    expect(exchanges.size).toBe(1);
  });

  it("remembers a bounded number of trackers", () => {
    const exchanges = setUp({ maxUdpTrackerCount: 3 });
    for (let i = 0; i < 100; i++) {
      const to = { host: "192.0.2.9", port: 1 + i };
      exchanges.ask(ANNOUNCE, to, 30_000, 0);
      exchanges.receive(to, encodeUdpConnectResponse(only(exchanges, 0).transactionId, ID), 0);
      exchanges.receive(to, announceAnswer(only(exchanges, 0).transactionId), 0);
      drain(exchanges, 0);
    }
    // The first one is forgotten, the last one is not.
    exchanges.ask(ANNOUNCE, { host: "192.0.2.9", port: 100 }, 30_000, 0);
    expect(only(exchanges, 0).action).toBe("announce");
    exchanges.ask(ANNOUNCE, { host: "192.0.2.9", port: 1 }, 30_000, 0);
    expect(only(exchanges, 0).action).toBe("connect");
  });
});

const ID20 = new Uint8Array(20).fill(20);

describe("what must not count as an answer", () => {
  /** The exchange goes on as if nothing had come, and the true answer still counts. */
  function isIgnored(datagram: (transactionId: number) => { from?: Endpoint; packet: Uint8Array }): void {
    const exchanges = setUp();
    const { request } = connected(exchanges, 0);
    const { from = TRACKER, packet } = datagram(request.transactionId);
    exchanges.receive(from, packet, 10);
    expect(drain(exchanges, 10)).toEqual([]);
    exchanges.receive(TRACKER, announceAnswer(request.transactionId), 20);
    expect(drain(exchanges, 20)).toMatchObject([{ type: "answered" }]);
  }

  it("another address, another port", () => {
    isIgnored((id) => ({ from: OTHER, packet: announceAnswer(id) }));
    isIgnored((id) => ({ from: { ...TRACKER, port: 6_970 }, packet: announceAnswer(id) }));
    isIgnored((id) => ({ from: OTHER, packet: encodeUdpErrorResponse(id, "go away") }));
  });

  it("another transaction id", () => {
    isIgnored((id) => ({ packet: announceAnswer(id + 1) }));
    isIgnored((id) => ({ packet: encodeUdpErrorResponse((id ^ 0x8000_0000) >>> 0, "go away") }));
  });

  it("a packet that is cut short, of another kind, or of no kind", () => {
    for (let length = 0; length < 20; length++)
      isIgnored((id) => ({ packet: announceAnswer(id).subarray(0, length) }));
    isIgnored((id) => ({ packet: encodeUdpConnectResponse(id, ID) }));
    isIgnored((id) => ({ packet: encodeUdpScrapeResponse(id, []) }));
    isIgnored((id) => ({ packet: Uint8Array.of(9, 9, 9, 9, ...announceAnswer(id).subarray(4)) }));
  });

  it("a second answer, or one that is late", () => {
    const exchanges = setUp();
    const { request } = connected(exchanges, 0);
    exchanges.receive(TRACKER, announceAnswer(request.transactionId), 1);
    exchanges.receive(TRACKER, announceAnswer(request.transactionId), 1);
    expect(drain(exchanges, 1)).toHaveLength(1);
    exchanges.ask(ANNOUNCE, OTHER, 1_000, 0);
    const { transactionId } = only(exchanges, 0);
    drain(exchanges, 1_000);
    exchanges.receive(OTHER, encodeUdpConnectResponse(transactionId, ID), 1_001);
    expect(drain(exchanges, 1_001)).toEqual([]);
  });

  it("any bytes at all from anywhere", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 }), (packets) => {
        const exchanges = setUp();
        const { request } = connected(exchanges, 0);
        for (const packet of packets) {
          if (packet.length > 7 && packet[7] === request.transactionId) packet[7] ^= 0xff;
          exchanges.receive(packet.length % 2 === 0 ? TRACKER : OTHER, packet, 1);
        }
        expect(drain(exchanges, 1)).toEqual([]);
        exchanges.receive(TRACKER, announceAnswer(request.transactionId), 2);
        expect(drain(exchanges, 2)).toMatchObject([{ type: "answered" }]);
      }),
    );
  });

  it("but it says so in the end when all that the tracker itself sent was nonsense", () => {
    const exchanges = setUp();
    const { request } = connected(exchanges, 0);
    exchanges.receive(TRACKER, announceAnswer(request.transactionId).subarray(0, 12), 1);
    let steps: UdpStep[] = [];
    for (let at = 0; steps.every((step) => step.type === "send"); at = exchanges.nextWakeAt())
      steps = drain(exchanges, at);
    expect(steps).toMatchObject([{ type: "failed", error: { code: "TRACKER_BAD_RESPONSE" } }]);
  });
});

it("reads the peers of an answer over IPv6 as IPv6 addresses", () => {
  const exchanges = setUp();
  const tracker = { host: "2001:db8::1", port: 80 };
  const peer = { host: "2001:db8::2", port: 7 };
  exchanges.ask(ANNOUNCE, tracker, 30_000, 0);
  exchanges.receive(tracker, encodeUdpConnectResponse(only(exchanges, 0).transactionId, ID), 0);
  exchanges.receive(tracker, announceAnswer(only(exchanges, 0).transactionId, [peer], 6), 0);
  expect(drain(exchanges, 0)).toMatchObject([{ answer: { answer: { peers: [peer] } } }]);
});

it("refuses a question that fits no datagram when it is asked", () => {
  const exchanges = setUp();
  const question: UdpQuestion = { action: "scrape", infoHashes: [] };
  expect(() => exchanges.ask(question, TRACKER, 1_000, 0)).toThrow(RangeError);
  expect(exchanges.size).toBe(0);
});
