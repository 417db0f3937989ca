import { bytesEqual } from "@bt/primitives";
import { Simulation } from "@bt/swarm-sim";
import { describe, expect, it } from "vitest";
import { makeTorrent } from "./payload.ts";

const small = makeTorrent(3_000_000, 65_536);

describe("a swarm", () => {
  it("of one seed and one leecher completes, byte for byte, and tells the tracker", async () => {
    const simulation = new Simulation({ seed: 1, ...small });
    await simulation.addNode({ have: "all" });
    const leecher = await simulation.addNode();
    expect(await simulation.run(() => simulation.isComplete(), 60_000)).toBe(true);
    expect(bytesEqual(leecher.disk.contents, small.payload)).toBe(true);
    await expect(leecher.torrent.done).resolves.toBeUndefined();
    expect(leecher.torrent.snapshot()).toMatchObject({
      state: "seeding",
      wastedLength: 0,
      verifiedLength: 3_000_000,
    });
    await simulation.run(() => false, 1_000);
    expect(
      simulation.tracker.log.filter(({ host }) => host === leecher.host).map(({ event }) => event),
    ).toEqual(["started", "completed"]);
  });

  it("starts at once: a small torrent takes little more than its round trips", async () => {
    const simulation = new Simulation({ seed: 2, ...makeTorrent(65_536, 16_384) });
    await simulation.addNode({ have: "all" });
    await simulation.run(() => false, 1_000);
    const begin = simulation.clock.now();
    await simulation.addNode();
    expect(await simulation.run(() => simulation.isComplete(), 60_000)).toBe(true);
    // Announce 30 ms; dial, handshake, bitfield, interested, request: five round trips of 80 ms.
    expect(simulation.clock.now() - begin).toBeLessThan(600);
  });

  it("of 20 leechers and a slow seed trades: the seed sends less than three copies", async () => {
    const simulation = new Simulation({ seed: 3, ...makeTorrent(4_000_000, 65_536) });
    const seed = await simulation.addNode({ have: "all", session: { maxUploadRate: 400_000 } });
    for (let i = 0; i < 20; i++) await simulation.addNode({ link: { upRate: 1_000_000 } });
    expect(await simulation.run(() => simulation.isComplete(), 600_000)).toBe(true);
    for (const node of simulation.nodes)
      expect(bytesEqual(node.disk.contents, simulation.payload)).toBe(true);
    expect(seed.torrent.snapshot().uploadedLength).toBeLessThan(3 * 4_000_000);
  });

  it("is the same in every run with the same seed, and another with another", async () => {
    const run = async (seed: number): Promise<string[]> => {
      const log: string[] = [];
      const simulation = new Simulation({ seed, ...small });
      const session = {
        onFact: (_hash: string, fact: { type: string }) => log.push(`${simulation.clock.now()} ${fact.type}`),
      };
      await simulation.addNode({ have: "all", session });
      for (let i = 0; i < 4; i++) await simulation.addNode({ session });
      expect(await simulation.run(() => simulation.isComplete(), 60_000)).toBe(true);
      return log;
    };
    const first = await run(7);
    expect(await run(7)).toEqual(first);
    expect(await run(8)).not.toEqual(first);
  });

  it("completes for many seeds of chance, with leechers that begin with parts, slow disks and few buffers", async () => {
    for (let seed = 100; seed < 130; seed++) {
      const simulation = new Simulation({ seed, ...makeTorrent(700_000, 32_768, seed) });
      const { pieceCount } = simulation.metainfo.layout.pieces;
      // No seed: each piece is with exactly one of the five.
      const owners = Array.from({ length: pieceCount }, () => Math.floor(simulation.random.fraction() * 5));
      for (let i = 0; i < 5; i++)
        await simulation.addNode({
          have: owners.flatMap((owner, piece) => (owner === i ? [piece] : [])),
          disk: { bufferCount: 1 + (seed % 4), latencyMs: 1 + (seed % 50) },
          link: { latencyMs: seed % 100, upRate: 50_000 + 10_000 * (seed % 17) },
        });
      const done = await simulation.run(() => simulation.isComplete(), 600_000);
      expect(done, `seed ${seed}`).toBe(true);
      for (const node of simulation.nodes) {
        expect(bytesEqual(node.disk.contents, simulation.payload), `seed ${seed}`).toBe(true);
        expect(node.disk.mostBuffersOut).toBeLessThanOrEqual(1 + (seed % 4));
        expect(node.disk.buffersOut).toBe(0);
      }
    }
  });

  it("wastes little in endgame", async () => {
    const simulation = new Simulation({ seed: 11, ...makeTorrent(10_000_000, 131_072) });
    for (let i = 0; i < 4; i++)
      await simulation.addNode({ have: "all", link: { upRate: 100_000 * (i + 1) } });
    const leecher = await simulation.addNode();
    expect(await simulation.run(() => simulation.isComplete(), 120_000)).toBe(true);
    expect(leecher.torrent.snapshot().wastedLength).toBeLessThan(0.03 * 10_000_000);
  });

  it("keeps to rate limits in both directions", async () => {
    const simulation = new Simulation({ seed: 12, ...makeTorrent(1_000_000, 65_536) });
    await simulation.addNode({ have: "all" });
    const leecher = await simulation.addNode({ session: { maxDownloadRate: 100_000 } });
    await simulation.run(() => leecher.torrent.state === "seeding", 60_000);
    expect(simulation.clock.now()).toBeGreaterThan(9_000);
    expect(simulation.clock.now()).toBeLessThan(12_000);
    const other = new Simulation({ seed: 12, ...makeTorrent(1_000_000, 65_536) });
    await other.addNode({ have: "all", session: { maxUploadRate: 100_000 } });
    await other.addNode();
    await other.run(() => other.isComplete(), 60_000);
    expect(other.clock.now()).toBeGreaterThan(9_000);
    expect(other.clock.now()).toBeLessThan(12_000);
  });
});

describe("a torrent", () => {
  it("really pauses, and goes on where it was", async () => {
    const simulation = new Simulation({ seed: 21, ...small });
    const seed = await simulation.addNode({ have: "all", link: { upRate: 500_000 } });
    const leecher = await simulation.addNode();
    await simulation.run(() => leecher.torrent.snapshot().haveCount > 10, 60_000);
    leecher.torrent.pause();
    await simulation.run(() => false, 2_000);
    const { haveCount, peerCount } = leecher.torrent.snapshot();
    expect(peerCount).toBe(0);
    const sent = seed.torrent.snapshot().uploadedLength;
    await simulation.run(() => false, 60_000);
    expect(leecher.torrent.snapshot().haveCount).toBe(haveCount);
    expect(seed.torrent.snapshot().uploadedLength).toBe(sent);
    expect(leecher.torrent.explain()).toEqual({ reason: "paused" });
    leecher.torrent.resume();
    expect(await simulation.run(() => simulation.isComplete(), 120_000)).toBe(true);
    expect(bytesEqual(leecher.disk.contents, small.payload)).toBe(true);
  });

  it("stops with the disk's error, keeps what it has, and goes on when asked", async () => {
    const simulation = new Simulation({ seed: 22, ...small });
    await simulation.addNode({ have: "all" });
    let isFull = false;
    const leecher = await simulation.addNode({
      disk: {
        beforeCommit: () => {
          if (isFull) throw new Error("no space left");
        },
      },
    });
    const errors: string[] = [];
    leecher.torrent.on("error", (error) => errors.push(error.message));
    await simulation.run(() => leecher.torrent.snapshot().haveCount >= 5, 60_000);
    isFull = true;
    await simulation.run(() => leecher.torrent.state === "error", 60_000);
    await expect(leecher.torrent.done).rejects.toThrow("no space left");
    expect(errors).toEqual(["no space left"]);
    await simulation.run(() => false, 5_000);
    expect(leecher.torrent.snapshot().peerCount).toBe(0);
    expect(leecher.torrent.snapshot().haveCount).toBeGreaterThanOrEqual(5);
    expect(leecher.disk.buffersOut).toBe(0);
    isFull = false;
    leecher.torrent.resume();
    expect(await simulation.run(() => simulation.isComplete(), 120_000)).toBe(true);
    await expect(leecher.torrent.done).resolves.toBeUndefined();
    expect(bytesEqual(leecher.disk.contents, small.payload)).toBe(true);
  });

  it("comes back to a seed that went away", async () => {
    const simulation = new Simulation({ seed: 23, ...small });
    const seed = await simulation.addNode({ have: "all", link: { upRate: 300_000 } });
    const leecher = await simulation.addNode();
    await simulation.run(() => leecher.torrent.snapshot().haveCount > 5, 60_000);
    seed.torrent.pause();
    await simulation.run(() => leecher.torrent.snapshot().peerCount === 0, 10_000);
    seed.torrent.resume();
    expect(await simulation.run(() => simulation.isComplete(), 300_000)).toBe(true);
  });

  it("closes cleanly: the tracker is told, the promises end", async () => {
    const simulation = new Simulation({ seed: 24, ...small });
    const node = await simulation.addNode();
    await simulation.run(() => false, 1_000);
    const closing = node.session.close();
    let isClosed = false;
    void closing.then(() => (isClosed = true));
    expect(await simulation.run(() => isClosed, 3_000)).toBe(true);
    expect(simulation.tracker.log.at(-1)).toMatchObject({ event: "stopped" });
    await expect(node.torrent.done).rejects.toMatchObject({ code: "ENGINE_CLOSED" });
  });

  it("closed the moment it is complete, tells the tracker that it is complete and then that it leaves", async () => {
    const simulation = new Simulation({ seed: 26, ...small });
    await simulation.addNode({ have: "all" });
    const leecher = await simulation.addNode();
    let isClosed = false;
    void leecher.torrent.done.then(() => leecher.session.close()).then(() => (isClosed = true));
    expect(await simulation.run(() => isClosed, 60_000)).toBe(true);
    const events = simulation.tracker.log
      .filter(({ host }) => host === leecher.host)
      .map(({ event }) => event);
    expect(events).toEqual(["started", "completed", "stopped"]);
  });

  it("says why it waits", async () => {
    const simulation = new Simulation({ seed: 25, ...small });
    const alone = await simulation.addNode();
    await simulation.run(() => false, 1_000);
    expect(alone.torrent.explain()).toMatchObject({ reason: "no-peers-known" });
    const other = await simulation.addNode();
    await simulation.run(() => other.torrent.snapshot().peerCount === 1, 5_000);
    expect(other.torrent.explain()).toMatchObject({ reason: "nobody-has-missing-pieces" });
  });
});
