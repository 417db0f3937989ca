/** `count` different numbers below `size`, each set of them equally likely, or all in random order; O(count). */
export function chooseIndices(size: number, count: number, random: () => number): Iterable<number> {
  return count * 2 < size ? drawn(size, count, random) : shuffledPart(size, Math.min(count, size), random);
}

/** Draws until enough are different: while at most half are taken, two tries each on average at most. */
function drawn(size: number, count: number, random: () => number): Set<number> {
  const chosen = new Set<number>();
  while (chosen.size < count) chosen.add(Math.floor(random() * size));
  return chosen;
}

/** The first steps of a Fisher–Yates shuffle; `size` is here at most twice `count`. */
function shuffledPart(size: number, count: number, random: () => number): Uint32Array {
  const indices = new Uint32Array(size);
  for (let i = 0; i < size; i++) indices[i] = i;
  for (let i = 0; i < count; i++) {
    const j = i + Math.floor(random() * (size - i));
    const index = indices[i]!;
    indices[i] = indices[j]!;
    indices[j] = index;
  }
  return indices.subarray(0, count);
}
