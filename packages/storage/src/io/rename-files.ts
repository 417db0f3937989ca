import { StorageError } from "../errors.ts";
import type { PayloadFiles } from "./payload-files.ts";
import type { ResumeLog } from "./resume-log.ts";

/**
 * Gives a file, or every file in a folder, another path below the download folder. First the new names, then the journal,
 * then away with the old names: at any moment the journal names files that are there. To be called while nothing is written.
 *
 * (A file system without second names has to rename before the journal is written; who dies in between finds the file
 * missing and has to rename it back or fetch it again.)
 *
 * @throws RangeError when no file of the torrent has that path, StorageError FOREIGN_DATA when the new name is taken.
 */
export async function renameFiles(
  payload: PayloadFiles,
  log: ResumeLog,
  from: readonly string[],
  to: readonly string[],
): Promise<void> {
  const plan = planRename(payload, from, to);
  await log.flush();
  const links = payload.linkPaths();
  const made: number[] = [];
  const moved: number[] = [];
  const before = new Map(payload.renames);
  const places = new Map(
    [...plan].map(([index, path]) => [index, [payload.elementsOf(index), path] as const]),
  );
  let isJournalBegun = false;
  payload.isRenaming = true;
  try {
    for (const [index, [oldPath, newPath]] of places) {
      if (!payload.isOnDisk(index) || (await payload.inspectFile(index)) === undefined) continue;
      const result = await payload.root.link(oldPath, payload.root, newPath);
      if (result === "taken") throw isTaken(payload.root.pathOf(newPath));
      if (result === "linked") made.push(index);
      else {
        if (result === "impossible" && (await payload.root.inspect(newPath)) !== undefined)
          throw isTaken(payload.root.pathOf(newPath));
        await payload.root.rename(oldPath, newPath);
        moved.push(index);
      }
    }
    await payload.syncNames([...made, ...moved].map((index) => places.get(index)![1]));
    for (const [index, path] of plan) payload.renames.set(index, path);
    isJournalBegun = true;
    await log.savePlaces(new Map());
  } catch (error) {
    for (const index of moved) {
      const [oldPath, newPath] = places.get(index)!;
      await payload.root.rename(newPath, oldPath).catch(() => {});
    }
    payload.renames.clear();
    for (const [index, path] of before) payload.renames.set(index, path);
    log.placesChanged();
    const takeBack = async (): Promise<void> => {
      for (const index of made) await payload.root.unlink(places.get(index)![1]).catch(() => {});
      for (const [, newPath] of places.values()) await payload.root.removeEmptyFolders(newPath);
    };
    if (isJournalBegun) {
      // It may name the new paths by now: they go when it does not.
      log.whenReplaced(takeBack);
      await log.savePlaces(new Map()).catch(() => {});
    } else {
      await takeBack();
    }
    throw error;
  } finally {
    payload.isRenaming = false;
    payload.forgetOpenFiles();
  }
  await payload.removeLinks(links);
  await payload.makeFilesWithoutBytes().catch(() => {});
  for (const index of made) await payload.root.unlink(places.get(index)![0]).catch(() => {});
  for (const [oldPath] of places.values()) await payload.root.removeEmptyFolders(oldPath);
}

/** The new path of each file that is meant. */
function planRename(
  payload: PayloadFiles,
  from: readonly string[],
  to: readonly string[],
): Map<number, readonly string[]> {
  const plan = new Map<number, readonly string[]>();
  const kept = new Set<string>([payload.elementsOf(payload.parts.fileIndex).join("/")]);
  for (const [index, file] of payload.metainfo.files.entries()) {
    if (file.pad) continue;
    const path = payload.elementsOf(index);
    if (from.length > 0 && from.every((element, i) => path[i] === element)) {
      plan.set(index, [...to, ...path.slice(from.length)]);
    } else {
      for (let depth = 1; depth <= path.length; depth++) kept.add(path.slice(0, depth).join("/"));
    }
  }
  if (plan.size === 0) throw new RangeError(`no file of the torrent is ${from.join("/")}`);
  const files = new Set(
    payload.metainfo.files.flatMap((file, index) =>
      file.pad || plan.has(index) ? [] : [payload.elementsOf(index).join("/")],
    ),
  );
  for (const path of plan.values()) {
    payload.root.pathOf(path);
    // Neither the name of another file or folder of the torrent, nor below a file.
    if (kept.has(path.join("/"))) throw isTaken(payload.root.pathOf(path));
    for (let depth = 1; depth < path.length; depth++)
      if (files.has(path.slice(0, depth).join("/"))) throw isTaken(payload.root.pathOf(path.slice(0, depth)));
  }
  return plan;
}

function isTaken(path: string): StorageError {
  const message = `Cannot use the name ${path}: something else has it; choose another one or move that away.`;
  return new StorageError("FOREIGN_DATA", message, { path });
}
