import { PathIndex, SEPARATOR } from "./path-index.ts";

/** Links that are followed one after the other; Linux gives up (ELOOP) after as many. */
const MAX_HOPS = 40;

/**
 * Decides which symbolic links of a torrent lead to something in the same torrent (BEP 47). Paths here have no `..` and
 * begin with the torrent's folder, and so do all targets: however links are combined, they stay in that folder.
 */
export class SymlinkResolver {
  readonly #index: PathIndex;
  readonly #paths: readonly (readonly string[])[];
  /** Link to where it leads, joined. */
  readonly #targets = new Map<number, string>();
  /** Link to what it leads to in the end; `undefined` when that is nothing, or while it is being looked for. */
  readonly #resolved = new Map<number, string | undefined>();

  /**
   * `stored` are the paths before, `paths` after name collisions were settled; `targets` by the link's file index, each
   * joined, with the torrent's folder as first element.
   */
  constructor(
    stored: readonly (readonly string[])[],
    paths: readonly (readonly string[])[],
    targets: ReadonlyMap<number, string>,
  ) {
    this.#paths = paths;
    this.#index = new PathIndex(stored.map((path) => path.join(SEPARATOR)));
    for (const [index, target] of targets) this.#targets.set(index, this.#meant(target, stored[index]!));
  }

  /** The targets of all links that lead to a file or directory, with the names that those have in the end. */
  resolvedTargets(): Map<number, readonly string[]> {
    const valid = new Map<number, readonly string[]>();
    for (const [index, target] of this.#targets) {
      if (this.#follow(index, 0) === undefined) continue;
      const file = this.#index.find(target);
      valid.set(index, file === undefined ? target.split(SEPARATOR) : this.#paths[file]!);
    }
    return valid;
  }

  /**
   * BEP 47 has targets from the torrent's folder on. Old torrents have them from the link's own directory on, as on a
   * disk (`Versions/Current` to `A`): read so, as libtorrent does, where only that leads to something.
   */
  #meant(target: string, link: readonly string[]): string {
    if (this.#exists(target)) return target;
    const fromLink = [...link.slice(0, -1), target.slice(target.indexOf(SEPARATOR) + 1)].join(SEPARATOR);
    return this.#exists(fromLink) ? fromLink : target;
  }

  #exists(path: string): boolean {
    return this.#index.hasDirectory(path) || this.#index.find(path) !== undefined;
  }

  #follow(link: number, hops: number): string | undefined {
    if (this.#resolved.has(link) || hops >= MAX_HOPS) return this.#resolved.get(link);
    // A link that meets itself on the way leads to nothing.
    this.#resolved.set(link, undefined);
    const target = this.#targets.get(link)!;
    let at: string | undefined = "";
    // Seldom does a target lead through other links.
    if (this.#exists(target)) at = this.#realPath(target, hops);
    else
      for (const element of target.split(SEPARATOR)) {
        at = this.#realPath(at === "" ? element : at + SEPARATOR + element, hops);
        if (at === undefined) return undefined;
      }
    this.#resolved.set(link, at);
    return at;
  }

  /** What lies at a path whose directories are no links. */
  #realPath(path: string, hops: number): string | undefined {
    if (this.#index.hasDirectory(path)) return path;
    const file = this.#index.find(path);
    if (file === undefined) return undefined;
    return this.#targets.has(file) ? this.#follow(file, hops + 1) : path;
  }
}
