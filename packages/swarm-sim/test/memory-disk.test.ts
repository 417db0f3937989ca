import type { Clock } from "@bt/engine";
import type { Metainfo } from "@bt/metainfo";
import type { Bitfield } from "@bt/primitives";
import {
  PieceVerifier,
  type OpenOptions,
  type PieceBuffer,
  type ReadRange,
  type StorageMetainfo,
  type TorrentStorage,
} from "@bt/storage";
import { storageConformance } from "@bt/storage/conformance";
import { MemoryDisk } from "@bt/swarm-sim";
import { describe, it } from "vitest";

/** Time that is always there already. */
const clock: Clock = {
  now: () => 0,
  callAt: (_, callback) => {
    setImmediate(callback);
    return () => {};
  },
};

/** The simulated disk with what a storage has beyond the engine's port: it is opened once, and knows its folder. */
class SimulatedStorage implements TorrentStorage {
  root = "somewhere";
  readonly #disk: MemoryDisk;
  #wasOpened = false;

  constructor(disk: MemoryDisk, metainfo: StorageMetainfo) {
    this.#disk = disk;
    disk.openTorrent(metainfo as Metainfo);
  }

  get have(): Bitfield {
    return this.#disk.have;
  }

  async open({ signal = new AbortController().signal }: OpenOptions = {}): Promise<Bitfield> {
    if (this.#wasOpened) throw new TypeError("a storage is opened once");
    this.#wasOpened = true;
    return this.#disk.open({ recheck: "auto", signal, onProgress: () => {} });
  }

  async move(
    root: string,
    { onMoved }: { onMoved?: (() => Promise<void> | void) | undefined } = {},
  ): Promise<void> {
    await this.#disk.move(root, () => {
      this.root = root;
      return onMoved?.();
    });
  }

  setUnwanted = (indices: ReadonlySet<number>): Promise<void> => this.#disk.setUnwanted(indices);
  acquire = (piece: number): PieceBuffer | undefined => this.#disk.acquire(piece) as PieceBuffer | undefined;
  discard = (buffer: PieceBuffer): void => this.#disk.discard(buffer);
  commit = (buffer: PieceBuffer): Promise<boolean> => this.#disk.commit(buffer);
  takeFailedDigests = (piece: number): readonly string[] | undefined => this.#disk.takeFailedDigests(piece);
  digestBlocks = (piece: number): Promise<readonly string[]> => this.#disk.digestBlocks(piece);
  read = (ranges: readonly ReadRange[]): Promise<void> => this.#disk.read([...ranges]);
  flush = (): Promise<void> => this.#disk.flush();
  close = (): Promise<void> => this.#disk.close();
  pathOf = (fileIndex: number): readonly string[] => this.#disk.pathOf(fileIndex);
  rename = (path: readonly string[], newPath: readonly string[]): Promise<void> =>
    this.#disk.rename(path, newPath);
  deleteData = (): Promise<void> => this.#disk.deleteData();
  removeJournal = (): Promise<void> => this.#disk.removeJournal();
}

describe("the simulated disk", () => {
  const disks = new Map<string, MemoryDisk>();
  const cases = storageConformance({
    create: (metainfo, place) => {
      let disk = disks.get(place);
      if (disk === undefined) {
        const verifier = new PieceVerifier(metainfo);
        disk = new MemoryDisk(clock, {
          truth: (piece, bytes) => verifier.isMatch(piece, verifier.digestOf(piece, bytes)),
          refusesLateCopies: false,
        });
        disks.set(place, disk);
      }
      return new SimulatedStorage(disk, metainfo);
    },
  });
  for (const { name, run } of cases) it(name, run);
});
