import { createHash } from "node:crypto";
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { createTorrent, type Metainfo, parseTorrent } from "@bt/metainfo";
import { HashWorkers, verifyData } from "@bt/storage";
import { describe, expect, it, onTestFinished } from "vitest";
import { makeTorrent, type TorrentFormat } from "../src/create/make-torrent.ts";
import { fileFindings } from "../src/info/verify-findings.ts";
import { tempFolder } from "./support/temp-folder.ts";

/** Whole numbers below n, the same ones in every run (a linear congruential generator, Knuth's constants). */
function numbers(seed: bigint): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (state * 6_364_136_223_846_793_005n + 1_442_695_040_888_963_407n) & 0xffff_ffff_ffff_ffffn;
    return Number((state >> 33n) % BigInt(n));
  };
}

interface Content {
  readonly path: string;
  readonly bytes: Uint8Array;
}

function writeContents(folder: string, lengths: readonly number[], random: (n: number) => number): Content[] {
  mkdirSync(join(folder, "album"));
  return lengths.map((length, index) => {
    const bytes = Uint8Array.from({ length }, () => random(256));
    const path = `album/${String(index).padStart(2, "0")}.bin`;
    writeFileSync(join(folder, path), bytes);
    return { path, bytes };
  });
}

/** Changes one byte after another, verifies each time as `bt verify` does, and puts the byte back. */
async function expectAllFound(
  cwd: string,
  contents: readonly Content[],
  metainfo: Metainfo,
  caseCount: number,
  random: (n: number) => number,
): Promise<void> {
  const handles = contents.map(({ path }) => openSync(join(cwd, path), "r+"));
  // One pool for all: starting threads takes a hundred times as long as these hashes.
  const workers = new HashWorkers({ count: 1 });
  onTestFinished(async () => {
    handles.forEach((handle) => closeSync(handle));
    await workers.close();
  });
  const totalLength = contents.reduce((sum, { bytes }) => sum + bytes.length, 0);
  for (let round = 0; round < caseCount; round++) {
    let at = random(totalLength);
    let index = 0;
    while (at >= contents[index]!.bytes.length) at -= contents[index++]!.bytes.length;
    const { path, bytes } = contents[index]!;
    writeSync(handles[index]!, Uint8Array.of(bytes[at]! ^ (1 + random(255))), 0, 1, at);
    const report = await verifyData({ metainfo, root: cwd, workers });
    writeSync(handles[index]!, bytes, at, 1, at);

    const file = metainfo.files.find((one) => one.path.join("/") === path)!;
    const piece = Math.floor((file.offset + at) / metainfo.pieceLength);
    // In v1 a piece may lie in several files: which of them is wrong cannot be told, so all are named.
    const sharing = metainfo.layout
      .filesOfPiece(piece)
      .map((one) => metainfo.files[one]!)
      .filter((one) => !one.pad && one.length > 0)
      .map((one) => one.path.join("/"));
    const { isGood, badPieces, incompletePieces } = report;
    const named = fileFindings(report).filter(({ status }) => status !== "ok");
    expect({ isGood, badPieces, incompletePieces, named }).toEqual({
      isGood: false,
      badPieces: [piece],
      incompletePieces: [],
      named: sharing.map((one) => ({ path: one, status: "bad", badPieces: [piece], incompletePieces: [] })),
    });
    expect(sharing).toContain(path);
  }
  expect((await verifyData({ metainfo, root: cwd, workers })).isGood).toBe(true);
}

describe("verify", () => {
  it("finds each of 1,000 single changed bytes in files that end inside of pieces, and names the file", async () => {
    const cwd = tempFolder();
    const random = numbers(1n);
    const lengths = Array.from({ length: 24 }, (_, index) =>
      index === 7 ? 0 : 1 + random(index % 3 ? 700 : 6_000),
    );
    const contents = writeContents(cwd, lengths, random);
    const all = Buffer.concat(contents.map(({ bytes }) => bytes));
    const pieceLength = 1_000;
    const hashes: Buffer[] = [];
    for (let at = 0; at < all.length; at += pieceLength)
      hashes.push(
        createHash("sha1")
          .update(all.subarray(at, at + pieceLength))
          .digest(),
      );
    const torrent = createTorrent({
      name: "album",
      pieceLength,
      pieceHashes: Buffer.concat(hashes),
      files: contents.map(({ path, bytes }) => ({
        path: [path.slice("album/".length)],
        length: bytes.length,
      })),
    });
    await expectAllFound(cwd, contents, parseTorrent(torrent), 1_000, random);
  });

  it.each<TorrentFormat>(["v2", "hybrid"])(
    "finds each of 100 single changed bytes of a %s torrent",
    async (format) => {
      const cwd = tempFolder();
      const random = numbers(2n);
      const contents = writeContents(cwd, [1, 16_384, 40_000, 0, 16_385, 700, 33_000], random);
      const wishes = { format, pieceLength: 16_384, withDate: false };
      const { bytes } = await makeTorrent(join(cwd, "album"), "album", wishes, {
        signal: new AbortController().signal,
        onProgress: () => undefined,
      });
      const metainfo = parseTorrent(bytes);
      expect(metainfo.version).toBe(format);
      await expectAllFound(cwd, contents, metainfo, 100, random);
    },
  );
});
