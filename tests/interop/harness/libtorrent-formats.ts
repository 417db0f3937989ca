import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { PYTHON } from "../peers/libtorrent.ts";
import type { TorrentKind } from "./our-torrents.ts";
import type { RandomTree } from "./random-tree.ts";
import { MEBI } from "./settings.ts";

const run = promisify(execFile);
const SCRIPT = path.join(path.dirname(fileURLToPath(import.meta.url)), "libtorrent_formats.py");

export interface InfoHashes {
  readonly v1: string | null;
  readonly v2: string | null;
}

export interface ReadFile {
  readonly path: string;
  readonly length: number;
  readonly offset: number;
  readonly pad: boolean;
  readonly executable: boolean;
}

export interface TorrentFacts {
  readonly name: string;
  readonly pieceLength: number;
  readonly pieceCount: number;
  readonly totalLength: number;
  readonly private: boolean;
  readonly trackers: readonly (readonly string[])[];
  readonly files: readonly ReadFile[];
}

export type ReadTorrent = InfoHashes & TorrentFacts;

export type ByKind<Value> = Readonly<Record<TorrentKind, Value>>;

export interface LibtorrentTask {
  readonly tree: RandomTree;
  /** Where libtorrent's own torrents go. */
  readonly made: ByKind<string>;
  /** Where ours are. */
  readonly read: ByKind<string>;
}

export interface LibtorrentResult {
  readonly made: ByKind<InfoHashes>;
  readonly read: ByKind<ReadTorrent>;
}

/** Does all tasks in one libtorrent process. */
export async function runLibtorrent(
  tasks: readonly LibtorrentTask[],
  directory: string,
): Promise<LibtorrentResult[]> {
  const job = path.join(directory, "job.json");
  const trees = tasks.map(
    ({ tree: { absolutePath, pieceLength, private: isPrivate, trackers }, made, read }) => ({
      ...{ path: absolutePath, pieceLength, private: isPrivate, trackers },
      ...{ made, read },
    }),
  );
  await writeFile(job, JSON.stringify({ trees }));
  const { stdout } = await run(PYTHON, [SCRIPT, job], {
    maxBuffer: 256 * MEBI,
    env: { ...process.env, PYTHONIOENCODING: "utf-8", LC_ALL: "C.UTF-8" },
  });
  return (JSON.parse(stdout) as { trees: LibtorrentResult[] }).trees;
}
