import { randomBytes } from "node:crypto";
import { existsSync, readlinkSync, statSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Session, Torrent } from "@bt/engine";
import { createNodeSession } from "@bt/engine/node";
import { createTorrent } from "@bt/metainfo";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { pieceHashes } from "./piece-hashes.ts";

const PIECE_LENGTH = 65_536;
const FILES = { "bin/run": 700_000, "data/big": 2_000_000, "data/small": 1_000 } as const;
let folder: string;
let bytes: Uint8Array;
let contents: Map<string, Buffer>;
const cleanups: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "bt-layout-"));
  contents = new Map(Object.entries(FILES).map(([path, length]) => [path, randomBytes(length)]));
  for (const [path, content] of contents) {
    const place = join(folder, "seed", "t", path);
    await mkdir(dirname(place), { recursive: true });
    await writeFile(place, content);
  }
  const all = Buffer.concat([...contents.values()]);
  bytes = createTorrent({
    name: "t",
    files: [
      ...Object.entries(FILES).map(([path, length]) => ({
        path: path.split("/"),
        length,
        executable: path === "bin/run",
      })),
      { path: ["data", "link"], length: 0, symlink: ["bin", "run"] },
      { path: ["nothing"], length: 0 },
    ],
    pieceLength: PIECE_LENGTH,
    pieceHashes: pieceHashes(all, PIECE_LENGTH),
  });
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  await rm(folder, { recursive: true, force: true });
});

async function session(options: Parameters<typeof createNodeSession>[0] = {}): Promise<Session> {
  const made = await createNodeSession({ host: "127.0.0.1", ...options });
  cleanups.push(() => made.close({ timeoutMs: 100 }).catch(() => {}));
  return made;
}

async function leech(
  options: Parameters<typeof createNodeSession>[0] = {},
  rate = 4_000_000,
): Promise<Torrent> {
  const seeder = await session({ maxUploadRate: rate });
  await seeder.add(bytes, { root: join(folder, "seed") }).ready;
  const leecher = await session(options);
  return leecher.add(bytes, {
    root: join(folder, "leech"),
    peers: [{ host: "127.0.0.1", port: seeder.port }],
    keepJournal: true,
  });
}

async function expectContents(root: string, pathOf = (path: string): string => `t/${path}`): Promise<void> {
  for (const [path, content] of contents) {
    expect((await readFile(join(root, pathOf(path)))).equals(content), path).toBe(true);
  }
}

describe("the files of a torrent", () => {
  it("get their executable bit, and links lead where the torrent says", async () => {
    const torrent = await leech();
    await torrent.done;
    const root = join(folder, "leech");
    await expectContents(root);
    if (process.platform === "win32") return;
    expect(statSync(join(root, "t/bin/run")).mode & 0o100).toBe(0o100);
    expect(statSync(join(root, "t/data/big")).mode & 0o111).toBe(0);
    expect(readlinkSync(join(root, "t/data/link"))).toBe("../bin/run");
    expect(statSync(join(root, "t/nothing")).size).toBe(0);
  });

  it("are moved and renamed while they are downloaded, and found there at the next start", async () => {
    const torrent = await leech();
    const stop = torrent.on("piece", () => {
      stop();
      void torrent.rename(["t", "data"], ["t", "stuff"]).then(() => torrent.move(join(folder, "second")));
    });
    await torrent.done;
    await torrent.move(join(folder, "third"));
    expect(torrent.root).toBe(join(folder, "third"));
    expect(torrent.pathOf(1)).toEqual(["t", "stuff", "big"]);
    for (const old of ["leech", "second"]) {
      if (existsSync(join(folder, old))) expect(await readdir(join(folder, old))).toEqual([]);
    }
    const renamed = (path: string): string => `t/${path.replace("data/", "stuff/")}`;
    await expectContents(join(folder, "third"), renamed);
    if (process.platform !== "win32")
      expect(readlinkSync(join(folder, "third/t/stuff/link"))).toBe("../bin/run");
    await torrent.remove();
    const again = (await session()).add(bytes, { root: join(folder, "third") });
    await again.done;
    expect(again.pathOf(2)).toEqual(["t", "stuff", "small"]);
    expect(again.snapshot().receivedLength).toBe(0);
  });

  it("are deleted when the torrent is removed with its data; other files stay", async () => {
    const torrent = await leech();
    await torrent.done;
    const root = join(folder, "leech");
    await writeFile(join(root, "t", "mine"), "mine");
    await torrent.remove({ deleteData: true });
    expect(await readdir(root)).toEqual(["t"]);
    expect(await readdir(join(root, "t"))).toEqual(["mine"]);
  });

  it("get all of their room at once when they are allocated in full", async () => {
    const torrent = await leech({ allocation: "full" }, 1_000_000);
    const seen = new Promise<number>((resolve) =>
      torrent.on("piece", (piece) => {
        if (piece > 11 && piece < 40) resolve(statSync(join(folder, "leech/t/data/big")).blocks * 512);
      }),
    );
    expect(await seen).toBeGreaterThanOrEqual(FILES["data/big"]);
    await torrent.done;
    await expectContents(join(folder, "leech"));
  });

  it("that are not wanted are not made, and their part file goes when they are wanted", async () => {
    const torrent = await leech();
    torrent.selectFiles(new Map([0, 2, 3, 4].map((index) => [index, 0] as const)));
    await torrent.done;
    const root = join(folder, "leech");
    expect(await readdir(join(root, "t"))).toEqual(["data"]);
    expect(await readdir(join(root, "t", "data"))).toEqual(["big"]);
    expect((await readdir(root)).some((name) => name.endsWith(".bt-parts"))).toBe(true);
    torrent.selectFiles(new Map([0, 2, 3, 4].map((index) => [index, 4] as const)));
    await torrent.done;
    await expectContents(root);
    expect((await readdir(root)).some((name) => name.endsWith(".bt-parts"))).toBe(false);
    expect(existsSync(join(root, "t", "nothing"))).toBe(true);
  });
});
