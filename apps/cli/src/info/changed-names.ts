import type { Metainfo } from "@bt/metainfo";
import { formatCount } from "../output/units.ts";
import { storedPaths, type StoredPaths } from "./stored-paths.ts";

/** A name may have millions of characters. */
const MAX_SHOWN_LENGTH = 300;

/** What to know about names that were changed because they were unsafe, or because two files had the same one. */
export function nameWarnings(metainfo: Metainfo): string[] {
  const { name, paths } = storedPaths(metainfo);
  const warnings: string[] = [];
  if (metainfo.isMultiFile && name !== metainfo.name)
    warnings.push(
      `the name "${shortened(name)}" is not safe everywhere; it is changed to "${metainfo.name}"`,
    );
  let count = 0;
  let example = "";
  for (const { stored, used } of changedPaths(metainfo, paths))
    if (count++ === 0) example = `"${shortened(stored)}" is changed to "${used}"`;
  if (count > 0)
    warnings.push(
      `${formatCount(count, "file name is", "file names are")} not safe everywhere or there twice: ${example}`,
    );
  return warnings;
}

/** Whether any file is called otherwise than the torrent says. */
export function hasChangedNames(metainfo: Metainfo): boolean {
  const { name, paths } = storedPaths(metainfo);
  if (metainfo.isMultiFile && name !== metainfo.name) return true;
  return changedPaths(metainfo, paths).next().done !== true;
}

/** Paths below the torrent's folder, as stored and as used, of the files in which they differ. */
function* changedPaths(
  metainfo: Metainfo,
  paths: StoredPaths["paths"],
): Generator<{ stored: string; used: string }, undefined> {
  let index = 0;
  for (const path of paths) {
    const file = metainfo.files[index++]!;
    if (file.pad || path === undefined) continue;
    const stored = path.join("/");
    const used = (metainfo.isMultiFile ? file.path.slice(1) : file.path).join("/");
    if (stored !== used) yield { stored, used };
  }
}

function shortened(name: string): string {
  return name.length > MAX_SHOWN_LENGTH ? `${name.slice(0, MAX_SHOWN_LENGTH)}…` : name;
}
