import { foldName, numberedName } from "./file-name.ts";

/** What lies under a name of a directory. Names are folded: two that differ in case only are one entry. */
interface Directory {
  readonly entries: Map<string, Directory | undefined>;
  /** For a name that came more than once, the number that its next copy tries first: keeps n copies linear. */
  readonly nextNumbers: Map<string, number>;
}

/**
 * Gives each file a path of its own, also on file systems that ignore case: no two files share one, and no file takes
 * the place of a directory. The first file keeps its name, later ones get a number before the extension.
 */
export class PathTable {
  readonly #root: Directory = { entries: new Map(), nextNumbers: new Map() };

  /** Announces the directories of a path whose last element is a file. All are announced before files are placed. */
  addDirectories(path: readonly string[]): void {
    this.#directoryOf(path);
  }

  /** The path for this file: as it is, or with another last element. */
  addFile(path: readonly string[]): readonly string[] {
    const directory = this.#directoryOf(path);
    const name = path[path.length - 1]!;
    let folded = foldName(name);
    if (!directory.entries.has(folded)) {
      directory.entries.set(folded, undefined);
      return path;
    }
    const original = folded;
    let number = directory.nextNumbers.get(original) ?? 1;
    let free: string;
    do {
      free = numberedName(name, number++);
      folded = foldName(free);
    } while (directory.entries.has(folded));
    directory.nextNumbers.set(original, number);
    directory.entries.set(folded, undefined);
    return [...path.slice(0, -1), free];
  }

  #directoryOf(path: readonly string[]): Directory {
    let directory = this.#root;
    for (let i = 0; i < path.length - 1; i++) {
      const folded = foldName(path[i]!);
      let inner = directory.entries.get(folded);
      if (inner === undefined) {
        inner = { entries: new Map(), nextNumbers: new Map() };
        directory.entries.set(folded, inner);
      }
      directory = inner;
    }
    return directory;
  }
}
