/** The highest file index that a link may select: as many files as a torrent within the default limits can have, nearly. */
export const MAX_SELECTED_INDEX = 1_048_575;

/**
 * BEP 53 `so`: indices and ranges such as `0,2,4,6-8`, from one or more parameters, as rising indices. Parts of another
 * form and indices beyond MAX_SELECTED_INDEX are left out.
 */
export function parseFileSelection(texts: readonly string[]): number[] {
  const ranges: [first: number, last: number][] = [];
  for (const text of texts) {
    for (const part of text.split(",")) {
      const match = /^([0-9]{1,9})(?:-([0-9]{1,9}))?$/.exec(part);
      if (match === null) continue;
      const first = Number(match[1]);
      const last = match[2] === undefined ? first : Number(match[2]);
      if (first <= last && last <= MAX_SELECTED_INDEX) ranges.push([first, last]);
    }
  }
  // Sorted, so that ranges that overlap a thousand times cost no more than one.
  ranges.sort(([a], [b]) => a - b);
  const indices: number[] = [];
  let next = 0;
  for (const [first, last] of ranges)
    for (next = Math.max(next, first); next <= last; next++) indices.push(next);
  return indices;
}

/** The shortest text for a set of indices; runs become ranges. */
export function formatFileSelection(indices: readonly number[]): string {
  const sorted = [...new Set(indices)].sort((a, b) => a - b);
  const parts: string[] = [];
  for (let i = 0; i < sorted.length;) {
    let end = i;
    while (end + 1 < sorted.length && sorted[end + 1] === sorted[end]! + 1) end++;
    parts.push(i === end ? `${sorted[i]!}` : `${sorted[i]!}-${sorted[end]!}`);
    i = end + 1;
  }
  return parts.join(",");
}
