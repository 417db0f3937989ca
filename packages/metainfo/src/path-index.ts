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
    return this.#order
      .filter((index, place) => {
        const path = this.#paths[index]!;
        return path === this.#paths[this.#order[place - 1] ?? -1] || this.hasDirectory(path);
      })
      .sort((a, b) => a - b);
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
