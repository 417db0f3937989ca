/** Links that are followed one after the other; Linux gives up (ELOOP) after as many. */
const MAX_HOPS = 40;

/**
 * Decides which symbolic links of a torrent lead to something in the same torrent (BEP 47). Paths here have no `..` and
 * begin with the torrent's folder, and so do all targets: however links are combined, they stay in that folder.
 */
export class SymlinkResolver {
  /** Stored path of a file to its index. */
  readonly #files = new Map<string, number>();
  readonly #directories = new Set<string>();
  readonly #paths: readonly (readonly string[])[];
  readonly #targets = new Map<number, readonly string[]>();
  /** Link to what it leads to in the end; `undefined` when that is nothing, or while it is being looked for. */
  readonly #resolved = new Map<number, string | undefined>();

  /**
   * `stored` are the paths before, `paths` after name collisions were settled; `targets` by the link's file index, each
   * with the torrent's folder as first element.
   */
  constructor(
    stored: readonly (readonly string[])[],
    paths: readonly (readonly string[])[],
    targets: ReadonlyMap<number, readonly string[]>,
  ) {
    this.#paths = paths;
    for (const [index, path] of stored.entries()) {
      const joined = path.join("/");
      if (!this.#files.has(joined)) this.#files.set(joined, index);
      for (let slash = joined.lastIndexOf("/"); slash > 0; slash = joined.lastIndexOf("/", slash - 1)) {
        const directory = joined.slice(0, slash);
        if (this.#directories.has(directory)) break;
        this.#directories.add(directory);
      }
    }
    for (const [index, target] of targets) this.#targets.set(index, this.#meant(target, stored[index]!));
  }

  /**
   * BEP 47 has targets from the torrent's folder on. Old torrents have them from the link's own directory on, as on a
   * disk (`Versions/Current` to `A`): read so, as libtorrent does, where only that leads to something.
   */
  #meant(target: readonly string[], link: readonly string[]): readonly string[] {
    if (link.length <= 2 || this.#exists(target)) return target;
    const fromLink = [...link.slice(0, -1), ...target.slice(1)];
    return this.#exists(fromLink) ? fromLink : target;
  }

  #exists(path: readonly string[]): boolean {
    const joined = path.join("/");
    return this.#files.has(joined) || this.#directories.has(joined);
  }

  /** The targets of all links that lead to a file or directory, with the names that those have in the end. */
  resolvedTargets(): Map<number, readonly string[]> {
    const valid = new Map<number, readonly string[]>();
    for (const [index, target] of this.#targets) {
      if (this.#follow(index, 0) === undefined) continue;
      const file = this.#files.get(target.join("/"));
      valid.set(index, file === undefined ? target : this.#paths[file]!);
    }
    return valid;
  }

  #follow(link: number, hops: number): string | undefined {
    if (this.#resolved.has(link) || hops >= MAX_HOPS) return this.#resolved.get(link);
    // A link that meets itself on the way leads to nothing.
    this.#resolved.set(link, undefined);
    let at = "";
    for (const element of this.#targets.get(link)!) {
      const next: string = at === "" ? element : `${at}/${element}`;
      const file = this.#files.get(next);
      if (this.#directories.has(next)) at = next;
      else if (file === undefined) return undefined;
      else if (!this.#targets.has(file)) at = next;
      else {
        const real = this.#follow(file, hops + 1);
        if (real === undefined) return undefined;
        at = real;
      }
    }
    this.#resolved.set(link, at);
    return at;
  }
}
