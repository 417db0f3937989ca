import { Bitfield } from "@bt/primitives";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { crc32 } from "../src/crc32.ts";
import {
  decodeJournal,
  encodeClean,
  encodeJournalHeader,
  encodeOpened,
  encodeProgress,
  encodeSnapshot,
  frameCrc,
  journalHeaderCrc,
  type JournalIdentity,
} from "../src/journal-format.ts";

const identity: JournalIdentity = {
  infoHash: new Uint8Array(20).fill(7),
  pieceCount: 21,
  pieceLength: 16_384,
  totalLength: 21 * 16_384 - 5,
  fileCount: 3,
};

/** A small journal with every kind of frame, and what is had after each whole frame. */
function sampleJournal(): { bytes: Uint8Array; ends: number[]; haveAt: number[][] } {
  const header = encodeJournalHeader(identity);
  const have = new Bitfield(21);
  have.set(1);
  const stats = new Map([[2, { length: 9_007_199_254_740_991, modifiedMs: 1.5, inode: 2 ** 60 }]]);
  const encoders = [
    (seed: number) =>
      encodeSnapshot(seed, 1000, have, new Map([[0, { length: 5, modifiedMs: 3.25, inode: 7 }]])),
    (seed: number) => encodeOpened(seed, 1001),
    (seed: number) => encodeProgress(seed, 1002, [3, 20], stats),
    (seed: number) => encodeProgress(seed, 1003, [0], new Map()),
    (seed: number) => encodeClean(seed, 1004),
  ];
  const haveAt = [[], [1], [1], [1, 3, 20], [0, 1, 3, 20], [0, 1, 3, 20]];
  const parts = [header];
  const ends = [header.length];
  let seed = journalHeaderCrc(header);
  for (const encode of encoders) {
    const frame = encode(seed);
    parts.push(frame);
    ends.push(ends.at(-1)! + frame.length);
    seed = frameCrc(frame);
  }
  return { bytes: new Uint8Array(Buffer.concat(parts)), ends, haveAt };
}

describe("the journal", () => {
  it("reads back what was written", () => {
    const { bytes } = sampleJournal();
    const state = decodeJournal(bytes, identity)!;
    expect([...state.have.indices()]).toEqual([0, 1, 3, 20]);
    expect(state.clean).toBe(true);
    expect(state.lastWriteMs).toBe(1004);
    expect(state.validLength).toBe(bytes.length);
    expect([...state.stats]).toEqual([
      [0, { length: 5, modifiedMs: 3.25, inode: 7 }],
      [2, { length: 9_007_199_254_740_991, modifiedMs: 1.5, inode: 2 ** 60 }],
    ]);
  });

  it("is cut off at a torn tail, at every length", () => {
    const { bytes, ends, haveAt } = sampleJournal();
    for (let length = 0; length < bytes.length; length++) {
      const state = decodeJournal(bytes.slice(0, length), identity);
      const frames = ends.filter((end) => end <= length).length - 1;
      if (frames < 0) {
        expect(state).toBeUndefined();
        continue;
      }
      expect([...state!.have.indices()]).toEqual(haveAt[frames]);
      expect(state!.validLength).toBe(ends[frames]);
      expect(state!.clean).toBe(false);
    }
  });

  it("believes nothing from the first flipped bit on, for every bit", () => {
    const { bytes, ends, haveAt } = sampleJournal();
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const damaged = bytes.slice();
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      const state = decodeJournal(damaged, identity);
      const frames = ends.filter((end) => end <= bit >> 3).length - 1;
      if (frames < 0) {
        expect(state).toBeUndefined();
        continue;
      }
      expect([...state!.have.indices()]).toEqual(haveAt[frames]);
      expect(state!.clean).toBe(false);
    }
  });

  it("is not read for another torrent", () => {
    const { bytes } = sampleJournal();
    for (const other of [
      { infoHash: new Uint8Array(20).fill(8) },
      { infoHash: new Uint8Array(32).fill(7) },
      { pieceCount: 22 },
      { pieceLength: 32_768 },
      { totalLength: 21 * 16_384 },
      { fileCount: 4 },
    ]) {
      expect(decodeJournal(bytes, { ...identity, ...other })).toBeUndefined();
    }
  });

  it("cannot be put together from frames in another order or from another journal", () => {
    const { bytes, ends } = sampleJournal();
    const frame = (i: number): Uint8Array => bytes.subarray(ends[i]!, ends[i + 1]!);
    const swapped = Buffer.concat([bytes.subarray(0, ends[1]!), frame(2), frame(1)]);
    expect([...decodeJournal(swapped, identity)!.have.indices()]).toEqual([1]);
    const leftOut = Buffer.concat([bytes.subarray(0, ends[0]!), frame(3)]);
    expect(decodeJournal(leftOut, identity)!.have.isEmpty).toBe(true);
  });

  it("refuses well-formed frames that make no sense", () => {
    const header = encodeJournalHeader(identity);
    const seed = journalHeaderCrc(header);
    const reads = (frame: Uint8Array) =>
      decodeJournal(new Uint8Array(Buffer.concat([header, frame])), identity)!.validLength;
    expect(reads(encodeProgress(seed, 1, [20], new Map()))).toBeGreaterThan(header.length);
    expect(reads(encodeProgress(seed, 1, [21], new Map()))).toBe(header.length);
    expect(reads(encodeProgress(seed, 1, [], new Map([[4, { length: 1, modifiedMs: 1, inode: 1 }]])))).toBe(
      header.length,
    );
    expect(reads(encodeSnapshot(seed, 1, new Bitfield(30), new Map()))).toBe(header.length);
  });

  it("never throws on any bytes", () => {
    const header = encodeJournalHeader(identity);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (tail, hasHeader) => {
        const bytes = hasHeader ? new Uint8Array(Buffer.concat([header, tail])) : tail;
        expect(decodeJournal(bytes, identity)?.have.isEmpty ?? true).toBe(true);
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (payload) => {
        // A frame whose checksum is right, whatever it holds.
        const frame = new Uint8Array(8 + payload.length);
        const view = new DataView(frame.buffer);
        view.setUint32(0, payload.length);
        frame.set(payload, 8);
        view.setUint32(4, crc32(payload, crc32(frame.subarray(0, 4), journalHeaderCrc(header))));
        expect(decodeJournal(new Uint8Array(Buffer.concat([header, frame])), identity)).toBeDefined();
      }),
    );
  });
});

describe("crc32", () => {
  it("has the check value of CRC-32/ISO-HDLC and can be continued", () => {
    const text = new TextEncoder().encode("123456789");
    expect(crc32(text)).toBe(0xcbf43926);
    expect(crc32(text.subarray(4), crc32(text.subarray(0, 4)))).toBe(0xcbf43926);
  });
});
