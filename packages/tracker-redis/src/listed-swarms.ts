/** Swarms that are remembered; then all are forgotten and listed once more. */
const MAX_REMEMBERED_SWARMS = 65_536;
/** A swarm is listed again when so much of a lifetime is over. */
const LISTED_PER_LIFETIME = 4;

/** Which swarms this process has put on the shared list lately: that need not be done with each announce. */
export class ListedSwarms {
  readonly #lifetimeMs: number;
  readonly #refreshMs: number;
  readonly #listedAt = new Map<string, number>();

  constructor(lifetimeMs: number) {
    this.#lifetimeMs = lifetimeMs;
    this.#refreshMs = lifetimeMs / LISTED_PER_LIFETIME;
  }

  /** Whether the swarm is to be listed now; it is taken as listed afterwards. */
  isDue(swarm: string, now: number): boolean {
    const listedAt = this.#listedAt.get(swarm);
    if (listedAt !== undefined && now - listedAt < this.#refreshMs && now >= listedAt) return false;
    if (listedAt === undefined && this.#listedAt.size >= MAX_REMEMBERED_SWARMS) this.#listedAt.clear();
    this.#listedAt.set(swarm, now);
    return true;
  }

  /** The lifetime of swarms that were listed before this is over: the last announce may have come a refresh after the listing. */
  deadBefore(now: number): number {
    return now - this.#lifetimeMs - this.#refreshMs;
  }

  /** Redis may have lost the list. */
  clear(): void {
    this.#listedAt.clear();
  }
}
