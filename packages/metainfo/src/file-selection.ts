/** The highest file index that a link may select: as many files as a torrent within the default limits can have, nearly. */
export const MAX_SELECTED_INDEX = 1_048_575;

/** File indices from `first` to `last`, both included. */
type IndexRange = readonly [first: number, last: number];

/**
 * BEP 53 `so`: indices and ranges such as `0,2,4,6-8`, from one or more parameters, as rising indices. Parts of another
 * form and indices beyond MAX_SELECTED_INDEX are left out.
 */
export function parseFileSelection(texts: readonly string[]): number[] {
  const indices: number[] = [];
  for (const [first, last] of parseIndexRanges(texts))
    for (let index = first; index <= last; index++) indices.push(index);
  return indices;
}

/** Rising ranges without overlap: a thousand that say the same cost no more than one. */
export function parseIndexRanges(texts: readonly string[]): IndexRange[] {
  const ranges: IndexRange[] = [];
  for (const text of texts) {
    for (const part of text.split(",")) {
      const match = /^([0-9]{1,9})(?:-([0-9]{1,9}))?$/.exec(part);
      if (match === null) continue;
      const first = Number(match[1]);
      const last = match[2] === undefined ? first : Number(match[2]);
      if (first <= last && last <= MAX_SELECTED_INDEX) ranges.push([first, last]);
    }
  }
  ranges.sort(([a], [b]) => a - b);
  const merged: IndexRange[] = [];
  let next = 0;
  for (const [first, last] of ranges) {
    if (last < next) continue;
    merged.push([Math.max(next, first), last]);
    next = last + 1;
  }
  return merged;
}

/** The shortest text for a set of indices; runs become ranges. */
export function formatFileSelection(indices: readonly number[]): string {
  const rising = isRising(indices) ? indices : [...new Set(indices)].sort((a, b) => a - b);
  const parts: string[] = [];
  for (let i = 0; i < rising.length; i++) {
    const first = rising[i]!;
    const start = i;
    while (rising[i + 1] === first + i + 1 - start) i++;
    parts.push(i === start ? `${first}` : `${first}-${rising[i]!}`);
  }
  return parts.join(",");
}

/** As `parseFileSelection` gives them: then a million need neither a set nor sorting. */
function isRising(indices: readonly number[]): boolean {
  return indices.every((index, i) => i === 0 || indices[i - 1]! < index);
}
