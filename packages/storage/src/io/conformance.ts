import { deepEqual, equal, notDeepEqual, notEqual, ok, rejects, throws } from "node:assert/strict";
import { BLOCK_LENGTH } from "@bt/primitives";
import type { StorageMetainfo } from "../storage-metainfo.ts";
import type { TorrentStorage } from "../torrent-storage.ts";
import { sampleV1, sampleV2, type SampleTorrent } from "./conformance-torrents.ts";

export interface ConformanceHarness {
  /**
   * A storage that was not opened yet. What was committed to an earlier one of the same `place`, and closed, is there; a
   * new place is empty.
   */
  create(metainfo: StorageMetainfo, place: string): TorrentStorage;
  /** False when a place keeps nothing: what asks for that is left out. Default true. */
  readonly isPersistent?: boolean;
}

export interface ConformanceCase {
  /** A statement about a storage. */
  readonly name: string;
  /** Rejects when it is not true; the message begins with the statement. */
  run(): Promise<void>;
}

/** The cases, each independent of the others: first with a v1 torrent, then with one that is v2 alone. */
export function storageConformance(harness: ConformanceHarness): ConformanceCase[] {
  const cases = [
    ...casesWith(sampleV1(), harness, "conformance"),
    ...casesWith(sampleV2(), harness, "conformance-v2").map(({ name, run }) => ({
      name: `${name} (v2)`,
      run,
    })),
  ];
  return cases.map(({ name, run }) => ({
    name,
    run: () =>
      run().catch((cause: unknown) => {
        throw new Error(`not true that it ${name}: ${(cause as Error).message}`, { cause });
      }),
  }));
}

function casesWith(
  { metainfo, content }: SampleTorrent,
  harness: ConformanceHarness,
  placePrefix: string,
): ConformanceCase[] {
  const { files } = metainfo;
  const { pieceCount } = metainfo.layout.pieces;
  const padPieces = Array.from({ length: pieceCount }, (_, piece) => piece).filter((piece) =>
    metainfo.layout.filesOfPiece(piece).every((index) => files[index]!.pad),
  );
  let placeCount = 0;
  const newPlace = (): string => `${placePrefix}-${++placeCount}`;
  const pieceLength = metainfo.layout.pieces.pieceLength;
  const bytesOf = (piece: number): Uint8Array => {
    const { pieces } = metainfo.layout;
    return content.subarray(pieces.offsetOf(piece), pieces.offsetOf(piece) + pieces.pieceLengthAt(piece));
  };

  async function opened(place = newPlace()): Promise<TorrentStorage> {
    const storage = harness.create(metainfo, place);
    await storage.open();
    return storage;
  }

  /** Hands a piece over block by block in the given order, every block in two parts. */
  function fill(storage: TorrentStorage, piece: number, bytes: Uint8Array, order: "up" | "down" = "up") {
    const buffer = storage.acquire(piece);
    if (buffer === undefined) throw new Error(`no buffer for piece ${piece}`);
    const starts: number[] = [];
    for (let at = 0; at < bytes.length; at += BLOCK_LENGTH) starts.push(at);
    if (order === "down") starts.reverse();
    for (const start of starts) {
      const end = Math.min(start + BLOCK_LENGTH, bytes.length);
      const middle = start + Math.floor((end - start) / 3);
      buffer.put(start, bytes, start, middle);
      buffer.put(middle, bytes, middle, end);
      buffer.blockDone(start, end - start);
    }
    return buffer;
  }

  async function expectReads(storage: TorrentStorage, pieces: Iterable<number>): Promise<void> {
    for (const piece of pieces) {
      const into = new Uint8Array(bytesOf(piece).length);
      await storage.read([{ offset: metainfo.layout.pieces.offsetOf(piece), into }]);
      ok(areEqual(into, bytesOf(piece)), `piece ${piece} reads back as it was written`);
    }
  }

  async function withStorage(work: (storage: TorrentStorage) => Promise<void>): Promise<void> {
    const storage = await opened();
    try {
      await work(storage);
    } finally {
      await storage.close();
    }
  }

  const cases: [string, () => Promise<void>][] = [
    [
      "in a new place has nothing but the pieces that lie in pad files, and gives a copy of what it has",
      async () => {
        const storage = harness.create(metainfo, newPlace());
        const have = await storage.open();
        deepEqual([...have.indices()], padPieces);
        have.set(0);
        equal(storage.have.has(0), false);
        await storage.close();
      },
    ],
    [
      "opens once",
      () =>
        withStorage(async (storage) => {
          await rejects(storage.open(), TypeError);
        }),
    ],
    [
      "takes a good piece, has it from then on, and reads it back",
      () =>
        withStorage(async (storage) => {
          for (const piece of [0, 2, pieceCount - 1]) {
            equal(await storage.commit(fill(storage, piece, bytesOf(piece))), true);
            equal(storage.have.has(piece), true);
          }
          await expectReads(storage, [0, 2, pieceCount - 1, ...padPieces]);
        }),
    ],
    [
      "takes blocks in any order",
      () =>
        withStorage(async (storage) => {
          equal(await storage.commit(fill(storage, 1, bytesOf(1), "down")), true);
          await expectReads(storage, [1]);
        }),
    ],
    [
      "takes pieces at the same time",
      () =>
        withStorage(async (storage) => {
          const all = Array.from({ length: pieceCount }, (_, piece) => piece);
          const verdicts = await Promise.all(
            all.map((piece) => storage.commit(fill(storage, piece, bytesOf(piece)))),
          );
          ok(verdicts.every((isGood) => isGood));
          equal(storage.have.isFull, true);
          await expectReads(storage, all);
        }),
    ],
    [
      "takes the same piece twice at the same time, and once more",
      () =>
        withStorage(async (storage) => {
          const twice = [fill(storage, 1, bytesOf(1)), fill(storage, 1, bytesOf(1))];
          deepEqual(await Promise.all(twice.map((buffer) => storage.commit(buffer))), [true, true]);
          equal(await storage.commit(fill(storage, 1, bytesOf(1))), true);
          await expectReads(storage, [1]);
        }),
    ],
    [
      "refuses a bad piece, tells its blocks, and takes the good one after it",
      () =>
        withStorage(async (storage) => {
          const bad = bytesOf(1).slice();
          bad[BLOCK_LENGTH + 5]! ^= 1;
          equal(await storage.commit(fill(storage, 1, bad)), false);
          equal(storage.have.has(1), false);
          await rejects(storage.read([{ offset: pieceLength, into: new Uint8Array(1) }]), RangeError);
          const digests = storage.takeFailedDigests(1);
          equal(storage.takeFailedDigests(1), undefined);
          equal(await storage.commit(fill(storage, 1, bytesOf(1))), true);
          const good = await storage.digestBlocks(1);
          equal(digests?.length, good.length);
          equal(digests?.[0], good[0]);
          notEqual(digests?.[1], good[1]);
        }),
    ],
    [
      "does not let a late copy spoil a block that is done",
      () =>
        withStorage(async (storage) => {
          const buffer = fill(storage, 0, bytesOf(0));
          buffer.put(0, new Uint8Array(100), 0, 100);
          equal(await storage.commit(buffer), true);
          await expectReads(storage, [0]);
        }),
    ],
    [
      "refuses what does not lie in a piece",
      () =>
        withStorage(async (storage) => {
          for (const piece of [-1, pieceCount, 0.5, NaN]) throws(() => storage.acquire(piece), RangeError);
          const buffer = storage.acquire(0)!;
          const bytes = new Uint8Array(pieceLength + 1);
          throws(() => buffer.put(1, bytes, 0, pieceLength), RangeError);
          throws(() => buffer.put(-1, bytes, 0, 1), RangeError);
          throws(() => buffer.put(0, bytes, 2, 1), RangeError);
          throws(() => buffer.blockDone(1, BLOCK_LENGTH), RangeError);
          throws(() => buffer.blockDone(0, 1), RangeError);
          throws(() => buffer.blockDone(0, pieceLength + BLOCK_LENGTH), RangeError);
          storage.discard(buffer);
        }),
    ],
    [
      "ends a buffer with commit or discard, once",
      () =>
        withStorage(async (storage) => {
          const buffer = fill(storage, 0, bytesOf(0));
          storage.discard(buffer);
          storage.discard(buffer);
          await rejects(storage.commit(buffer), TypeError);
          equal(storage.have.has(0), false);
          const other = fill(storage, 0, bytesOf(0));
          await storage.commit(other);
          await rejects(storage.commit(other), TypeError);
          other.put(0, new Uint8Array(10), 0, 10);
          await expectReads(storage, [0]);
        }),
    ],
    [
      "gives the memory of every buffer back",
      () =>
        withStorage(async (storage) => {
          for (let round = 0; round < 5_000; round++) storage.discard(storage.acquire(0)!);
          const bad = bytesOf(0).slice().fill(1);
          for (let round = 0; round < 50; round++) await storage.commit(fill(storage, 0, bad));
          ok(storage.acquire(0) !== undefined);
        }),
    ],
    [
      "reads many ranges at a time: adjacent ones, in any order, across files, empty ones",
      () =>
        withStorage(async (storage) => {
          for (let piece = 0; piece < pieceCount; piece++)
            await storage.commit(fill(storage, piece, bytesOf(piece)));
          const places = [
            [0, 10],
            [10, 5_000],
            [5_010, 90_000],
            [70_000, 1],
            [3, 0],
            [content.length - 7, 7],
            [20_000, 40_000],
          ];
          const ranges = places.map(([offset, length]) => ({
            offset: offset!,
            into: new Uint8Array(length!),
          }));
          await storage.read(ranges);
          for (const { offset, into } of ranges)
            ok(
              areEqual(into, content.subarray(offset, offset + into.length)),
              `${into.length} bytes at ${offset}`,
            );
        }),
    ],
    [
      "reads nothing that it has not",
      () =>
        withStorage(async (storage) => {
          await storage.commit(fill(storage, 0, bytesOf(0)));
          for (const [offset, length] of [
            [pieceLength - 1, 2],
            [-1, 1],
            [content.length, 1],
          ]) {
            await rejects(storage.read([{ offset: offset!, into: new Uint8Array(length!) }]), RangeError);
          }
          await rejects(storage.digestBlocks(1), RangeError);
        }),
    ],
    [
      "keeps what it has, and takes more, whichever files are wanted",
      () =>
        withStorage(async (storage) => {
          await storage.commit(fill(storage, 1, bytesOf(1)));
          await storage.setUnwanted(new Set([0, 1, 2]));
          for (const piece of [0, 2, 3])
            equal(await storage.commit(fill(storage, piece, bytesOf(piece))), true);
          await expectReads(storage, [0, 1, 2, 3]);
          await storage.setUnwanted(new Set([1]));
          await expectReads(storage, [0, 1, 2, 3]);
          await storage.setUnwanted(new Set());
          await expectReads(storage, [0, 1, 2, 3]);
          await rejects(storage.setUnwanted(new Set([99])), RangeError);
        }),
    ],
    [
      "keeps what it has when it is moved and renamed",
      () =>
        withStorage(async (storage) => {
          await storage.commit(fill(storage, 1, bytesOf(1)));
          const root = `${storage.root}-moved`;
          let wasTold = false;
          await storage.move(root, { onMoved: () => void (wasTold = true) });
          ok(wasTold);
          equal(storage.root, root);
          await storage.rename(metainfo.files[0]!.path, ["sample", "another name"]);
          deepEqual(storage.pathOf(0), ["sample", "another name"]);
          notDeepEqual(storage.pathOf(1), storage.pathOf(0));
          await expectReads(storage, [1]);
          await rejects(storage.rename(["sample", "no such file"], ["x"]), RangeError);
        }),
    ],
    [
      "does not open when it is told to stop, or is closed meanwhile",
      async () => {
        const reason = new Error("called off");
        const first = harness.create(metainfo, newPlace());
        await rejects(first.open({ signal: AbortSignal.abort(reason) }), reason);
        await first.close();
        const second = harness.create(metainfo, newPlace());
        const opening = second.open().catch(() => {});
        await second.close();
        await opening;
        equal(second.acquire(0), undefined);
        await rejects(second.read([{ offset: 0, into: new Uint8Array(0) }]), { code: "CLOSED" });
      },
    ],
    [
      "is closed for good, twice without harm",
      async () => {
        const storage = await opened();
        await storage.commit(fill(storage, 0, bytesOf(0)));
        const open = fill(storage, 1, bytesOf(1));
        await storage.close();
        await storage.close();
        equal(storage.acquire(0), undefined);
        await rejects(storage.commit(open), TypeError);
        await rejects(storage.read([{ offset: 0, into: new Uint8Array(1) }]), { code: "CLOSED" });
        await rejects(storage.setUnwanted(new Set()), { code: "CLOSED" });
      },
    ],
  ];
  const persistentCases: typeof cases = [
    [
      "has after a restart what it had, and not what was never committed",
      async () => {
        const place = newPlace();
        const first = await opened(place);
        for (const piece of [0, 3]) await first.commit(fill(first, piece, bytesOf(piece)));
        fill(first, 1, bytesOf(1));
        await first.close();
        for (const recheck of ["auto", "all", "none"] as const) {
          const again = harness.create(metainfo, place);
          deepEqual([...(await again.open({ recheck })).indices()], [0, 3, ...padPieces]);
          await expectReads(again, [0, 3]);
          await again.close();
        }
      },
    ],
    [
      "has nothing any more when its data was deleted",
      async () => {
        const place = newPlace();
        const first = await opened(place);
        await first.commit(fill(first, 0, bytesOf(0)));
        await first.deleteData();
        const again = await opened(place);
        deepEqual([...again.have.indices()], padPieces);
        await again.close();
      },
    ],
  ];
  if (harness.isPersistent !== false) cases.push(...persistentCases);
  return cases.map(([name, run]) => ({ name, run }));
}

function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
