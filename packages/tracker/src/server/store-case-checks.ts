/** Checks without a test runner, so that the cases of stores can be run by any. */
export function equal(actual: unknown, expected: unknown, what: string): void {
  const [came, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (came !== wanted) throw new Error(`${what}: expected ${wanted}, got ${came}`);
}

export function greater(actual: number, least: number, what: string): void {
  if (!(actual > least)) throw new Error(`${what}: expected more than ${least}, got ${actual}`);
}
