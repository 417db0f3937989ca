import {
  createTrackerClient,
  encodeUdpErrorResponse,
  type AnnounceResponse,
  type TrackerClient,
  type TrackerClientOptions,
} from "@bt/tracker";
import { createSocket } from "node:dgram";
import { afterEach, describe, expect, it } from "vitest";
import { announceOf } from "./support/announce-parameters.ts";
import { honestAnswer, udpTracker } from "./support/udp-tracker.ts";

const V4_PEER = { host: "192.0.2.9", port: 80 };
const V6_PEER = { host: "2001:db8::9", port: 80 };
/** Not every machine gives its own name in both families. */
const resolve = (): Promise<string[]> => Promise.resolve(["::1", "127.0.0.1"]);
const clients: TrackerClient[] = [];

afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

function newClient(options: TrackerClientOptions = {}): TrackerClient {
  const client = createTrackerClient(options);
  clients.push(client);
  return client;
}

describe("a UDP tracker", () => {
  it("is told of us and names peers, over IPv4 and over IPv6", async () => {
    const v4 = await udpTracker();
    const v6 = await udpTracker(undefined, "::1");
    const client = newClient();
    const expected = { intervalMs: 900_000, leecherCount: 1, seederCount: 2 };
    const parameters = announceOf(1, { event: "started", numWant: 7, key: 0xdead_beef });
    expect(await client.announce(`${v4.url}?a=b`, parameters)).toEqual({ ...expected, peers: [V4_PEER] });
    expect(v4.requests[1]?.request).toMatchObject({
      ...parameters,
      action: "announce",
      urlData: "/announce?a=b",
    });
    expect(await client.announce(v6.url, parameters)).toEqual({ ...expected, peers: [V6_PEER] });
  });

  it("is asked for all torrents from one port, with one connection id", async () => {
    const { url, requests } = await udpTracker();
    const client = newClient({ maxHostBurst: 100 });
    await Promise.all(Array.from({ length: 60 }, (_, i) => client.announce(url, announceOf(i))));
    expect(requests.filter(({ request }) => request.action === "connect")).toHaveLength(1);
    expect(requests.filter(({ request }) => request.action === "announce")).toHaveLength(60);
    expect(new Set(requests.map(({ from }) => from.port)).size).toBe(1);
  });

  it("is scraped, in portions of 74", async () => {
    const { url, requests } = await udpTracker();
    const hashes = Array.from({ length: 100 }, (_, i) => new Uint8Array(20).fill(i));
    const { swarms } = await newClient().scrape(url, hashes);
    expect(swarms.size).toBe(100);
    expect(swarms.get("4d".repeat(20))).toEqual({ seederCount: 77, completedCount: 2, leecherCount: 3 });
    const counts = requests.map(({ request }) =>
      request.action === "scrape" ? request.infoHashes.length : 0,
    );
    expect(counts).toEqual([0, 74, 26]);
    await expect(newClient().scrape(url, [])).rejects.toBeInstanceOf(RangeError);
  });

  it("that has addresses of both families hears of us over each, and each answer arrives", async () => {
    const v4 = await udpTracker();
    const v6 = await udpTracker(undefined, "::1", v4.port);
    const further: AnnounceResponse[] = [];
    const client = newClient({ resolve });
    const both = await new Promise<AnnounceResponse[]>((resolve, reject) => {
      client
        .announce(`udp://both.example:${v4.port}`, announceOf(1), {
          onFurtherAnswer: (answer) => void further.push(answer),
        })
        .then((first) => {
          const wait = (): void => {
            if (further.length > 0) resolve([first, ...further]);
            else setImmediate(wait);
          };
          wait();
        }, reject);
    });
    expect(both.flatMap(({ peers }) => peers).toSorted((a, b) => a.host.length - b.host.length)).toEqual([
      V4_PEER,
      V6_PEER,
    ]);
    expect(v4.requests.at(-1)?.request).toMatchObject({ action: "announce", urlData: undefined });
    expect(v6.requests.at(-1)?.request).toMatchObject({ action: "announce" });
  });

  it("that has addresses of both families is waited for over each where that is asked for, or in a farewell", async () => {
    const v4 = await udpTracker();
    const v6 = await udpTracker(undefined, "::1", v4.port);
    const url = `udp://both.example:${v4.port}`;
    const client = newClient({ resolve, totalTimeoutMs: 300 });
    const answer = await client.announce(url, announceOf(1), { waitForAll: true });
    expect(answer.peers).toHaveLength(2);
    await client.announce(url, announceOf(1, { event: "stopped" }));
    for (const { requests } of [v4, v6]) expect(requests.at(-1)?.request).toMatchObject({ event: "stopped" });
  });

  it("is not told goodbye over a family that it did not answer over", async () => {
    const v4 = await udpTracker();
    const v6 = await udpTracker(() => new Uint8Array(1), "::1", v4.port);
    const url = `udp://both.example:${v4.port}`;
    const client = newClient({ resolve, totalTimeoutMs: 300, stopTimeoutMs: 30_000 });
    expect((await client.announce(url, announceOf(1), { waitForAll: true })).peers).toEqual([V4_PEER]);
    const count = v6.requests.length;
    await client.announce(url, announceOf(1, { event: "stopped" }));
    expect(v6.requests).toHaveLength(count);
    expect(v4.requests.at(-1)?.request).toMatchObject({ event: "stopped" });
  });

  it("is not told goodbye over a family that was still silent when it was given up", async () => {
    const v4 = await udpTracker();
    const v6 = await udpTracker(() => new Uint8Array(1), "::1", v4.port);
    const url = `udp://both.example:${v4.port}`;
    const client = newClient({ resolve, stopTimeoutMs: 30_000 });
    const abort = new AbortController();
    await client.announce(url, announceOf(1), { signal: abort.signal });
    await expect.poll(() => v6.requests.length).toBe(1);
    abort.abort();
    await client.announce(url, announceOf(1, { event: "stopped" }));
    expect(v6.requests).toHaveLength(1);
  });

  it("cannot be asked when its name has no address at all", async () => {
    const client = newClient({ resolve: () => Promise.resolve([]) });
    for (const scheme of ["udp", "http"])
      await expect(
        client.announce(`${scheme}://none.example:1/announce`, announceOf(1)),
      ).rejects.toMatchObject({
        code: "TRACKER_UNREACHABLE",
      });
  });

  it("is asked over one family where the options say so, and from the address they name", async () => {
    const v4 = await udpTracker();
    const v6 = await udpTracker(undefined, "::1", v4.port);
    const url = `udp://both.example:${v4.port}`;
    await newClient({ family: 6, resolve }).announce(url, announceOf(1));
    expect([v4.requests.length, v6.requests.length]).toEqual([0, 2]);
    await newClient({ bindAddress: "127.0.0.9", resolve }).announce(url, announceOf(1));
    expect(v4.requests.map(({ from }) => from.address)).toEqual(["127.0.0.9", "127.0.0.9"]);
    const error = newClient({ family: 6 }).announce(v4.url, announceOf(1));
    await expect(error).rejects.toMatchObject({ code: "TRACKER_UNREACHABLE" });
  });

  it("may refuse in its own words", async () => {
    const { url } = await udpTracker((request) =>
      request.action === "announce"
        ? encodeUdpErrorResponse(request.transactionId, "who are you?")
        : undefined,
    );
    await expect(newClient().announce(url, announceOf(1))).rejects.toMatchObject({
      code: "TRACKER_FAILURE",
      failureReason: "who are you?",
    });
  });

  it("that is silent is asked again, and given up in the end", async () => {
    const socket = createSocket("udp4");
    let count = 0;
    socket.on("message", () => count++);
    await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
    const url = `udp://127.0.0.1:${socket.address().port}`;
    const client = newClient({ totalTimeoutMs: 400, stopTimeoutMs: 200, udpRetransmitMs: 20 });
    await expect(client.announce(url, announceOf(1))).rejects.toMatchObject({ code: "TRACKER_TIMEOUT" });
    expect(count).toBeGreaterThan(1);
    await expect(client.announce(url, announceOf(1, { event: "stopped" }))).rejects.toMatchObject({
      data: { limitMs: expect.closeTo(200, -2) as number },
    });
    socket.close();
  });

  it("is not believed when another speaks for it", async () => {
    const liar = createSocket("udp4");
    await new Promise<void>((resolve) => liar.bind(0, "127.0.0.1", resolve));
    let lies = 0;
    const { url } = await udpTracker((request, from, socket) => {
      if (request.action !== "announce") return undefined;
      // The liar's word arrives first: it knows even the transaction id, but has not the tracker's port.
      const lie = encodeUdpErrorResponse(request.transactionId, "a lie");
      liar.send(lie, from.port, from.address, () => {
        lies++;
        socket.send(lie.with(7, lie[7]! ^ 1), from.port, from.address); // … a wrong transaction id
        socket.send(lie.subarray(0, 7), from.port, from.address); // … too short
        socket.send(honestAnswer(request), from.port, from.address);
      });
      return new Uint8Array(3);
    });
    const answer = await newClient().announce(url, announceOf(1));
    expect(answer.peers).toEqual([V4_PEER]);
    expect(lies).toBe(1);
    liar.close();
  });

  it("is left alone when the request is given up or the client is closed", async () => {
    const { port } = await udpTracker((_request, _from) => new Uint8Array(3));
    const url = `udp://127.0.0.1:${port}`;
    const client = newClient();
    const abort = new AbortController();
    const given = client.announce(url, announceOf(1), { signal: abort.signal });
    const closed = client.announce(url, announceOf(2));
    abort.abort();
    await expect(given).rejects.toMatchObject({ code: "TRACKER_CANCELLED" });
    client.close();
    await expect(closed).rejects.toMatchObject({ code: "TRACKER_CANCELLED" });
    await expect(client.announce(url, announceOf(3))).rejects.toMatchObject({ code: "TRACKER_CANCELLED" });
  });

  it.each([
    ["udp://169.254.169.254:80/announce", "TRACKER_ADDRESS_REFUSED"],
    ["udp://[fd00:ec2::254]:80/announce", "TRACKER_ADDRESS_REFUSED"],
    ["udp://239.1.2.3:80/announce", "TRACKER_ADDRESS_REFUSED"],
    ["udp://255.255.255.255:80", "TRACKER_ADDRESS_REFUSED"],
    ["udp://127.0.0.1", "TRACKER_BAD_URL"],
    ["udp://127.0.0.1:0", "TRACKER_BAD_URL"],
    ["udp://127.0.0.1:99999", "TRACKER_BAD_URL"],
    ["udp://nowhere.invalid:80", "TRACKER_UNREACHABLE"],
  ])("%s ends in %s", async (url, code) => {
    await expect(newClient().announce(url, announceOf(1))).rejects.toMatchObject({ code });
  });

  it("is not asked what cannot be said", async () => {
    const announce = newClient().announce("udp://127.0.0.1:9", announceOf(1, { port: 65_536 }));
    await expect(announce).rejects.toBeInstanceOf(RangeError);
  });
});
