/** Stands between the elements of a joined path: in no name, and before all that is. */
export const SEPARATOR = "\0";

/**
 * Joined paths of files, sorted, so that what lies in a directory stands together. Takes memory in proportion to the
 * paths; a set of all directories would take it in proportion to the square of their depth.
 */
export class PathIndex {
  readonly #paths: readonly string[];
  /** Indices of the files in the order of their paths; of the same path the first comes first. */
  readonly #order: readonly number[];

  constructor(paths: readonly string[]) {
    this.#paths = paths;
    this.#order = paths
      .map((_, index) => index)
      .sort((a, b) => (paths[a]! < paths[b]! ? -1 : paths[a]! > paths[b]! ? 1 : a - b));
  }

  /** Index of the first file with this path. */
  find(path: string): number | undefined {
    const index = this.#order[this.#placeOf(path)];
    return index !== undefined && this.#paths[index] === path ? index : undefined;
  }

  /** Whether a file lies below this path. */
  hasDirectory(path: string): boolean {
    const inside = path + SEPARATOR;
    const index = this.#order[this.#placeOf(inside)];
    return index !== undefined && this.#paths[index]!.startsWith(inside);
  }

  /** Indices of the files whose path an earlier file has, or which is that of a directory. */
  clashes(): number[] {
    const found: number[] = [];
    // From the end on: the first different path behind a directory's lies in it.
    let path: string | undefined;
    let behind: string | undefined;
    for (let place = this.#order.length - 1; place >= 0; place--) {
      const index = this.#order[place]!;
      if (this.#paths[index] !== path) {
        behind = path;
        path = this.#paths[index]!;
      }
      const isDirectory = behind?.[path!.length] === SEPARATOR && behind.startsWith(path!);
      if (isDirectory || this.#paths[this.#order[place - 1] ?? -1] === path) found.push(index);
    }
    return found.sort((a, b) => a - b);
  }

  /** Where in the order `path` stands or would stand. */
  #placeOf(path: string): number {
    let low = 0;
    let high = this.#order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#paths[this.#order[middle]!]! < path) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
