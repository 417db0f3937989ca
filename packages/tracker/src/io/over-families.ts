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

/**
 * Asks over each family at a time. The first good answer is the answer; those that come later are handed to
 * `onFurther`. Fails when all have failed, with a refusal in the tracker's own words if there is one.
 */
export function overFamilies<T>(
  families: readonly (4 | 6 | undefined)[],
  ask: (family: 4 | 6 | undefined) => Promise<T>,
  onFurther: (answer: T) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const errors: unknown[] = [];
    let isAnswered = false;
    for (const family of families) {
      ask(family).then(
        (answer) => {
          if (isAnswered) onFurther(answer);
          isAnswered = true;
          resolve(answer);
        },
        (error: unknown) => {
          errors.push(error);
          if (errors.length < families.length) return;
          reject((errors.find(isRefusal) ?? errors[0]) as Error);
        },
      );
    }
  });
}

function isRefusal(error: unknown): boolean {
  return error instanceof TrackerError && error.code === "TRACKER_FAILURE";
}
