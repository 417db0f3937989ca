import { createTrackerServer, type TrackerServer, type TrackerServerOptions } from "@bt/tracker/server";
import { connect, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { ManualClock } from "./support/manual-clock.ts";

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

interface Clocked {
  readonly server: TrackerServer;
  readonly clock: ManualClock;
  connectionCount(): Promise<number>;
}

async function tracker(options: TrackerServerOptions = {}): Promise<Clocked> {
  const clock = new ManualClock();
  const server = await createTrackerServer({ host: "127.0.0.1", clock, ...options });
  open.push(() => server.close());
  return { server, clock, connectionCount: async () => (await server.stats()).connectionCount };
}

interface Client {
  readonly socket: Socket;
  /** What has come so far. */
  received(): string;
  hasEnded(): boolean;
}

/** A client of the tracker, known to it when this resolves. */
async function client({ server, connectionCount }: Clocked, begin = ""): Promise<Client> {
  const before = await connectionCount();
  let text = "";
  let ended = false;
  const socket = connect(server.port, "127.0.0.1");
  open.push(() => socket.destroy());
  socket.on("data", (part) => (text += part.toString("latin1")));
  socket.on("error", () => undefined);
  socket.on("close", () => (ended = true));
  await new Promise((resolve) => socket.once("connect", resolve));
  await expect.poll(connectionCount).toBe(before + 1);
  if (begin !== "") socket.write(begin, "latin1");
  return { socket, received: () => text, hasEnded: () => ended };
}

const announce = (n: number, rest = "HTTP/1.1\r\nHost: t\r\n\r\n"): string =>
  `GET /announce?info_hash=${"%ab".repeat(20)}&peer_id=-XX0000-abcdefghijkl&port=${n}&left=1 ${rest}`;

describe("the tracker cuts off a client that", () => {
  it("never says anything", async () => {
    const t = await tracker();
    const silent = await client(t);
    t.clock.advance(9_000);
    expect(await t.connectionCount()).toBe(1);
    t.clock.advance(4_000);
    await expect.poll(silent.hasEnded).toBe(true);
    expect(await t.connectionCount()).toBe(0);
  });

  it("sends its request a byte now and then", async () => {
    const t = await tracker();
    const slow = await client(t, "GET /announce");
    for (let second = 0; second < 9; second++) {
      slow.socket.write("x");
      t.clock.advance(1_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await t.connectionCount()).toBe(1);
    slow.socket.write("x");
    t.clock.advance(3_000);
    await expect.poll(slow.hasEnded).toBe(true);
    expect(slow.received()).toBe("");
  });

  it("sends headers without end, one now and then", async () => {
    const t = await tracker();
    const slow = await client(t, "GET /announce HTTP/1.1\r\n");
    for (let second = 0; second < 14 && !slow.hasEnded(); second++) {
      slow.socket.write(`X-${second}: y\r\n`);
      t.clock.advance(1_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await expect.poll(slow.hasEnded).toBe(true);
  });

  it("announces a body: it is refused at once, and what it still sends is not waited for", async () => {
    const t = await tracker();
    const slow = await client(t, "POST /announce HTTP/1.1\r\nContent-Length: 1000000\r\n\r\nabc");
    await expect.poll(slow.received).toMatch(/^HTTP\/1\.1 413 /);
    // allowHalfOpen: it goes on sending although we have said our last word.
    t.clock.advance(5_000);
    await expect.poll(slow.hasEnded).toBe(true);
    expect(await t.connectionCount()).toBe(0);
  });

  it("keeps its connection and does not come back, after 20 s and not before 15", async () => {
    const t = await tracker();
    const idle = await client(t, announce(1));
    await expect.poll(idle.received).toContain("8:interval");
    t.clock.advance(15_500);
    idle.socket.write(announce(2));
    await expect.poll(() => [...idle.received().matchAll(/8:interval/g)].length).toBe(2);
    t.clock.advance(19_000);
    expect(await t.connectionCount()).toBe(1);
    t.clock.advance(4_000);
    await expect.poll(idle.hasEnded).toBe(true);
  });

  it("asks for much and reads nothing, with bounded memory", async () => {
    const t = await tracker({ requestsPerSecond: Infinity });
    const greedy = await client(t);
    greedy.socket.pause();
    const many = Array.from({ length: 500 }, (_, i) => announce(i + 1)).join("");
    // As much as the system takes: its buffers fill, then the tracker stops reading.
    let sent = 0;
    while (greedy.socket.writableLength < 8_000_000 && sent < 200) {
      greedy.socket.write(many, "latin1");
      sent++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    // It comes to a stop long before it has answered all.
    let answered = -1;
    await expect
      .poll(async () => {
        const { announceCount } = await t.server.stats();
        const hasStopped = announceCount === answered;
        answered = announceCount;
        return hasStopped;
      })
      .toBe(true);
    expect(answered).toBeLessThan(sent * 500);
    t.clock.advance(25_000);
    await expect.poll(async () => t.connectionCount()).toBe(0);
  });
});

describe("the tracker does not cut off", () => {
  it("clients whose requests waited while it was busy itself", async () => {
    const t = await tracker();
    const patient = await client(t);
    // A stall of the loop: time jumps, and the look comes before what the client sent meanwhile is read.
    patient.socket.write(announce(1));
    t.clock.advance(11_000);
    await expect.poll(patient.received).toContain("8:interval");
  });

  it("anybody once it is closed: it looks no more", async () => {
    const clock = new ManualClock();
    const server = await createTrackerServer({ host: "127.0.0.1", clock });
    expect(clock.lookCount).toBe(1);
    await server.close();
    expect(clock.lookCount).toBe(0);
  });
});

it("with all places taken, whoever was silent for longest makes room for one that asks", async () => {
  const t = await tracker({ maxConnectionCount: 8 });
  const asksTwice = await client(t, announce(1));
  await expect.poll(asksTwice.received).toContain("8:interval");
  const asksOnce = await client(t, announce(2));
  await expect.poll(asksOnce.received).toContain("8:interval");
  asksTwice.socket.write(announce(3));
  await expect.poll(() => asksTwice.received().split("8:interval")).toHaveLength(3);
  const idle: Client[] = [];
  for (let i = 0; i < 6; i++) idle.push(await client(t));
  for (let n = 4; n < 30; n++) {
    const socket = connect(t.server.port, "127.0.0.1");
    open.push(() => socket.destroy());
    let text = "";
    socket.on("data", (part) => (text += part.toString("latin1")));
    socket.write(announce(n, "HTTP/1.0\r\n\r\n"));
    await expect.poll(() => text).toContain("8:interval");
    expect(await t.connectionCount()).toBeLessThanOrEqual(8);
  }
  await expect.poll(asksOnce.hasEnded).toBe(true);
  expect([asksTwice, ...idle].filter(({ hasEnded }) => hasEnded())).toEqual([]);
});

it("with all places taken, nobody has them for longer than their time", async () => {
  const t = await tracker({ maxConnectionCount: 100 });
  for (let i = 0; i < 100; i++) await client(t);
  t.clock.advance(13_000);
  await expect.poll(t.connectionCount).toBe(0);
});
