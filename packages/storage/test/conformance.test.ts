import { join } from "node:path";
import { createMemoryStorage, createStorage, HashWorkers, type TorrentStorage } from "@bt/storage";
import { storageConformance, type ConformanceHarness } from "@bt/storage/conformance";
import { afterAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "./fixture.ts";

const hashers = new HashWorkers({ count: 1 });
afterAll(() => hashers.close());

/** What the memory storages of one place share. */
const memory = new Map<string, Map<number, Uint8Array>>();
const inMemory: ConformanceHarness = {
  create(metainfo, place) {
    const pieces = memory.get(place) ?? new Map<number, Uint8Array>();
    memory.set(place, pieces);
    return createMemoryStorage({ metainfo, pieces });
  },
};

describe("a storage in files", () => {
  let folder: string;
  const inFiles: ConformanceHarness = {
    create: (metainfo, place) => createStorage({ metainfo, root: join(folder, place), hashers }),
  };
  for (const { name, run } of storageConformance(inFiles)) {
    it(name, async () => {
      folder = await temporaryFolder();
      await run();
    });
  }
});

describe("a storage in files that are allocated in full", () => {
  let folder: string;
  const inFiles: ConformanceHarness = {
    create: (metainfo, place) =>
      createStorage({ metainfo, root: join(folder, place), hashers, allocation: "full" }),
  };
  for (const { name, run } of storageConformance(inFiles)) {
    it(name, async () => {
      folder = await temporaryFolder();
      await run();
    });
  }
});

describe("a storage in memory", () => {
  for (const { name, run } of storageConformance(inMemory)) it(name, run);
});

describe("the suite", () => {
  /** A storage in memory with one thing wrong. */
  const broken = (change: (storage: TorrentStorage) => Partial<TorrentStorage>): ConformanceHarness => ({
    create(metainfo, place) {
      const storage = inMemory.create(metainfo, `${place}-${Math.random()}`);
      const changes = change(storage);
      return new Proxy(storage, {
        get: (_, key) => {
          const value: unknown = Reflect.get(key in changes ? changes : storage, key);
          return typeof value === "function" && !(key in changes) ? value.bind(storage) : value;
        },
      });
    },
    isPersistent: false,
  });

  it.each<[string, (storage: TorrentStorage) => Partial<TorrentStorage>]>([
    ["reads zeros", () => ({ read: () => Promise.resolve() })],
    ["takes everything", (storage) => ({ commit: (buffer) => storage.commit(buffer).then(() => true) })],
    ["never gives memory back", () => ({ discard: () => undefined })],
    ["forgets bad blocks", () => ({ takeFailedDigests: () => undefined })],
    ["gives its own bitfield away", (storage) => ({ open: () => storage.open().then(() => storage.have) })],
    ["does not close", () => ({ close: () => Promise.resolve() })],
    ["does not tell that it moved", (storage) => ({ move: (root) => storage.move(root) })],
  ])("finds out one that %s", async (_, change) => {
    const failures: string[] = [];
    for (const { name, run } of storageConformance(broken(change))) {
      await run().catch(() => failures.push(name));
    }
    expect(failures).not.toEqual([]);
  });
});
