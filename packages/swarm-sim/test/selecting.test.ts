import { parseTorrent, createTorrent } from "@bt/metainfo";
import { createHash } from "node:crypto";
import { Simulation } from "@bt/swarm-sim";
import { describe, expect, it } from "vitest";
import { makeTorrent } from "./payload.ts";

/** Three files; the second begins and ends in the middle of pieces. */
function threeFiles(): ReturnType<typeof makeTorrent> {
  const { payload } = makeTorrent(600_000, 32_768);
  const hashes: Uint8Array[] = [];
  for (let at = 0; at < payload.length; at += 32_768)
    hashes.push(
      createHash("sha1")
        .update(payload.subarray(at, at + 32_768))
        .digest(),
    );
  const bytes = createTorrent({
    name: "three",
    files: [
      { path: ["a"], length: 200_000 },
      { path: ["b"], length: 100_000 },
      { path: ["c"], length: 300_000 },
    ],
    pieceLength: 32_768,
    pieceHashes: Buffer.concat(hashes),
  });
  return { metainfo: parseTorrent(bytes), payload };
}

// b lies in pieces 6 to 9 (of 19).
const [B_FIRST, B_END] = [6, 10] as const;

describe("selecting files", () => {
  it("fetches the pieces of wanted files only, is done with them, and tells nobody that it is complete", async () => {
    const simulation = new Simulation({ seed: 31, ...threeFiles() });
    await simulation.addNode({ have: "all" });
    const filePriorities = new Map([
      [0, 0],
      [2, 0],
    ] as const);
    const node = await simulation.addNode({ torrent: { filePriorities } });
    const pieces: number[] = [];
    node.torrent.on("piece", (piece) => pieces.push(piece));
    const files: number[] = [];
    node.torrent.on("file", (index) => files.push(index));
    expect(await simulation.run(() => node.torrent.state === "seeding", 60_000)).toBe(true);
    await node.torrent.done;
    expect(pieces.sort((a, b) => a - b)).toEqual([6, 7, 8, 9]);
    expect(files).toEqual([1]);
    expect([...node.disk.unwanted]).toEqual([0, 2]);
    expect(node.torrent.snapshot()).toMatchObject({
      wantedLength: (B_END - B_FIRST) * 32_768,
      wantedVerifiedLength: (B_END - B_FIRST) * 32_768,
      verifiedLength: 4 * 32_768,
      etaSeconds: 0,
    });
    expect(node.torrent.files[1]!.verifiedLength).toBe(100_000);
    expect(node.torrent.files[0]!.verifiedLength).toBe(200_000 - 6 * 32_768);
    await simulation.run(() => false, 1_000);
    const events = simulation.tracker.log.filter(({ host }) => host === node.host).map(({ event }) => event);
    expect(events).toEqual(["started"]);
  });

  it("goes on when more is selected, and is complete when all is", async () => {
    const simulation = new Simulation({ seed: 32, ...threeFiles() });
    await simulation.addNode({ have: "all" });
    const node = await simulation.addNode({
      torrent: {
        filePriorities: new Map([
          [0, 0],
          [2, 0],
        ] as const),
      },
    });
    await simulation.run(() => node.torrent.state === "seeding", 60_000);
    const first = node.torrent.done;
    node.torrent.files[0]!.select();
    node.torrent.files[2]!.select(7);
    expect(node.torrent.state).toBe("downloading");
    expect(node.torrent.done).not.toBe(first);
    expect(await simulation.run(() => simulation.isComplete(), 120_000)).toBe(true);
    await node.torrent.done;
    expect(node.disk.unwanted.size).toBe(0);
    expect(node.torrent.snapshot()).toMatchObject({ wantedLength: 600_000, wantedVerifiedLength: 600_000 });
    await simulation.run(() => false, 1_000);
    const events = simulation.tracker.log.filter(({ host }) => host === node.host).map(({ event }) => event);
    expect(events).toEqual(["started", "completed"]);
  });

  it("gives up what is deselected on its way, and is done at once when that was all that was missing", async () => {
    const simulation = new Simulation({ seed: 33, ...threeFiles() });
    await simulation.addNode({ have: "all", link: { upRate: 100_000 } });
    const node = await simulation.addNode();
    await simulation.run(() => node.torrent.snapshot().haveCount >= 3, 60_000);
    for (const file of node.torrent.files) file.deselect();
    expect(node.torrent.state).toBe("seeding");
    await node.torrent.done;
    // A piece that was being written is had, though nobody asked for it any more.
    await simulation.run(() => node.disk.buffersOut === 0, 1_000);
    expect(node.disk.buffersOut).toBe(0);
    const { haveCount } = node.torrent.snapshot();
    await simulation.run(() => false, 10_000);
    expect(node.torrent.snapshot().haveCount).toBe(haveCount);
  });

  it("fetches files of higher priority first", async () => {
    const simulation = new Simulation({ seed: 34, ...threeFiles() });
    await simulation.addNode({ have: "all", link: { upRate: 200_000 } });
    const node = await simulation.addNode({ torrent: { filePriorities: new Map([[2, 7]] as const) } });
    const pieces: number[] = [];
    node.torrent.on("piece", (piece) => pieces.push(piece));
    await simulation.run(() => simulation.isComplete(), 60_000);
    expect(pieces.slice(0, 8).every((piece) => piece >= 9)).toBe(true);
  });

  it("refuses files and priorities that there are not", async () => {
    const simulation = new Simulation({ seed: 35, ...threeFiles() });
    const node = await simulation.addNode();
    expect(() => node.torrent.selectFiles(new Map([[3, 0]] as const))).toThrow(RangeError);
    expect(() => node.torrent.files[0]!.select(8 as 7)).toThrow(RangeError);
  });
});

describe("a recheck", () => {
  it("finds what was damaged meanwhile, fetches it again, and leaves a paused torrent paused", async () => {
    const simulation = new Simulation({ seed: 36, ...threeFiles() });
    await simulation.addNode({ have: "all" });
    const node = await simulation.addNode();
    await simulation.run(() => simulation.isComplete(), 60_000);
    node.disk.contents.fill(0, 100_000, 100_001);
    const before = node.torrent.snapshot().receivedLength;
    node.torrent.pause();
    const checked = node.torrent.recheck();
    expect(node.torrent.state).toBe("checking");
    await simulation.run(() => node.torrent.state === "paused", 5_000);
    await checked;
    expect(node.torrent.snapshot().haveCount).toBe(18);
    node.torrent.resume();
    expect(await simulation.run(() => simulation.isComplete(), 60_000)).toBe(true);
    await node.torrent.done;
    expect(node.torrent.snapshot().receivedLength - before).toBe(32_768);
  });
});
