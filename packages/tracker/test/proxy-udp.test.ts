import { createTrackerClient, type TrackerClient, type TrackerClientOptions } from "@bt/tracker";
import { createTrackerServer, type TrackerServer } from "@bt/tracker/server";
import { createServer, type AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { announceOf } from "./support/announce-parameters.ts";
import { socksRelay } from "./support/socks-relay.ts";

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function tracker(): Promise<TrackerServer> {
  const server = await createTrackerServer({ host: "127.0.0.1", port: null, udpPort: 0 });
  open.push(() => server.close());
  return server;
}

function through(port: number, options: TrackerClientOptions = {}): TrackerClient {
  const resolve = (host: string): Promise<never> => Promise.reject(new Error(`looked up ${host}`));
  const client = createTrackerClient({ proxy: `socks5://127.0.0.1:${port}`, resolve, ...options });
  open.push(() => client.close());
  return client;
}

const V4 = Uint8Array.of(1, 192, 0, 2, 7, 0x1b, 0x39);
const OTHER = Uint8Array.of(1, 192, 0, 2, 8, 0x1b, 0x39);

describe("a UDP tracker through SOCKS 5", () => {
  it("is asked by name, nothing is looked up here, and all torrents share one association", async () => {
    const server = await tracker();
    const relay = await socksRelay(server.udpPort!, V4);
    const client = through(relay.port);
    const url = "udp://tracker.example:6969/announce";
    await client.announce(url, announceOf(1, { left: 0 }));
    const answers = await Promise.all([2, 3, 4].map((n) => client.announce(url, announceOf(n))));
    for (const answer of answers) expect(answer.peers).toContainEqual({ host: "127.0.0.1", port: 10_001 });
    expect((await client.scrape(url, [announceOf(1).infoHash])).swarms.size).toBe(1);
    expect(new Set(relay.carried)).toEqual(new Set(["3 tracker.example:6969"]));
  });

  it("at a numeric address is believed only when the proxy says that the answer came from there", async () => {
    const server = await tracker();
    const url = "udp://192.0.2.7:6969/announce";
    const honest = await socksRelay(server.udpPort!, V4);
    expect(await through(honest.port).announce(url, announceOf(1))).toMatchObject({ seederCount: 0 });
    expect(honest.carried[0]).toBe("1 192.0.2.7:6969");
    const lying = await socksRelay(server.udpPort!, OTHER);
    await expect(
      through(lying.port, { totalTimeoutMs: 200 }).announce(url, announceOf(1)),
    ).rejects.toMatchObject({ code: "TRACKER_TIMEOUT" });
  });

  it("does not mind datagrams that are cut, in parts, or no datagrams of SOCKS", async () => {
    const server = await tracker();
    const relay = await socksRelay(server.udpPort!, V4);
    const client = through(relay.port);
    const url = "udp://tracker.example:6969/announce";
    await client.announce(url, announceOf(1));
    for (const header of [[], [0], [0, 0, 1, ...V4], [0, 0, 0, 3, 200, 1], [0, 0, 0, 9, 1, 1, 1, 1, 1, 1]])
      relay.forge(Uint8Array.from(header), new Uint8Array(3));
    expect(await client.announce(url, announceOf(2))).toMatchObject({ leecherCount: 2 });
  });

  it("is asked over a new association when the proxy has ended the old one", async () => {
    const server = await tracker();
    const relay = await socksRelay(server.udpPort!, V4);
    const client = through(relay.port, { totalTimeoutMs: 3_000 });
    const url = "udp://tracker.example:6969/announce";
    await client.announce(url, announceOf(1));
    relay.hangUp();
    await expect
      .poll(() =>
        client.announce(url, announceOf(2)).then(
          ({ leecherCount }) => leecherCount,
          () => 0,
        ),
      )
      .toBe(2);
  });

  it("is unreachable through a proxy that carries no datagrams, or is silent, and never asked past it", async () => {
    const server = await tracker();
    const refusing = createServer((socket) => {
      socket.once("data", () => {
        socket.write(Uint8Array.of(5, 0));
        socket.once("data", () => socket.end(Uint8Array.of(5, 7, 0, 1, 0, 0, 0, 0, 0, 0)));
      });
      socket.on("error", () => undefined);
    });
    const silent = createServer((socket) => void socket.on("error", () => undefined));
    for (const proxy of [refusing, silent]) {
      await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
      const client = through((proxy.address() as AddressInfo).port, { receiveTimeoutMs: 200 });
      await expect(
        client.announce(`udp://127.0.0.1:${server.udpPort}/announce`, announceOf(1)),
      ).rejects.toMatchObject({ code: "TRACKER_UNREACHABLE" });
      client.close();
      proxy.close();
    }
    expect((await server.stats()).udpConnectCount).toBe(0);
  });

  it("does not lead to the secrets of a cloud machine", async () => {
    await expect(
      through(1).announce("udp://169.254.169.254:80/announce", announceOf(1)),
    ).rejects.toMatchObject({ code: "TRACKER_ADDRESS_REFUSED" });
  });
});
