import { bytesEqual } from "@bt/primitives";
import { ScriptedPeer, SeededRandom, Simulation, type PeerScript, type SimNode } from "@bt/swarm-sim";
import { encodeHaveAll, encodeInterested, encodeUnchoke, REQUEST_LENGTH, writeRequest } from "@bt/wire";
import { describe, expect, it } from "vitest";
import { makeTorrent } from "./payload.ts";

const torrent = makeTorrent(2_000_000, 65_536);
const serves: PeerScript = {
  onJoined: (peer) => peer.send(encodeHaveAll()),
  onInterested: (peer) => peer.send(encodeUnchoke()),
};
const flip = (block: Uint8Array): void => {
  block[0]! ^= 1;
};

/** One leecher that knows of the hostile peers and of one honest, slower seed. */
async function besideAnHonestSeed(
  seed: number,
  hosts: (simulation: Simulation) => Promise<readonly string[]>,
): Promise<{ simulation: Simulation; leecher: SimNode; honest: SimNode }> {
  const simulation = new Simulation({ seed, ...torrent });
  const hostile = await hosts(simulation);
  const honest = await simulation.addNode({ have: "all", link: { upRate: 400_000 } });
  const leecher = await simulation.addNode({
    torrent: { peers: hostile.map((host) => ({ host, port: 6881 })) },
  });
  return { simulation, leecher, honest };
}

async function completes(simulation: Simulation, leecher: SimNode, limitMs = 600_000): Promise<void> {
  expect(await simulation.run(() => leecher.torrent.state === "seeding", limitMs)).toBe(true);
  expect(bytesEqual(leecher.disk.contents, torrent.payload)).toBe(true);
}

describe("a peer that sends bad data", () => {
  it("is banned as soon as a whole piece came from it alone, and not dialled again", async () => {
    const peers: ScriptedPeer[] = [];
    const simulation = new Simulation({ seed: 1, ...torrent });
    const liar = await ScriptedPeer.listen(simulation, {
      ...serves,
      onRequest: (peer, piece, offset, length) => peer.sendBlock(piece, offset, length, flip),
    });
    const leecher = await simulation.addNode({ torrent: { peers: [{ host: liar.host, port: 6881 }] } });
    await simulation.run(() => liar.peers.some((peer) => !peer.isOpen), 60_000);
    await simulation.addNode({ have: "all" });
    await simulation.run(() => false, 1_000_000);
    expect(liar.peers).toHaveLength(1);
    expect(leecher.torrent.snapshot().wastedLength).toBeGreaterThan(0);
    expect(peers.every((peer) => !peer.isOpen)).toBe(true);
    // The honest seed was not known at first and comes with the next announce.
    await simulation.run(() => leecher.torrent.state === "seeding", 3_600_000);
    expect(bytesEqual(leecher.disk.contents, torrent.payload)).toBe(true);
  });

  it("does not keep the download from its end, nor does the honest peer pay for it", async () => {
    for (let seed = 0; seed < 10; seed++) {
      const { simulation, leecher, honest } = await besideAnHonestSeed(seed, async (s) => [
        (
          await ScriptedPeer.listen(s, {
            ...serves,
            onRequest: (peer, piece, offset, length) =>
              peer.sendBlock(piece, offset, length, s.random.fraction() < 0.3 ? flip : undefined),
          })
        ).host,
      ]);
      await completes(simulation, leecher);
      expect(honest.torrent.snapshot().uploadedLength, `seed ${seed}`).toBeGreaterThan(0);
      expect(leecher.torrent.snapshot().wastedLength).toBeLessThan(torrent.payload.length);
    }
  });
});

describe("a peer that spoils one block in ten of pieces it shares with others", () => {
  it("is found out and banned, and nobody else is", async () => {
    let found = 0;
    for (let seed = 50; seed < 60; seed++) {
      const simulation = new Simulation({ seed, ...makeTorrent(4_000_000, 524_288) });
      const liar = await ScriptedPeer.listen(simulation, {
        ...serves,
        onRequest: (peer, piece, offset, length) =>
          peer.sendBlock(piece, offset, length, simulation.random.fraction() < 0.1 ? flip : undefined),
      });
      // Slow enough that no peer counts as fast, so that all work on the same pieces.
      for (let i = 0; i < 3; i++) await simulation.addNode({ have: "all", link: { upRate: 20_000 } });
      const leecher = await simulation.addNode({ torrent: { peers: [{ host: liar.host, port: 6881 }] } });
      expect(await simulation.run(() => leecher.torrent.state === "seeding", 3_600_000), `seed ${seed}`).toBe(
        true,
      );
      expect(bytesEqual(leecher.disk.contents, simulation.payload)).toBe(true);
      if (liar.peers.length === 1 && !liar.peers[0]!.isOpen) found++;
      for (const honest of simulation.nodes.slice(0, 3))
        expect(honest.torrent.snapshot().uploadedLength, `seed ${seed}`).toBeGreaterThan(300_000);
    }
    expect(found).toBeGreaterThanOrEqual(8);
  });
});

describe("a peer that does nothing useful", () => {
  it("holds back no block: claims everything, unchokes, never sends", async () => {
    const { simulation, leecher } = await besideAnHonestSeed(3, async (s) => [
      (await ScriptedPeer.listen(s, serves)).host,
      (await ScriptedPeer.listen(s, serves)).host,
    ]);
    await completes(simulation, leecher, 150_000);
  });

  it("is left when it never says hello, or says something else", async () => {
    let silent: { peers: ScriptedPeer[] } | undefined;
    let noisy: { peers: ScriptedPeer[] } | undefined;
    const { simulation, leecher } = await besideAnHonestSeed(4, async (s) => {
      const quiet = await ScriptedPeer.listen(s, { firstBytes: new Uint8Array() });
      const loud = await ScriptedPeer.listen(s, { firstBytes: new SeededRandom(9).bytes(5_000) });
      silent = quiet;
      noisy = loud;
      return [quiet.host, loud.host];
    });
    await completes(simulation, leecher);
    await simulation.run(() => false, 60_000);
    expect(silent!.peers.length).toBeGreaterThan(0);
    expect([...silent!.peers, ...noisy!.peers].every((peer) => !peer.isOpen)).toBe(true);
  });

  it("is dropped when it floods us with blocks that nobody asked for", async () => {
    let flood: { peers: ScriptedPeer[] } | undefined;
    const { simulation, leecher } = await besideAnHonestSeed(5, async (s) => {
      const bad = await ScriptedPeer.listen(s, {
        ...serves,
        onJoined: (peer) => {
          peer.send(encodeHaveAll(), encodeUnchoke());
          for (let i = 0; i < 400; i++) peer.sendBlock(i % 30, 0, 16_384, flip);
        },
      });
      flood = bad;
      return [bad.host];
    });
    await completes(simulation, leecher);
    expect(flood!.peers[0]!.isOpen).toBe(false);
  });
});

describe("a seed under attack", () => {
  const attack = async (
    bytes: Uint8Array,
  ): Promise<{ attacker: ScriptedPeer; leecher: SimNode; simulation: Simulation }> => {
    const simulation = new Simulation({ seed: 6, ...torrent });
    const seed = await simulation.addNode({ have: "all" });
    await simulation.run(() => false, 1_000);
    const attacker = ScriptedPeer.dial(simulation, seed.host, {
      onJoined: (peer) => peer.send(encodeInterested()),
      onUnchoke: (peer) => peer.send(bytes),
    });
    const leecher = await simulation.addNode();
    await completes(simulation, leecher);
    return { attacker, leecher, simulation };
  };
  const request = (piece: number, offset: number, length: number): Uint8Array => {
    const message = new Uint8Array(REQUEST_LENGTH);
    writeRequest(message, 0, piece, offset, length);
    return message;
  };

  it("drops who sends an oversized length prefix and serves the others", async () => {
    expect((await attack(new Uint8Array([0xff, 0xff, 0xff, 0xff, 7]))).attacker.isOpen).toBe(false);
    expect((await attack(new Uint8Array([0x7f, 0, 0, 0, 20]))).attacker.isOpen).toBe(false);
  });

  it("drops who asks for giant blocks", async () => {
    expect((await attack(request(0, 0, 0x7fffffff))).attacker.isOpen).toBe(false);
  });

  it("refuses what is out of range and in the end drops who insists", async () => {
    const once = await attack(request(4_000_000_000, 0, 16_384));
    expect(once.attacker.isOpen).toBe(true);
    const often = new Uint8Array(REQUEST_LENGTH * 400);
    for (let i = 0; i < 400; i++) writeRequest(often, i * REQUEST_LENGTH, 0, 4_294_960_000, 16_384);
    expect((await attack(often)).attacker.isOpen).toBe(false);
  });

  it("drops who sends a bitfield of the wrong size, or random bytes", async () => {
    expect((await attack(new Uint8Array([0, 0, 0, 2, 5, 255]))).attacker.isOpen).toBe(false);
    expect((await attack(new SeededRandom(3).bytes(100_000))).attacker.isOpen).toBe(false);
  });

  it("bounds what a peer may have waiting", async () => {
    const many = new Uint8Array(REQUEST_LENGTH * 20_000);
    for (let i = 0; i < 20_000; i++) writeRequest(many, i * REQUEST_LENGTH, i % 30, 0, 16_384);
    const { simulation } = await attack(many);
    expect(
      simulation.nodes[0]!.torrent.snapshot().peers.every((peer) => peer.waitingRequestCount <= 2_000),
    ).toBe(true);
  });
});
