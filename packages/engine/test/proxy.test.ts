import { readFile } from "node:fs/promises";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { join } from "node:path";
import { createNodeSession } from "@bt/engine/node";
import { createTrackerServer, type TrackerServer } from "@bt/tracker/server";
import { describe, expect, it } from "vitest";
import { folder, payload, session, torrentBytes, useOneFile, whenOver } from "./one-file.ts";

const LENGTH = 300_000;
const PIECE_LENGTH = 16_384;

useOneFile(LENGTH, PIECE_LENGTH);

interface Proxy {
  readonly port: number;
  /** `host:port` of each tunnel. */
  readonly asked: string[];
}

/** A proxy that leads where it is asked to; `say` reads one request off the stream and answers it, or hangs up. */
async function proxy(
  say: (socket: Socket, bytes: Buffer) => { host: string; port: number; yes: Uint8Array } | undefined,
): Promise<Proxy> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    const onData = (bytes: Buffer): void => {
      const to = say(socket, bytes);
      if (to === undefined) return;
      socket.off("data", onData);
      asked.push(`${to.host}:${to.port}`);
      const target = connect(to.port, to.host, () => {
        socket.write(to.yes);
        socket.pipe(target).pipe(socket);
      });
      target.on("error", () => socket.destroy());
    };
    socket.on("data", onData);
  });
  whenOver(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { port: (server.address() as AddressInfo).port, asked };
}

const socksProxy = (): Promise<Proxy> =>
  proxy((socket, bytes) => {
    if (bytes.length === 3) {
      socket.write(Uint8Array.of(5, 0));
      return undefined;
    }
    if (bytes[1] !== 1 || bytes[3] !== 1) {
      socket.end(Uint8Array.of(5, 7, 0, 1, 0, 0, 0, 0, 0, 0));
      return undefined;
    }
    const yes = Uint8Array.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0);
    return { host: bytes.subarray(4, 8).join("."), port: bytes.readUInt16BE(8), yes };
  });

const httpProxy = (): Promise<Proxy> =>
  proxy((socket, bytes) => {
    const head = bytes.toString("latin1");
    const tunnel = /^CONNECT ([0-9.]+):([0-9]+) /.exec(head);
    if (tunnel !== null)
      return { host: tunnel[1]!, port: Number(tunnel[2]), yes: Buffer.from("HTTP/1.1 200 yes\r\n\r\n") };
    const plain = /^GET http:\/\/([0-9.]+):([0-9]+)(\S+) /.exec(head);
    if (plain === null) socket.destroy();
    else {
      const target = connect(Number(plain[2]), plain[1], () =>
        target.write(`GET ${plain[3]} HTTP/1.0\r\n\r\n`),
      );
      target.on("error", () => socket.destroy()).pipe(socket);
    }
    return undefined;
  });

async function tracker(): Promise<TrackerServer> {
  const server = await createTrackerServer({ host: "127.0.0.1", udpPort: 0 });
  whenOver(() => server.close());
  return server;
}

describe("a session with a proxy", () => {
  it.each([
    ["socks5", socksProxy],
    ["http", httpProxy],
  ] as const)("reaches trackers and peers through it (%s), and listens nowhere", async (scheme, open) => {
    const server = await tracker();
    const bytes = torrentBytes([[server.announceUrl]]);
    const seeder = await session();
    await seeder.add(bytes, { root: join(folder, "seed") }).ready;
    await expect.poll(async () => (await server.stats()).seederCount).toBe(1);
    const through = await open();
    const leecher = await session({ proxy: `${scheme}://127.0.0.1:${through.port}` });
    expect(leecher.port).toBe(0);
    const torrent = leecher.add(bytes, { root: join(folder, "leech") });
    await torrent.done;
    expect((await readFile(join(folder, "leech", "payload.bin"))).equals(payload)).toBe(true);
    expect(through.asked).toContain(`127.0.0.1:${seeder.port}`);
    if (scheme === "socks5") expect(through.asked).toContain(`127.0.0.1:${server.port}`);
    expect((await server.stats()).httpAnnounceCount).toBeGreaterThanOrEqual(2);
    expect(torrent.snapshot().trackers[0]).toMatchObject({ lastError: undefined });
  });

  it("asks no UDP tracker and no peer past a proxy that refuses, or does not carry it", async () => {
    const server = await tracker();
    const seeder = await session();
    const udpUrl = `udp://127.0.0.1:${server.udpPort}/announce`;
    const bytes = torrentBytes([[udpUrl]]);
    await seeder.add(bytes, { root: join(folder, "seed"), useTrackers: false }).ready;
    for (const [scheme, open] of [
      ["http", httpProxy],
      ["socks5", socksProxy],
    ] as const) {
      const through = await open();
      const leecher = await session({ proxy: `${scheme}://127.0.0.1:${through.port}` });
      const torrent = leecher.add(bytes, { root: join(folder, `leech-${scheme}`) });
      await expect
        .poll(() => torrent.snapshot().trackers[0]!.lastError?.code)
        .toBe(scheme === "http" ? "TRACKER_UNSUPPORTED_SCHEME" : "TRACKER_UNREACHABLE");
      await leecher.close();
    }
    const refusing = await proxy((socket) => {
      socket.destroy();
      return undefined;
    });
    const lonely = await session({ proxy: `socks5://127.0.0.1:${refusing.port}` });
    const torrent = lonely.add(bytes, {
      root: join(folder, "lonely"),
      useTrackers: false,
      peers: [{ host: "127.0.0.1", port: seeder.port }],
    });
    await expect
      .poll(() => torrent.explain())
      .toMatchObject({ reason: "no-peers-connected", diallingCount: 0 });
    expect(seeder.connectionCount).toBe(0);
    expect((await server.stats()).udpConnectCount).toBe(0);
  });

  it("is not begun with what is no proxy", async () => {
    await expect(createNodeSession({ proxy: "socks4://h" })).rejects.toThrow(TypeError);
  });
});
