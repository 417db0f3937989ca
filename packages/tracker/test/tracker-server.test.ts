import { BencodeDictionary, decode } from "@bt/bencode";
import { createTrackerClient, type TrackerClient } from "@bt/tracker";
import {
  createTrackerServer,
  parseAnnounceRequest,
  type TrackerServer,
  type TrackerServerOptions,
} from "@bt/tracker/server";
import { connect } from "node:net";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { announceOf } from "./support/announce-parameters.ts";

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

async function tracker(
  options: TrackerServerOptions = {},
): Promise<{ server: TrackerServer; client: TrackerClient }> {
  const server = await createTrackerServer({ host: "127.0.0.1", ...options });
  const client = createTrackerClient();
  open.push(
    () => client.close(),
    () => server.close(),
  );
  return { server, client };
}

/** Sends a request as it stands and gives the whole answer. */
function raw(port: number, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(request, "latin1"));
    socket.on("data", (part) => (answer += part.toString("latin1")));
    socket.on("end", () => resolve(answer));
    socket.on("error", reject);
  });
}

async function body(port: number, target: string): Promise<BencodeDictionary> {
  const answer = await raw(port, `GET ${target} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n`);
  expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  const value = decode(Buffer.from(answer.slice(answer.indexOf("\r\n\r\n") + 4), "latin1"));
  expect(value).toBeInstanceOf(BencodeDictionary);
  return value as BencodeDictionary;
}

const QUERY = `info_hash=${"%ab".repeat(20)}&peer_id=-XX0000-abcdefghijkl&uploaded=0&downloaded=0`;

describe("the tracker", () => {
  it("brings peers together, counts them and lets them go", async () => {
    const { server, client } = await tracker({
      intervalMs: 90_000,
      minIntervalMs: 10_000,
      intervalJitter: 0,
    });
    const first = await client.announce(server.announceUrl, announceOf(1, { event: "started", left: 0 }));
    expect(first).toEqual({
      intervalMs: 90_000,
      minIntervalMs: 10_000,
      seederCount: 1,
      leecherCount: 0,
      completedCount: 0,
      externalAddress: "127.0.0.1",
      peers: [],
    });
    const second = await client.announce(server.announceUrl, announceOf(2, { event: "started" }));
    expect(second.peers).toEqual([{ host: "127.0.0.1", port: 10_001 }]);
    await client.announce(server.announceUrl, announceOf(2, { event: "completed", left: 0 }));
    const infoHash = announceOf(1).infoHash;
    const unknown = new Uint8Array(20);
    const { swarms } = await client.scrape(server.announceUrl, [infoHash, unknown]);
    expect([...swarms]).toEqual([
      ["00".repeat(20), { seederCount: 0, leecherCount: 0, completedCount: 0, downloaderCount: 0 }],
      ["ab".repeat(20), { seederCount: 2, leecherCount: 0, completedCount: 1, downloaderCount: 0 }],
    ]);
    const last = await client.announce(server.announceUrl, announceOf(1, { event: "stopped" }));
    expect(last).toMatchObject({ seederCount: 1, peers: [] });
    expect(await server.stats()).toMatchObject({
      swarmCount: 1,
      peerCount: 1,
      seederCount: 1,
      announceCount: 4,
      scrapeCount: 1,
      refusedCount: 0,
    });
  });

  it("works over IPv6 and tells each family of the other", async () => {
    const { server, client } = await tracker({ host: "::" });
    await client.announce(`http://[::1]:${server.port}/announce`, announceOf(1));
    const answer = await client.announce(`http://127.0.0.1:${server.port}/announce`, announceOf(2));
    expect(answer).toMatchObject({ externalAddress: "127.0.0.1", peers: [{ host: "::1", port: 10_001 }] });
  });

  it("gives dictionaries to those who ask for them", async () => {
    const { server, client } = await tracker({ host: "::" });
    await client.announce(`http://127.0.0.1:${server.port}/announce`, announceOf(1));
    await client.announce(`http://[::1]:${server.port}/announce`, announceOf(2));
    const peersWith = async (more: string): Promise<unknown> => {
      const list = (await body(server.port, `/announce?${QUERY}&port=1&left=1&compact=0${more}`)).getList(
        "peers",
      )!;
      return (list as readonly BencodeDictionary[]).map((peer) =>
        Object.fromEntries([...peer.keys()].map((key) => [key, peer.getText(key) ?? peer.getInteger(key)])),
      );
    };
    expect(await peersWith("")).toEqual([
      { ip: "127.0.0.1", "peer id": "-BT0000-000000000001", port: 10_001 },
      { ip: "::1", "peer id": "-BT0000-000000000002", port: 10_002 },
    ]);
    expect(await peersWith("&no_peer_id=1")).toEqual([
      { ip: "127.0.0.1", port: 10_001 },
      { ip: "::1", port: 10_002 },
    ]);
  });

  it.each([
    [
      "transmission",
      `${QUERY}&port=51413&left=5&numwant=80&key=187c0d20&compact=1&supportcrypto=1&event=started`,
    ],
    [
      "aria2",
      `${QUERY}&left=5&compact=1&key=U%5Cz%C3%DF%02%AFi&numwant=50&no_peer_id=1&port=6881&event=started&supportcrypto=1`,
    ],
    [
      "libtorrent",
      `${QUERY}&port=6881&left=5&corrupt=0&key=5B32BC1C&event=started&numwant=200&compact=1&no_peer_id=1&redundant=0`,
    ],
    ["rtorrent", `${QUERY}&key=62b69868&compact=1&port=6881&left=5&event=started&ip=6.6.6.6&trackerid=x`],
    ["a client that says little", `${QUERY}&port=6881`],
    ["a client that says nonsense", `${QUERY}&port=6881&left=all&numwant=-1&event=&compact&=1&&x=%zz`],
  ])("takes what %s sends, and believes the socket's address only", async (_, query) => {
    const { server, client } = await tracker();
    const answer = await body(server.port, `/announce?${query}`);
    expect(answer.getInteger("incomplete")).toBe(1);
    expect(answer.getBytes("peers")).toHaveLength(0);
    const { peers } = await client.announce(server.announceUrl, announceOf(1));
    expect(peers).toMatchObject([{ host: "127.0.0.1" }]);
  });

  it("gives at most 200 peers, however many are wanted", async () => {
    const { server, client } = await tracker({ maxPeersPerAddress: 1_000 });
    const all = Array.from({ length: 220 }, (_, i) => client.announce(server.announceUrl, announceOf(i)));
    await Promise.all(all);
    const wide = createTrackerClient({ maxPeerCount: 5_000 });
    open.push(() => wide.close());
    const countFor = async (numWant?: number): Promise<number> =>
      (await wide.announce(server.announceUrl, announceOf(0, numWant === undefined ? {} : { numWant }))).peers
        .length;
    expect(await countFor(4_000_000)).toBe(200);
    expect(await countFor(7)).toBe(7);
    expect(await countFor(0)).toBe(0);
    expect(await countFor()).toBe(50);
  });

  it("serves only what is on its list, if there is one", async () => {
    const { server, client } = await tracker({ allowList: ["AB".repeat(20)] });
    await client.announce(server.announceUrl, announceOf(1));
    const other = new Uint8Array(20);
    await expect(
      client.announce(server.announceUrl, announceOf(1, { infoHash: other })),
    ).rejects.toMatchObject({
      code: "TRACKER_FAILURE",
    });
    expect((await client.scrape(server.announceUrl, [other])).swarms.size).toBe(0);
  });

  it.each([
    ["/announce", "info_hash"],
    [`/announce?${QUERY}`, "port"],
    [`/announce?${QUERY}&port=0`, "port"],
    [`/announce?${QUERY}&port=65536`, "port"],
    ["/announce?info_hash=short&peer_id=-XX0000-abcdefghijkl&port=1", "info_hash"],
    [`/announce?info_hash=${"%ab".repeat(20)}&port=1`, "peer_id"],
    ["/scrape", "everything"],
    ["/scrape?info_hash=short", "info_hash"],
    [`/scrape?${"info_hash=aaaaaaaaaaaaaaaaaaaa&".repeat(75)}`, "at most 74"],
  ])("refuses %j in bencode", async (target, reason) => {
    const { server } = await tracker();
    expect((await body(server.port, target)).getText("failure reason")).toContain(reason);
    expect((await server.stats()).refusedCount).toBe(1);
  });

  it("answers other pages and methods in HTTP, and nonsense with the end of the connection", async () => {
    const { server, client } = await tracker();
    const status = async (request: string): Promise<string> =>
      (await raw(server.port, request)).split("\r\n")[0]!;
    expect(await status("GET / HTTP/1.0\r\n\r\n")).toContain("404");
    expect(await status("GET /announcement HTTP/1.0\r\n\r\n")).toContain("404");
    expect(await status("POST /announce HTTP/1.0\r\n\r\n")).toContain("405");
    expect(await status("\x13BitTorrent protocol\r\n\r\n")).toContain("400");
    expect(await status(`GET /announce?${"x".repeat(20_000)} HTTP/1.0\r\n\r\n`)).toContain("431");
    await client.announce(server.announceUrl, announceOf(1));
  });

  it("takes info-hashes with characters that are not escaped, and a plus as a plus", async () => {
    const { server, client } = await tracker();
    const infoHash = Uint8Array.from({ length: 20 }, (_, i) => [0x2b, 0xe9, 0x7c, 0x25, 0x3b][i % 5]!);
    const rawHash = "+%e9|%25;".repeat(4);
    await body(server.port, `/announce?info_hash=${rawHash}&peer_id=-XX0000-abcdefghijkl&port=77`);
    expect((await client.announce(server.announceUrl, announceOf(1, { infoHash }))).peers).toMatchObject([
      { port: 77 },
    ]);
  });

  it("says so when it cannot listen", async () => {
    const { server } = await tracker();
    await expect(createTrackerServer({ host: "127.0.0.1", port: server.port })).rejects.toMatchObject({
      code: "TRACKER_LISTEN_FAILED",
    });
  });

  it("uses another store, and has a word for its troubles", async () => {
    const fails = (): never => {
      throw new Error("the store's own secret");
    };
    const { server, client } = await tracker({
      store: {
        announce: fails,
        scrape: fails,
        stats: () => ({ swarmCount: 1, peerCount: 2, seederCount: 0, byteLength: undefined }),
      },
    });
    const error = await client.announce(server.announceUrl, announceOf(1)).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: "TRACKER_FAILURE",
      failureReason: expect.not.stringContaining("secret"),
    });
    expect(await server.stats()).toMatchObject({ swarmCount: 1, peerCount: 2, refusedCount: 1 });
  });
});

describe("an announce's query", () => {
  it("is read or refused, whatever it is", () => {
    const pair = fc.tuple(
      fc.constantFrom("info_hash", "peer_id", "port", "left", "numwant", "event"),
      fc.string(),
    );
    const query = fc.array(pair).map((pairs) => pairs.map(([key, value]) => `${key}=${value}`).join("&"));
    fc.assert(
      fc.property(fc.oneof(query, fc.string()), (text) => {
        try {
          parseAnnounceRequest(new TextEncoder().encode(text));
        } catch (error) {
          expect(error).toMatchObject({ code: "TRACKER_FAILURE" });
        }
      }),
    );
  });
});
