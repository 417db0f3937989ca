import { sanitizeName } from "./file-name.ts";
import type { MetainfoFile } from "./metainfo.ts";
import { SEPARATOR } from "./path-index.ts";
import { separatePaths } from "./separate-paths.ts";
import type { StoredFile } from "./stored-file.ts";
import { SymlinkResolver } from "./symlink-resolver.ts";

/** Stands for a path element of which nothing usable is left. */
const PLACEHOLDER = "_";

export interface PlaceOptions {
  /** The cleaned name of the folder that holds all files, or of the only file. */
  readonly name: string;
  readonly isMultiFile: boolean;
  /** Bytes to whose multiples each file that is not empty is moved; 1 leaves no gaps (v1). */
  readonly alignment: number;
  readonly fileNames: "portable" | "posix";
}

/** Gives every file its offset and a path that is safe, unique and inside of the torrent's own folder. */
export function placeFiles(stored: readonly StoredFile[], options: PlaceOptions): MetainfoFile[] {
  const { name, isMultiFile, alignment } = options;
  const cleaned = stored.map((file) => {
    if (!isMultiFile) return [name];
    const { path } = file;
    return path === undefined ? [name, ".pad", `${file.length}`] : cleanPath(path, options.fileNames, [name]);
  });
  // A pad file is on no disk, where it could meet another.
  const separated = separatePaths(cleaned.filter((_, i) => !stored[i]!.pad)).values();
  const paths = cleaned.map((path, i) => (stored[i]!.pad ? path : separated.next().value!));
  const symlinks = placeSymlinks(stored, cleaned, paths, options);

  let end = 0;
  return stored.map((file, i) => {
    const offset = file.length === 0 ? end : Math.ceil(end / alignment) * alignment;
    end = offset + file.length;
    const placed: { -readonly [Key in keyof MetainfoFile]: MetainfoFile[Key] } = {
      path: paths[i]!,
      length: file.length,
      offset,
      pad: file.pad,
      executable: file.executable,
      hidden: file.hidden,
    };
    const symlink = symlinks.get(i);
    if (symlink !== undefined) placed.symlink = symlink;
    if (file.piecesRoot !== undefined) placed.piecesRoot = file.piecesRoot;
    if (file.sha1 !== undefined) placed.sha1 = file.sha1;
    return placed;
  });
}

/** Clean elements; those that are empty or `.` vanish, what cannot be used becomes `_`, and there is at least one. */
export function cleanPath(
  elements: readonly Uint8Array[],
  fileNames: "portable" | "posix" = "portable",
  above: readonly string[] = [],
): string[] {
  const path = [...above];
  for (const element of elements) {
    if (element.length === 0 || (element.length === 1 && element[0] === 0x2e)) continue;
    path.push(sanitizeName(element, fileNames) ?? PLACEHOLDER);
  }
  if (path.length === above.length) path.push(PLACEHOLDER);
  return path;
}

/** File index to the path that its link leads to. A link that would lead to nothing becomes an ordinary empty file. */
function placeSymlinks(
  stored: readonly StoredFile[],
  cleaned: readonly (readonly string[])[],
  paths: readonly (readonly string[])[],
  { name, isMultiFile, fileNames }: PlaceOptions,
): Map<number, readonly string[]> {
  const targets = new Map<number, string>();
  if (isMultiFile)
    for (const [i, { symlink }] of stored.entries())
      if (symlink !== undefined) targets.set(i, cleanPath(symlink, fileNames, [name]).join(SEPARATOR));
  return targets.size === 0 ? new Map() : new SymlinkResolver(cleaned, paths, targets).resolvedTargets();
}
