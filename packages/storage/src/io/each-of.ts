/**
 * Does `work` for each of `items`, some at a time. After a failure no more is begun, and it is thrown when all that is under way has
 * ended.
 */
export async function eachOf<T>(
  items: Iterable<T>,
  depth: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const rest = items[Symbol.iterator]();
  let isStopped = false;
  const goOn = async (): Promise<void> => {
    try {
      for (let next = rest.next(); !isStopped && next.done !== true; next = rest.next())
        await work(next.value);
    } catch (error) {
      isStopped = true;
      throw error;
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: depth }, goOn));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}
