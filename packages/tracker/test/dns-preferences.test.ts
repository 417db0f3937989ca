import { createTrackerClient, parseTrackerRecord, parseTrackerUrl, preferredUrls } from "@bt/tracker";
import { afterEach, describe, expect, it } from "vitest";
import { announceOf } from "./support/announce-parameters.ts";
import { httpAnswer, rawServer } from "./support/raw-server.ts";
import { udpTracker } from "./support/udp-tracker.ts";

const placesOf = (...texts: string[]): unknown => parseTrackerRecord(texts)?.places;
const urlsFor = (url: string, record: string): string[] =>
  preferredUrls(parseTrackerUrl(url)!, parseTrackerRecord([record])!);

describe("a host's record about its trackers (BEP 34)", () => {
  it("is read as in the document's examples", () => {
    expect(placesOf("BITTORRENT")).toEqual([]);
    expect(placesOf("BITTORRENT DENY ALL")).toEqual([]);
    expect(placesOf("BITTORRENT UDP:1337 TCP:80")).toEqual([
      { protocol: "udp", port: 1_337 },
      { protocol: "tcp", port: 80 },
    ]);
  });

  it("is one that begins with the word, and of it only what makes sense counts", () => {
    expect(placesOf()).toBeUndefined();
    expect(placesOf("v=spf1 -all", "bittorrent UDP:1", "BITTORRENTS UDP:1", "x BITTORRENT")).toBeUndefined();
    expect(
      placesOf("v=spf1 -all", "BITTORRENT UDP:0 TCP:65536 udp:5 UDP:7x UDP:  TCP:9", "BITTORRENT TCP:1"),
    ).toEqual([{ protocol: "tcp", port: 9 }]);
    expect(placesOf(`BITTORRENT ${"UDP:1 ".repeat(10_000)}`)).toHaveLength(16);
  });

  it("leads to other ports and protocols of the same host, never out of HTTPS", () => {
    const record = "BITTORRENT UDP:1337 TCP:81";
    expect(urlsFor("http://t.example:80/a?k=1", record)).toEqual([
      "udp://t.example:1337/a?k=1",
      "http://t.example:81/a?k=1",
    ]);
    expect(urlsFor("udp://t.example:9", record)).toEqual([
      "udp://t.example:1337/",
      "http://t.example:81/announce",
    ]);
    expect(urlsFor("https://me:pw@t.example/a", record)).toEqual(["https://me:pw@t.example:81/a"]);
    expect(urlsFor("http://me:pw@t.example/a", "BITTORRENT UDP:5")).toEqual(["udp://t.example:5/a"]);
    expect(urlsFor("https://t.example/a", "BITTORRENT UDP:5")).toEqual([]);
  });
});

describe("a client that heeds these records", () => {
  const closers: (() => void)[] = [];
  afterEach(() => {
    for (const close of closers.splice(0)) close();
  });

  function clientFor(
    records: Record<string, string>,
    asked: string[] = [],
  ): ReturnType<typeof createTrackerClient> {
    const client = createTrackerClient({
      useDnsPreferences: true,
      resolve: () => Promise.resolve(["127.0.0.1"]),
      resolveTxt(host) {
        asked.push(host);
        const text = records[host];
        // A record may come in parts.
        return text === undefined
          ? Promise.reject(new Error("ENODATA"))
          : Promise.resolve([["x"], [text.slice(0, 5), text.slice(5)]]);
      },
    });
    closers.push(() => client.close());
    return client;
  }

  it("asks where the record leads, the best place first, and asks for the record once", async () => {
    const udp = await udpTracker();
    const asked: string[] = [];
    const client = clientFor({ "t.example": `BITTORRENT TCP:1 UDP:${udp.port}` }, asked);
    for (let i = 0; i < 3; i++)
      expect((await client.announce("http://t.example:1/announce", announceOf(i))).peers).toHaveLength(1);
    expect(udp.requests.length).toBeGreaterThan(3);
    expect(asked).toEqual(["t.example"]);
    await client.scrape("http://t.example:1/announce", [new Uint8Array(20)]);
  });

  it("asks nobody at a host that has no tracker", async () => {
    const { port, requests } = await rawServer((socket) => socket.end(httpAnswer("d8:intervali60ee")));
    const client = clientFor({ "t.example": "BITTORRENT DENY ALL" });
    const announcing = client.announce(`http://t.example:${port}/announce`, announceOf(1));
    await expect(announcing).rejects.toMatchObject({ code: "TRACKER_DENIED_BY_DNS", retryInMs: 86_400_000 });
    expect(requests).toEqual([]);
  });

  it("asks as the URL says where there is no record, and asks no record of an address", async () => {
    const { port, url } = await rawServer((socket) => socket.end(httpAnswer("d8:intervali60ee")));
    const asked: string[] = [];
    const client = clientFor({}, asked);
    await client.announce(`http://t.example:${port}/announce`, announceOf(1));
    await client.announce(url, announceOf(1));
    expect(asked).toEqual(["t.example"]);
  });
});
