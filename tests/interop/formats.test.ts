import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { missingOf } from "./harness/availability.ts";
import { runBt } from "./harness/bt-process.ts";
import { loadMetainfo, loadStorage, type Metainfo } from "./harness/built-packages.ts";
import { expectedFacts } from "./harness/expected-layout.ts";
import {
  runLibtorrent,
  type ByKind,
  type InfoHashes,
  type LibtorrentResult,
  type TorrentFacts,
} from "./harness/libtorrent-formats.ts";
import { makeOurTorrent, TORRENT_KINDS } from "./harness/our-torrents.ts";
import { makeRandomTree, type RandomTree } from "./harness/random-tree.ts";
import { openScope, Scope } from "./harness/scope.ts";
import { REFERENCE } from "./harness/settings.ts";
import { transmissionShow, type ShownSize } from "./harness/transmission-show.ts";

const TREE_COUNT = 200;
/** So many trees are also given to `bt create` and `transmission-show`; the step is prime to the shapes' rhythm of 10. */
const SAMPLE_COUNT = 20;
const SAMPLE_STEP = 9;
const TIMEOUT_MS = 120_000;

interface Subject {
  readonly tree: RandomTree;
  readonly ours: ByKind<string>;
  readonly theirs: ByKind<string>;
}

describe.skipIf(REFERENCE)("torrents of 200 random trees", () => {
  const shared = new Scope();
  const missing = missingOf(["python:libtorrent"]);
  const subjects: Subject[] = [];
  let libtorrent: readonly LibtorrentResult[] = [];

  beforeEach(({ skip }) => {
    if (missing.length > 0) skip(`not installed: ${missing.join(", ")}`);
  });

  beforeAll(async () => {
    if (missing.length > 0) return;
    const { HashWorkers } = await loadStorage();
    const workers = new HashWorkers({ count: 1 });
    for (let index = 0; index < TREE_COUNT; index++) {
      const folder = path.join(shared.directory, String(index));
      await mkdir(folder);
      const tree = await makeRandomTree(index, folder);
      const place = (who: string): ByKind<string> =>
        Object.fromEntries(
          TORRENT_KINDS.map((kind) => [kind, path.join(folder, `${who}-${kind}.torrent`)]),
        ) as ByKind<string>;
      const ours = place("ours");
      for (const kind of TORRENT_KINDS)
        await writeFile(ours[kind], await makeOurTorrent(tree, kind, workers));
      subjects.push({ tree, ours, theirs: place("theirs") });
    }
    await workers.close();
    const tasks = subjects.map(({ tree, ours, theirs }) => ({ tree, made: theirs, read: ours }));
    libtorrent = await runLibtorrent(tasks, shared.directory);
  }, TIMEOUT_MS);
  afterAll(() => shared.close());

  it.each(TORRENT_KINDS)("have the info-hashes that libtorrent gives them (%s)", async (kind) => {
    const ours = [];
    for (const subject of subjects) ours.push(hashesOf(await parse(subject.ours[kind])));
    expect(ours).toEqual(libtorrent.map(({ made }) => made[kind]));
  });

  it.each(TORRENT_KINDS)("say to libtorrent what is true of the trees (%s)", (kind) => {
    for (const [index, { tree }] of subjects.entries()) {
      const { v1, v2, ...read } = libtorrent[index]!.read[kind];
      expect({ v1, v2 }).toEqual(libtorrent[index]!.made[kind]);
      expect(withoutPadPaths(read)).toEqual(expectedFacts(tree, kind, "libtorrent"));
    }
  });

  it.each(TORRENT_KINDS)("are understood when libtorrent made them (%s)", async (kind) => {
    for (const [index, { tree, theirs }] of subjects.entries()) {
      const metainfo = await parse(theirs[kind]);
      expect(hashesOf(metainfo)).toEqual(libtorrent[index]!.made[kind]);
      expect(factsOf(metainfo)).toEqual(expectedFacts(tree, kind, "bt"));
    }
  });

  it("are made by `bt create` with the same info-hashes", { timeout: TIMEOUT_MS }, async () => {
    const scope = openScope();
    const folder = await scope.folder("created");
    for (const [turn, { tree, ours }] of sample().entries()) {
      const kind = (["v1", "v2", "hybrid"] as const)[turn % 3]!;
      const target = path.join(folder, `${String(tree.index)}.torrent`);
      const args = ["-o", target, "--format", kind, "--piece-length", String(tree.pieceLength)];
      for (const tier of tree.trackers) args.push("--tracker", tier.join(","));
      if (tree.private) args.push("--private");
      const status = await runBt(scope, ["create", tree.absolutePath, ...args, "--quiet"]);
      expect(status.code, status.tail).toBe(0);
      const created = await parse(target);
      expect(hashesOf(created)).toEqual(hashesOf(await parse(ours[kind])));
      expect(factsOf(created)).toEqual(expectedFacts(tree, kind, "bt"));
    }
  });

  // Its version 3.00 knows v1 only, and prints sizes rounded, so the exact ones are libtorrent's part.
  it("say to transmission-show what is true of the trees (v1)", { timeout: TIMEOUT_MS }, async (context) => {
    const absent = missingOf(["transmission-show"]);
    if (absent.length > 0) context.skip(`not installed: ${absent.join(", ")}`);
    for (const { tree, ours } of sample()) {
      const { files, totalLength, ...facts } = expectedFacts(tree, "v1", "bt");
      const { files: shownFiles, totalSize, infoHash, ...shown } = await transmissionShow(ours.v1);
      expect(shown).toEqual(facts);
      expect(infoHash).toBe(hashesOf(await parse(ours.v1)).v1);
      expectSize(totalSize, totalLength);
      // It sorts the files by path, all of them under the torrent's name.
      const byPath = new Map(shownFiles.map((file) => [file.path, file.size]));
      expect([...byPath.keys()].sort()).toEqual(files.map((file) => file.path).sort());
      expect(shownFiles).toHaveLength(files.length);
      for (const { path: file, length } of files) expectSize(byPath.get(file)!, length);
    }
  });

  function sample(): Subject[] {
    return Array.from({ length: SAMPLE_COUNT }, (_, turn) => subjects[turn * SAMPLE_STEP]!);
  }
});

async function parse(file: string): Promise<Metainfo> {
  const { parseTorrent } = await loadMetainfo();
  return parseTorrent(await readFile(file));
}

function hashesOf({ infoHash, infoHashV2 }: Metainfo): InfoHashes {
  return { v1: hex(infoHash), v2: hex(infoHashV2) };
}

function hex(bytes: Uint8Array | undefined): string | null {
  return bytes === undefined ? null : Buffer.from(bytes).toString("hex");
}

function factsOf(metainfo: Metainfo): TorrentFacts {
  const { name, pieceLength, pieceCount, totalLength, trackers } = metainfo;
  const files = metainfo.files.map(({ path: elements, length, offset, pad, executable }) => {
    return { path: elements.join("/"), length, offset, pad, executable };
  });
  const isPrivate = metainfo.private;
  return withoutPadPaths({ name, pieceLength, pieceCount, totalLength, private: isPrivate, trackers, files });
}

/** A pad's path is nobody's business: it never comes to a disk. */
function withoutPadPaths(facts: TorrentFacts): TorrentFacts {
  return { ...facts, files: facts.files.map((file) => (file.pad ? { ...file, path: "" } : file)) };
}

function expectSize({ least, most }: ShownSize, length: number): void {
  expect(length).toBeGreaterThanOrEqual(least);
  expect(length).toBeLessThanOrEqual(most);
}
