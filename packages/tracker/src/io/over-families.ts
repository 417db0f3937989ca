import { TrackerError } from "../errors.ts";

/** Hosts whose failures are remembered. */
const MAX_HOST_COUNT = 1_000;

/** Which hosts did not answer over which address family when they were last asked. */
export class FamilyMemory {
  readonly #failures = new Set<string>();

  note(host: string, family: 4 | 6 | undefined, failed: boolean): void {
    const key = `${family ?? "any"} ${host}`;
    this.#failures.delete(key);
    if (!failed) return;
    const [oldest] = this.#failures;
    if (oldest !== undefined && this.#failures.size >= MAX_HOST_COUNT) this.#failures.delete(oldest);
    this.#failures.add(key);
  }

  failed(host: string, family: 4 | 6 | undefined): boolean {
    return this.#failures.has(`${family ?? "any"} ${host}`);
  }
}

/** What comes of asking over several families. */
export interface FamilyAnswers<T> {
  /** The first good answer. Rejects when all have failed, with a refusal in the tracker's own words if there is one. */
  readonly first: Promise<T>;
  /** Resolves when nothing is under way any more. */
  readonly settled: Promise<unknown>;
}

/** Asks over each family at a time. Good answers after the first are handed to `onFurther`. */
export function overFamilies<T>(
  families: readonly (4 | 6 | undefined)[],
  ask: (family: 4 | 6 | undefined) => Promise<T>,
  onFurther: (answer: T) => void,
): FamilyAnswers<T> {
  const asked = families.map((family) => ask(family));
  const first = Promise.any(asked).catch(({ errors }: AggregateError) => {
    throw errors.find(isRefusal) ?? errors[0];
  });
  let isAnswered = false;
  const later = asked.map((each) =>
    each.then((answer) => {
      if (isAnswered) onFurther(answer);
      isAnswered = true;
    }),
  );
  first.catch(() => undefined); // whoever waits for `settled` first still gets the error
  return { first, settled: Promise.allSettled(later) };
}

function isRefusal(error: unknown): boolean {
  return error instanceof TrackerError && error.code === "TRACKER_FAILURE";
}
