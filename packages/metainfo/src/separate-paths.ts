import { foldName, numberedName } from "./file-name.ts";
import { PathIndex, SEPARATOR } from "./path-index.ts";

/** More files than any torrent has. */
const WIDEST_NUMBER = 9_999_999;

/**
 * Gives each file a path of its own, also on file systems that ignore case: no two files share one, and no file takes
 * the place of a directory. The first file keeps its name; later ones get a number before the extension, with which they
 * take no other file's name.
 */
export function separatePaths(paths: readonly (readonly string[])[]): (readonly string[])[] {
  const index = new PathIndex(paths.map((path) => fold(path)));
  const separated = [...paths];
  const numbered = new Set<string>();
  // The number to try next, shared by all names that are the same where the longest number would cut them: so each
  // candidate is tried once, whoever wants it.
  const nextNumbers = new Map<string, number>();
  for (const at of index.clashes()) {
    const folder = paths[at]!.slice(0, -1);
    const name = paths[at]![folder.length]!;
    const key = fold([...folder, numberedName(name, WIDEST_NUMBER)]);
    let number = nextNumbers.get(key) ?? 1;
    let folded: string;
    do {
      separated[at] = [...folder, numberedName(name, number++)];
      folded = fold(separated[at]);
    } while (numbered.has(folded) || index.hasDirectory(folded) || index.find(folded) !== undefined);
    numbered.add(folded);
    nextNumbers.set(key, number);
  }
  return separated;
}

function fold(path: readonly string[]): string {
  return path.map(foldName).join(SEPARATOR);
}
