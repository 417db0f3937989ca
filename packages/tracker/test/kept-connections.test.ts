import { createTrackerClient, type TrackerClient, type TrackerClientOptions } from "@bt/tracker";
import { createTrackerServer } from "@bt/tracker/server";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { announceOf } from "./support/announce-parameters.ts";
import { httpAnswer } from "./support/raw-server.ts";

const BODY = "d8:intervali900e5:peers0:e";
const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

function client(options: TrackerClientOptions = {}): TrackerClient {
  const made = createTrackerClient(options);
  open.push(() => made.close());
  return made;
}

interface Keeper {
  readonly port: number;
  /** Each connection with the requests that came over it. */
  readonly connections: string[][];
}

/** A server that keeps its connections and answers each request as `answer` says. */
async function keeper(answer: (head: string, socket: Socket) => Uint8Array | undefined): Promise<Keeper> {
  const connections: string[][] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const requests: string[] = [];
    connections.push(requests);
    sockets.add(socket);
    let text = "";
    socket.on("error", () => undefined);
    socket.on("data", (part) => {
      text += part.toString("latin1");
      for (let end = text.indexOf("\r\n\r\n"); end >= 0; end = text.indexOf("\r\n\r\n")) {
        const head = text.slice(0, end);
        text = text.slice(end + 4);
        requests.push(head);
        const bytes = answer(head, socket);
        if (bytes !== undefined) socket.write(bytes);
      }
    });
  });
  open.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { port: (server.address() as AddressInfo).port, connections };
}

const many = (asking: TrackerClient, url: string, count: number): Promise<unknown> =>
  Promise.all(Array.from({ length: count }, (_, i) => asking.announce(url, announceOf(i + 1))));

describe("requests for many torrents of one tracker", () => {
  it("share a few connections, also with our own server", async () => {
    const { port, connections } = await keeper(() => httpAnswer(BODY));
    const asking = client({ maxHostBurst: 1_000 });
    await many(asking, `http://127.0.0.1:${port}/announce`, 60);
    expect(connections.flat()).toHaveLength(60);
    // Ten at a time, and some more while a connection is on its way back.
    expect(connections.length).toBeLessThan(20);

    const server = await createTrackerServer({ host: "127.0.0.1" });
    open.push(() => server.close());
    await many(asking, server.announceUrl, 60);
    expect((await server.stats()).announceCount).toBe(60);
    expect((await server.stats()).connectionCount).toBeLessThan(20);
    asking.close();
    await expect.poll(async () => (await server.stats()).connectionCount).toBe(0);
  });

  it("do not come when it is only one: its connection is not kept", async () => {
    const { port, connections } = await keeper(() => httpAnswer(BODY));
    const asking = client();
    for (let i = 0; i < 3; i++) await asking.announce(`http://127.0.0.1:${port}/announce`, announceOf(i));
    expect(connections).toHaveLength(3);
    for (const head of connections.flat()) expect(head.toLowerCase()).toContain("connection: close");
  });

  it("are asked again over a new connection when the tracker ends a kept one, or answers nothing over it", async () => {
    const { port, connections } = await keeper((head, socket) => {
      const isFirst = connections.some((requests) => requests.length === 1 && requests[0] === head);
      if (!isFirst) socket.resetAndDestroy();
      return isFirst ? httpAnswer(BODY) : undefined;
    });
    await many(client({ maxHostBurst: 1_000 }), `http://127.0.0.1:${port}/announce`, 40);
    const answered = connections.map((requests) => requests[0]);
    expect(new Set(answered).size).toBe(40);
    expect(connections.flat().length).toBeGreaterThan(40);
  });

  it("use no connection that the rules would not have let them make", async () => {
    const heads: string[] = [];
    const { port } = await keeper((head) => {
      heads.push(head);
      return head.includes("/announce")
        ? httpAnswer("", ["Location: /private"], "302 Found")
        : httpAnswer(BODY);
    });
    const asking = client({ resolve: () => Promise.resolve(["127.0.0.1"]), maxHostBurst: 1_000 });
    const url = `http://tracker.example:${port}/announce`;
    const answers = await Promise.allSettled(
      Array.from({ length: 30 }, (_, i) => asking.announce(url, announceOf(i + 1))),
    );
    for (const answer of answers)
      expect(answer).toMatchObject({ status: "rejected", reason: { code: "TRACKER_ADDRESS_REFUSED" } });
    expect(heads.filter((head) => head.includes("/private"))).toEqual([]);
  });

  it("do not mix two bodies up when one is cut off", async () => {
    const { port, connections } = await keeper((head) =>
      /port=1000[37]&/.test(head) ? httpAnswer("x".repeat(3_000)) : httpAnswer(BODY),
    );
    const asking = client({ maxBodyLength: 1_000, maxHostBurst: 1_000 });
    const answers = await Promise.allSettled(
      Array.from({ length: 30 }, (_, i) =>
        asking.announce(`http://127.0.0.1:${port}/announce`, announceOf(i + 1)),
      ),
    );
    const failed = answers.filter(({ status }) => status === "rejected");
    expect(failed).toHaveLength(2);
    for (const answer of failed)
      expect(answer).toMatchObject({ reason: { code: "TRACKER_RESPONSE_TOO_LARGE" } });
    expect(connections.flat()).toHaveLength(30);
  });
});

describe("a name that changes its address between two lookups", () => {
  it("does not lead past the rules: the address that is connected to is the one that was judged", async () => {
    const { port, connections } = await keeper(() => httpAnswer(BODY));
    let lookups = 0;
    const resolve = (): Promise<string[]> =>
      Promise.resolve([lookups++ === 0 ? "198.51.100.7" : "127.0.0.1"]);
    const url = `http://rebinding.example:${port}/private`;
    await expect(client({ resolve }).announce(url, announceOf(1))).rejects.toMatchObject({
      code: "TRACKER_ADDRESS_REFUSED",
    });
    expect(lookups).toBeGreaterThan(1);
    expect(connections).toEqual([]);
  });

  it("nor do some bad addresses among good ones", async () => {
    const { port, connections } = await keeper(() => httpAnswer(BODY));
    const resolve = (): Promise<string[]> => Promise.resolve(["169.254.169.254", "127.0.0.1"]);
    const url = `http://mixed.example:${port}/announce`;
    await client({ resolve }).announce(url, announceOf(1));
    expect(connections).toHaveLength(1);
  });
});
