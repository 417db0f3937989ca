import { createSocket } from "node:dgram";
import { writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { createTorrent } from "@bt/metainfo";
import { createTrackerClient } from "@bt/tracker";
import { createTrackerServer, type TrackerServer } from "@bt/tracker/server";
import { describe, expect, it, onTestFinished } from "vitest";
import { jsonLines, runBt, startBt } from "./support/run-bt.ts";
import { tempFolder } from "./support/temp-folder.ts";

const HASH = "ab".repeat(20);
const INFO_HASH = new Uint8Array(20).fill(0xab);

/** A tracker that knows a seeder on port 7001 and a leecher on port 7002. */
async function tracker(): Promise<TrackerServer> {
  const server = await createTrackerServer({ host: "127.0.0.1", port: 0 });
  onTestFinished(() => server.close());
  const client = createTrackerClient();
  for (const [port, left] of [
    [7_001, 0],
    [7_002, 5],
  ] as const) {
    const peerId = new Uint8Array(20).fill(port);
    await client.announce(server.announceUrl, {
      infoHash: INFO_HASH,
      peerId,
      port,
      left,
      uploaded: 0,
      downloaded: 0,
    });
  }
  client.close();
  return server;
}

async function silentUdp(): Promise<string> {
  const socket = createSocket("udp4");
  onTestFinished(() => void socket.close());
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  return `udp://127.0.0.1:${socket.address().port}`;
}

describe("bt scrape", () => {
  it("prints the counts of a swarm, and leaves no trace in it", async () => {
    const server = await tracker();
    const { code, out, err } = await runBt(["scrape", HASH, "--tracker", server.announceUrl]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toBe(`${server.announceUrl}: 1 seeder, 1 leecher, completed 0 times\n`);
    expect((await server.stats()).announceCount).toBe(2);
  });

  it("asks the trackers of a torrent for both hashes of a hybrid one, as JSON", async () => {
    const server = await tracker();
    const folder = tempFolder();
    writeFileSync(join(folder, "payload"), "x".repeat(40_000));
    const args = ["create", "payload", "--format", "hybrid", "--tracker", server.announceUrl];
    expect((await runBt(args, { cwd: folder })).code).toBe(0);
    const info = jsonLines((await runBt(["info", "payload.torrent", "--json"], { cwd: folder })).out)[0]!;
    const { code, out } = await runBt(["scrape", "payload.torrent", "--json"], { cwd: folder });
    expect(code).toBe(0);
    const nothing = { seeders: 0, leechers: 0, downloaders: 0, downloads: 0 };
    const lines = jsonLines(out);
    expect(lines.map(({ infoHash }) => infoHash)).toEqual([
      info["infoHash"],
      (info["infoHashV2"] as string).slice(0, 40),
    ]);
    for (const line of lines) {
      expect(line).toEqual({
        event: "scrape",
        tracker: server.announceUrl,
        infoHash: line["infoHash"],
        ...nothing,
      });
    }
  });

  it("names what is wrong with each tracker, and succeeds when one of them answers", async () => {
    const server = await tracker();
    const magnet = `magnet:?xt=urn:btih:${HASH}&tr=${encodeURIComponent("http://127.0.0.1:1/announce")}&tr=${encodeURIComponent(server.announceUrl)}`;
    const { code, out, err } = await runBt(["scrape", magnet]);
    expect(code).toBe(0);
    expect(out).toContain("1 seeder");
    expect(err).toMatch(/^error: http:\/\/127\.0\.0\.1:1\/announce: .*cannot be reached \(ECONNREFUSED\)\n$/);
  });

  it("ends with status 5 when nobody answers within the timeout", async () => {
    const url = await silentUdp();
    const { code, out } = await runBt(["scrape", HASH, "--tracker", url, "--timeout", "200ms", "--json"]);
    expect(code).toBe(5);
    expect(jsonLines(out)).toEqual([
      {
        event: "error",
        tracker: url,
        infoHash: null,
        code: "TRACKER_TIMEOUT",
        message: "the tracker did not answer within 0.2 s",
      },
    ]);
  });

  it("stops at Ctrl-C", async () => {
    const { io, ended } = startBt(["scrape", HASH, "--tracker", await silentUdp()]);
    setImmediate(() => io.send("SIGINT"));
    expect(await ended).toBe(130);
  });

  it("asks through a proxy, and no UDP tracker where that speaks HTTP", async () => {
    const urls: string[] = [];
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", (head) => {
        urls.push(head.toString().split(" ")[1]!);
        socket.end("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nd5:filesdee");
      });
    });
    onTestFinished(() => void server.close());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const proxy = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const trackers = "http://t.example/announce,udp://t.example:80";
    const { code, out, err } = await runBt(["scrape", HASH, "--tracker", trackers, "--proxy", proxy]);
    expect({ code, out }).toEqual({ code: 0, out: "http://t.example/announce: not known there\n" });
    expect(urls[0]).toMatch(/^http:\/\/t\.example\/scrape\?info_hash=/);
    expect(err).toBe("error: udp://t.example:80: an HTTP proxy does not carry UDP; use SOCKS 5\n");
    expect((await runBt(["scrape", HASH, "--tracker", trackers, "--proxy", "socks4://x"])).code).toBe(2);
  });

  it("needs a tracker: status 2", async () => {
    const { code, err } = await runBt(["scrape", HASH]);
    expect(code).toBe(2);
    expect(err).toContain("the source names no tracker; name one with --tracker");
  });
});

describe("bt announce", () => {
  it("prints the peers of a swarm, and has left it in the end", async () => {
    const server = await tracker();
    const { code, out, err } = await runBt(["announce", HASH, "--tracker", server.announceUrl]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const [head, ...peers] = out.trimEnd().split("\n");
    expect(head).toMatch(/: 2 peers, 1 seeder, 2 leechers, next announce in /);
    expect(peers.sort()).toEqual(["  127.0.0.1:7001", "  127.0.0.1:7002"]);
    const after = await runBt(["scrape", HASH, "--tracker", server.announceUrl]);
    expect(after.out).toContain("1 seeder, 1 leecher");
  });

  it("stays where it is told to, and leaves with an event of its own", async () => {
    const server = await tracker();
    const asked = ["announce", HASH, "--tracker", server.announceUrl, "--port", "7003"];
    const leechers = async (): Promise<string> =>
      /\d+ leechers?/.exec((await runBt(["scrape", HASH, "--tracker", server.announceUrl])).out)![0];
    const stayed = await runBt([...asked, "--stay", "--num-want", "1", "--left", "2M", "--json"]);
    expect(jsonLines(stayed.out)[0]).toMatchObject({
      event: "announce",
      infoHash: HASH,
      warning: null,
      peers: { length: 1 },
    });
    expect(await leechers()).toBe("2 leechers");
    expect((await runBt([...asked.with(-1, "7004"), "--event", "started"])).code).toBe(0);
    expect(await leechers()).toBe("3 leechers");
    const seed = await runBt([...asked.with(-1, "7005"), "--left", "0", "--stay"]);
    expect(seed.out).toContain("2 seeders");
  });

  it("shows a stranger's words without letting them steer the terminal", async () => {
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      const body = "d15:warning message9:\u001b[31mboo\n8:intervali60e5:peers0:e";
      socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    });
    onTestFinished(() => void server.close());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/announce`;
    const { out } = await runBt(["announce", HASH, "--tracker", url, "--event", "completed"]);
    expect(out).toContain("  warning: \\u{1b}[31mboo\\u{a}\n");
  });

  it("refuses events that do not exist: status 2", async () => {
    const { code, err } = await runBt(["announce", HASH, "--event", "begin"]);
    expect(code).toBe(2);
    expect(err).toContain('"begin" is not an event; write started, completed, stopped or paused');
  });

  it("does not take less than a torrent", async () => {
    const folder = tempFolder();
    writeFileSync(
      join(folder, "x.torrent"),
      createTorrent({
        name: "x",
        files: [{ path: [], length: 5 }],
        pieceLength: 16_384,
        pieceHashes: new Uint8Array(20),
      }),
    );
    const { code } = await runBt(["announce", "x.torrent"], { cwd: folder });
    expect(code).toBe(2);
    expect((await runBt(["announce", "missing.torrent"], { cwd: folder })).code).toBe(3);
  });
});
