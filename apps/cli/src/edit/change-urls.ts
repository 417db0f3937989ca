/** What happens to a list: first it is replaced, then things are taken out, then things are added. */
export interface Change<T> {
  /** Takes the place of all that is there. */
  readonly replace: readonly T[] | undefined;
  readonly add: readonly T[];
  /** URLs, exactly as they are stored. */
  readonly remove: readonly string[];
}

export interface Changed<T> {
  readonly urls: readonly T[];
  /** What was to be taken out, but was not there. */
  readonly absent: readonly string[];
}

/** Tiers of trackers after a change, without empty tiers; `undefined` when there is nothing to do. */
export function changeTiers(
  tiers: readonly (readonly string[])[],
  { replace, add, remove }: Change<readonly string[]>,
): Changed<readonly string[]> | undefined {
  if (replace === undefined && add.length === 0 && remove.length === 0) return undefined;
  const before = replace ?? tiers;
  const removed = new Set(remove);
  const known = new Set(before.flat());
  const absent = remove.filter((url) => !known.has(url));
  const kept = before.map((tier) => tier.filter((url) => !removed.has(url)));
  const seen = new Set(kept.flat());
  // A tracker that is there already stays where it is: twice it would only be asked twice.
  const added = add.map((tier) => tier.filter((url) => !seen.has(url) && seen.add(url)));
  return { urls: [...kept, ...added].filter((tier) => tier.length > 0), absent };
}

/** The same for a plain list. */
export function changeUrls(urls: readonly string[], change: Change<string>): Changed<string> | undefined {
  const asTiers = (list: readonly string[]): string[][] => list.map((url) => [url]);
  const changed = changeTiers(asTiers(urls), {
    replace: change.replace && asTiers(change.replace),
    add: asTiers(change.add),
    remove: change.remove,
  });
  return changed && { urls: changed.urls.flat(), absent: changed.absent };
}
