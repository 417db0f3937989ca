import { lstatSync } from "node:fs";
import { join } from "node:path";
import { type Metainfo, parseTorrent } from "@bt/metainfo";
import { hasChangedNames } from "../info/changed-names.ts";
import type { LoadedTorrent } from "./read-torrent.ts";

/**
 * The torrent with the names that its data has in `root`. Names are changed so that every system takes them; other
 * clients, where their system allows it, write `a:b` as it is. Data of theirs that lies there is found: when none of the
 * changed names is there and one of the others is, all names change only as this system needs it.
 */
export function namedAsOnDisk(
  { metainfo, bytes }: Pick<LoadedTorrent, "metainfo" | "bytes">,
  root: string,
  platform: NodeJS.Platform = process.platform,
): Metainfo {
  if (platform === "win32" || !hasChangedNames(metainfo)) return metainfo;
  const asStored = parseTorrent(bytes, { fileNames: "posix" });
  let found = metainfo;
  for (const [index, { path, pad }] of metainfo.files.entries()) {
    const other = asStored.files[index]!.path;
    if (pad || path.join("/") === other.join("/")) continue;
    if (isThere(root, path)) return metainfo;
    if (isThere(root, other)) found = asStored;
  }
  return found;
}

function isThere(root: string, path: readonly string[]): boolean {
  return lstatSync(join(root, ...path), { throwIfNoEntry: false }) !== undefined;
}
