import { foldName, numberedName } from "./file-name.ts";
import { PathIndex, SEPARATOR } from "./path-index.ts";

/**
 * Gives each file a path of its own, also on file systems that ignore case: no two files share one, and no file takes
 * the place of a directory. The first file keeps its name; later ones get a number before the extension, with which they
 * take no other file's name.
 */
export function separatePaths(paths: readonly (readonly string[])[]): (readonly string[])[] {
  const index = new PathIndex(paths.map((path) => fold(path)));
  const separated = [...paths];
  const numbered = new Set<string>();
  // For the first candidate of so many digits, the number to try next. Each candidate is tried once, whoever wants it:
  // long names that differ only where they are cut compete for the same ones.
  const nextNumbers = new Map<string, number>();
  const firstDigits = new Map<string, number>();
  for (const at of index.clashes()) {
    const name = paths[at]![paths[at]!.length - 1]!;
    const folder = paths[at]!.slice(0, -1);
    const prefix = fold([...folder, ""]);
    const own = prefix + foldName(name);
    let free: string | undefined;
    for (let start = firstDigits.get(own) ?? 1; free === undefined; start *= 10) {
      const key = prefix + foldName(numberedName(name, start));
      let number = nextNumbers.get(key) ?? start;
      while (free === undefined && number < 10 * start) {
        const candidate = numberedName(name, number++);
        const folded = prefix + foldName(candidate);
        if (index.find(folded) !== undefined || index.hasDirectory(folded) || numbered.has(folded)) continue;
        numbered.add(folded);
        free = candidate;
      }
      nextNumbers.set(key, number);
      firstDigits.set(own, start);
    }
    separated[at] = [...folder, free];
  }
  return separated;
}

function fold(path: readonly string[]): string {
  return path.map(foldName).join(SEPARATOR);
}
