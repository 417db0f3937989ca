import {
  decodeUdpResponse,
  encodeUdpAnnounceRequest,
  encodeUdpConnectRequest,
  encodeUdpScrapeRequest,
} from "@bt/tracker";
import { createTrackerServer, type TrackerServer, type TrackerServerOptions } from "@bt/tracker/server";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { announceOf } from "./support/announce-parameters.ts";
import { UdpAsker } from "./support/udp-asker.ts";

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

async function tracker(options: TrackerServerOptions = {}): Promise<TrackerServer> {
  const server = await createTrackerServer({ host: "127.0.0.1", udpPort: 0, intervalJitter: 0, ...options });
  open.push(() => server.close());
  return server;
}

async function asker(server: TrackerServer, host = "127.0.0.1"): Promise<UdpAsker> {
  const made = await UdpAsker.open(server.udpPort!, host);
  open.push(() => made.close());
  return made;
}

async function connect(udp: UdpAsker): Promise<Uint8Array> {
  const response = decodeUdpResponse(await udp.ask(encodeUdpConnectRequest(7)), 4);
  expect(response).toMatchObject({ action: "connect", transactionId: 7 });
  return (response as { connectionId: Uint8Array }).connectionId;
}

describe("the tracker over UDP", () => {
  it.each([
    ["127.0.0.1", 4],
    ["::1", 6],
  ] as const)("brings peers together on %s, counts them and lets them go", async (host, family) => {
    const server = await tracker({ host, intervalMs: 90_000 });
    const udp = await asker(server, host);
    const id = await connect(udp);
    const announce = async (n: number, change = {}): Promise<unknown> =>
      decodeUdpResponse(await udp.ask(encodeUdpAnnounceRequest(id, n, announceOf(n, change))), family);
    await announce(1, { left: 0 });
    expect(await announce(2)).toEqual({
      action: "announce",
      transactionId: 2,
      answer: { intervalMs: 90_000, seederCount: 1, leecherCount: 1, peers: [{ host, port: 10_001 }] },
    });
    await announce(2, { event: "completed", left: 0 });
    const scrape = encodeUdpScrapeRequest(id, 3, [new Uint8Array(20), announceOf(1).infoHash]);
    expect(decodeUdpResponse(await udp.ask(scrape), family)).toMatchObject({
      action: "scrape",
      rows: [
        { seederCount: 0, leecherCount: 0, completedCount: 0 },
        { seederCount: 2, leecherCount: 0, completedCount: 1 },
      ],
    });
    await announce(2, { event: "stopped" });
    expect(await server.stats()).toMatchObject({
      peerCount: 1,
      udpConnectCount: 1,
      udpAnnounceCount: 4,
      udpScrapeCount: 1,
      droppedDatagramCount: 0,
    });
  });

  it("tells HTTP's peers of UDP's and the other way round, on both address families at once", async () => {
    const server = await createTrackerServer({ udpPort: 0 });
    open.push(() => server.close());
    expect(server.announceUrls).toEqual([
      `http://127.0.0.1:${server.port}/announce`,
      `http://[::1]:${server.port}/announce`,
      `udp://127.0.0.1:${server.udpPort}/announce`,
      `udp://[::1]:${server.udpPort}/announce`,
    ]);
    const query = new URLSearchParams({ peer_id: "-XX0000-abcdefghijkl", port: "77", left: "1" });
    await fetch(`${server.announceUrl}?info_hash=${"%AB".repeat(20)}&${query}`);
    const udp = await asker(server);
    const answer = await udp.ask(encodeUdpAnnounceRequest(await connect(udp), 1, announceOf(1)));
    expect(decodeUdpResponse(answer, 4)).toMatchObject({
      answer: { peers: [{ host: "127.0.0.1", port: 77 }] },
    });
  });

  it("answers nothing to whoever has no connection id, and never more than he sent", async () => {
    const server = await tracker();
    const udp = await asker(server);
    const id = await connect(udp);
    const forged = Uint8Array.from(id, (byte, i) => (i === 5 ? byte ^ 1 : byte));
    const announce = announceOf(1);
    for (const wrong of [forged, new Uint8Array(8), new Uint8Array(8).fill(255)]) {
      udp.send(encodeUdpAnnounceRequest(wrong, 1, announce));
      udp.send(encodeUdpScrapeRequest(wrong, 1, [announce.infoHash]));
    }
    udp.send(encodeUdpConnectRequest(1).subarray(0, 15));
    // The answer to this comes after those to the others, if there were any.
    expect(await udp.ask(encodeUdpConnectRequest(9))).toHaveLength(16);
    expect(await server.stats()).toMatchObject({ peerCount: 0, droppedDatagramCount: 7 });
  });

  it("does not take the id of another address", async () => {
    const server = await tracker({ host: "127.0.0.1" });
    const [one, other] = [
      await asker(server),
      await UdpAsker.open(server.udpPort!, "127.0.0.1", "127.0.0.2"),
    ];
    open.push(() => other.close());
    const id = await connect(one);
    other.send(encodeUdpAnnounceRequest(id, 1, announceOf(1)));
    await connect(other);
    expect(await server.stats()).toMatchObject({ peerCount: 0, droppedDatagramCount: 1 });
  });

  it("says why it refuses, in an error packet", async () => {
    const server = await tracker({ denyList: ["ab".repeat(20)] });
    const udp = await asker(server);
    const id = await connect(udp);
    const refused = await udp.ask(encodeUdpAnnounceRequest(id, 5, announceOf(1)));
    expect(decodeUdpResponse(refused, 4)).toMatchObject({
      action: "error",
      transactionId: 5,
      error: { failureReason: "this tracker does not serve that torrent" },
    });
    const noPort = encodeUdpAnnounceRequest(id, 6, announceOf(1, { infoHash: new Uint8Array(20), port: 0 }));
    expect(decodeUdpResponse(await udp.ask(noPort), 4)).toMatchObject({
      error: { failureReason: "port must be 1 to 65535" },
    });
  });

  it("wants the passkey in the URL data of BEP 41 when it is private", async () => {
    const server = await tracker({ passkeys: ["secretkey"] });
    const udp = await asker(server);
    const id = await connect(udp);
    const ask = async (urlData?: string): Promise<unknown> =>
      decodeUdpResponse(await udp.ask(encodeUdpAnnounceRequest(id, 1, announceOf(1), urlData)), 4);
    expect(await ask("/secretkey/announce")).toMatchObject({ action: "announce" });
    for (const wrong of [undefined, "", "/announce", "/other/announce", "/secretkey/scrape"])
      expect(await ask(wrong)).toMatchObject({
        action: "error",
        error: { failureReason: "unknown passkey" },
      });
    const scrape = encodeUdpScrapeRequest(id, 1, [announceOf(1).infoHash]);
    expect(decodeUdpResponse(await udp.ask(scrape), 4)).toMatchObject({ action: "error" });
  });

  it.each([
    ["127.0.0.1", 200],
    ["::1", 67],
  ])("sends no answer that a link would divide: %s gets %i peers at most", async (host, most) => {
    const server = await tracker({ host, maxPeersPerAddress: 1_000 });
    const udp = await asker(server, host);
    const id = await connect(udp);
    for (let n = 1; n <= 250; n++)
      await udp.ask(encodeUdpAnnounceRequest(id, n, announceOf(n, { numWant: 0 })));
    const answer = await udp.ask(encodeUdpAnnounceRequest(id, 1, announceOf(1, { numWant: 2_000_000_000 })));
    expect(answer).toHaveLength(20 + most * (host === "::1" ? 18 : 6));
  });

  it("limits how often one address may ask, and takes its word for no other's", async () => {
    const server = await tracker({ requestsPerSecond: 0.001, requestBurst: 3 });
    const udp = await asker(server);
    const id = await connect(udp);
    const ask = async (): Promise<string> =>
      decodeUdpResponse(await udp.ask(encodeUdpAnnounceRequest(id, 1, announceOf(1))), 4).action;
    expect([await ask(), await ask(), await ask(), await ask()]).toEqual([
      "announce",
      "announce",
      "announce",
      "error",
    ]);
    expect(await server.stats()).toMatchObject({ limitedCount: 1, refusedCount: 1 });
  });

  it("lives through whatever comes", async () => {
    const server = await tracker();
    const udp = await asker(server);
    const id = await connect(udp);
    const whole = encodeUdpAnnounceRequest(id, 1, announceOf(1), "/announce?a=b");
    const datagram = fc.oneof(
      fc.uint8Array({ maxLength: 1_500 }),
      fc.nat(whole.length).map((length) => whole.slice(0, length)),
      fc.tuple(fc.nat(whole.length - 1), fc.nat(255)).map(([at, byte]) => {
        const changed = whole.slice();
        changed[at] = byte;
        return changed;
      }),
    );
    for (const bytes of fc.sample(datagram, { numRuns: 500, seed: 3 })) udp.send(bytes);
    udp.send(new Uint8Array(8_000));
    await connect(await asker(server));
  });
});
