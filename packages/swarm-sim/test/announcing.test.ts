import { createHash } from "node:crypto";
import { createTorrent, merkleRoot, parseTorrent, type Metainfo } from "@bt/metainfo";
import { formatHex } from "@bt/primitives";
import { SeededRandom, Simulation, type SimAnnounce, type SimNode } from "@bt/swarm-sim";
import { decodeHandshake, encodeHandshake } from "@bt/wire";
import { describe, expect, it } from "vitest";

const BLOCK = 16_384;
const MINUTE = 60_000;

/** Two files of some pieces each. */
function twoFiles(): { metainfo: Metainfo; payload: Uint8Array } {
  const payload = new SeededRandom(5).bytes(10 * BLOCK);
  const bytes = createTorrent({
    name: "two",
    files: [
      { path: ["a"], length: 4 * BLOCK },
      { path: ["b"], length: 6 * BLOCK },
    ],
    pieceLength: BLOCK,
    pieceHashes: hashes("sha1", payload),
  });
  return { metainfo: parseTorrent(bytes), payload };
}

/** One file, v1 and v2. */
function hybrid(): { metainfo: Metainfo; payload: Uint8Array; v1: string; v2: string } {
  const payload = new SeededRandom(6).bytes(10 * BLOCK);
  const pieceLayer = hashes("sha256", payload);
  const bytes = createTorrent({
    name: "hybrid.bin",
    files: [{ path: [], length: payload.length, piecesRoot: merkleRoot(pieceLayer), pieceLayer }],
    pieceLength: BLOCK,
    pieceHashes: hashes("sha1", payload),
  });
  const metainfo = parseTorrent(bytes);
  expect(metainfo.version).toBe("hybrid");
  const v2 = formatHex(metainfo.infoHashV2!.subarray(0, 20));
  return { metainfo, payload, v1: formatHex(metainfo.infoHash!), v2 };
}

function hashes(algorithm: "sha1" | "sha256", payload: Uint8Array): Uint8Array {
  const list: Uint8Array[] = [];
  for (let at = 0; at < payload.length; at += BLOCK)
    list.push(
      createHash(algorithm)
        .update(payload.subarray(at, at + BLOCK))
        .digest(),
    );
  return new Uint8Array(Buffer.concat(list));
}

/** Closing waits for trackers, for which time must pass. */
async function close(simulation: Simulation, { session }: SimNode): Promise<void> {
  let isClosed = false;
  const closing = session.close().then(() => (isClosed = true));
  await simulation.run(() => isClosed, MINUTE);
  await closing;
}

describe("a torrent of which only some files are wanted", () => {
  it('says "paused" when it has them, within a minute and at each interval, and no more when it wants the rest', async () => {
    const simulation = new Simulation({ seed: 41, ...twoFiles() });
    await simulation.addNode({ have: "all" });
    const node = await simulation.addNode({ torrent: { filePriorities: new Map([[1, 0]] as const) } });
    const own = (): SimAnnounce[] => simulation.tracker.log.filter(({ host }) => host === node.host);
    await simulation.run(() => node.torrent.state === "seeding", MINUTE);
    await simulation.run(() => own().length >= 2, 2 * MINUTE);
    await simulation.run(() => own().length >= 4, 70 * MINUTE);
    expect(own().map(({ event, left }) => [event, left])).toEqual([
      ["started", 10 * BLOCK],
      ["paused", 6 * BLOCK],
      ["paused", 6 * BLOCK],
      ["paused", 6 * BLOCK],
    ]);
    expect(own()[1]!.at - own()[0]!.at).toBeLessThan(1.1 * MINUTE);
    expect(own()[3]!.at - own()[2]!.at).toBeGreaterThan(25 * MINUTE);
    node.torrent.files[1]!.select();
    await simulation.run(() => simulation.isComplete(), 5 * MINUTE);
    await simulation.run(() => own().length >= 5, 5 * MINUTE);
    expect(own().at(-1)).toMatchObject({ event: "completed", left: 0 });
    await close(simulation, node);
    expect(own().at(-1)).toMatchObject({ event: "stopped", left: 0, numWant: 0 });
  });
});

describe("the number of peers that are asked for", () => {
  it("is 200 at first and none for a torrent that is full", async () => {
    const simulation = new Simulation({ seed: 42, ...twoFiles() });
    await simulation.addNode({ have: "all", link: { upRate: 1_000 } });
    const node = await simulation.addNode({ session: { limits: { maximumPeers: 1 } } });
    const own = (): SimAnnounce[] => simulation.tracker.log.filter(({ host }) => host === node.host);
    await simulation.run(() => node.torrent.snapshot().peerCount === 1, MINUTE);
    await simulation.run(() => own().length >= 2, 40 * MINUTE);
    // One place: four names for it are few, so ten.
    expect(own().map(({ numWant }) => numWant)).toEqual([10, 0]);
    const roomy = await simulation.addNode();
    await simulation.run(() => simulation.tracker.log.at(-1)!.host === roomy.host, MINUTE);
    expect(simulation.tracker.log.at(-1)!.numWant).toBe(200);
  });
});

describe("a hybrid torrent", () => {
  it("is announced in both of its swarms, started, completed and stopped, and its peers are one swarm", async () => {
    const { v1, v2, ...torrent } = hybrid();
    const simulation = new Simulation({ seed: 43, ...torrent });
    await simulation.addNode({ have: "all" });
    const node = await simulation.addNode();
    const own = (): SimAnnounce[] => simulation.tracker.log.filter(({ host }) => host === node.host);
    expect(await simulation.run(() => simulation.isComplete(), MINUTE)).toBe(true);
    await simulation.run(() => own().length >= 4, MINUTE);
    expect(node.torrent.snapshot().peerCount).toBeLessThanOrEqual(1);
    await close(simulation, node);
    for (const infoHash of [v1, v2]) {
      const events = own().filter((announce) => announce.infoHash === infoHash);
      expect(events.map(({ event }) => event)).toEqual(["started", "completed", "stopped"]);
    }
  });

  it("answers a peer by the info-hash that it names, and no other", async () => {
    const { v1, v2, ...torrent } = hybrid();
    const simulation = new Simulation({ seed: 44, ...torrent });
    const node = await simulation.addNode({ have: "all" });
    await simulation.run(() => node.torrent.state === "seeding", MINUTE);
    const greet = async (infoHash: Uint8Array, name: number): Promise<string | undefined> => {
      const { transport } = simulation.addHost();
      let answer: string | undefined;
      let isOver = false;
      const stream = transport.dial(
        { host: node.host, port: 6881 },
        {
          onConnected: () =>
            stream.write(
              encodeHandshake({
                infoHash,
                peerId: new Uint8Array(20).fill(name),
                fast: true,
                extensionProtocol: true,
              }),
            ),
          onData: (source, length) =>
            (answer ??= formatHex(decodeHandshake(source.subarray(0, length)).infoHash)),
          onClosed: () => (isOver = true),
        },
      );
      await simulation.run(() => answer !== undefined || isOver, MINUTE);
      stream.close();
      return answer;
    };
    const { infoHash, infoHashV2 } = torrent.metainfo;
    expect(await greet(infoHash!, 1)).toBe(v1);
    expect(await greet(infoHashV2!.subarray(0, 20), 2)).toBe(v2);
    expect(await greet(infoHashV2!.subarray(12), 3)).toBeUndefined();
  });
});
