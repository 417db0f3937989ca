import { TrackerError } from "../errors.ts";

/** Hosts whose last outcomes are remembered, each for each family. */
const MAX_HOST_COUNT = 1_000;

/** Which hosts answered over which address family when they were last asked, and which did not. */
export class FamilyMemory {
  readonly #answered = new Map<string, boolean>();

  note(host: string, family: 4 | 6 | undefined, answered: boolean): void {
    const key = `${family ?? "any"} ${host}`;
    this.#answered.delete(key);
    const [oldest] = this.#answered.keys();
    if (oldest !== undefined && this.#answered.size >= MAX_HOST_COUNT) this.#answered.delete(oldest);
    this.#answered.set(key, answered);
  }

  /** Those of `families` over which the host knows us, as far as can be told. */
  knowing(host: string, families: readonly (4 | 6)[]): readonly (4 | 6)[] {
    const of = (family: 4 | 6): boolean | undefined => this.#answered.get(`${family} ${host}`);
    const answering = families.filter((family) => of(family) === true);
    if (answering.length > 0) return answering;
    const unknown = families.filter((family) => of(family) === undefined);
    return unknown.length > 0 ? unknown : families;
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
