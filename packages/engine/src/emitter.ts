/** Typed events. A listener that throws does not keep the others from hearing: its error goes to `onListenerError`. */
export class Emitter<Events extends Record<keyof Events, readonly unknown[]>> {
  readonly #listeners = new Map<keyof Events, Set<(...args: never) => void>>();

  /** Calls `listener` at each `event` until the returned function is called. */
  on<Event extends keyof Events>(event: Event, listener: (...args: Events[Event]) => void): () => void {
    let set = this.#listeners.get(event);
    if (set === undefined) this.#listeners.set(event, (set = new Set()));
    set.add(listener as (...args: never) => void);
    return () => set.delete(listener as (...args: never) => void);
  }

  emit<Event extends keyof Events>(event: Event, ...args: Events[Event]): void {
    const set = this.#listeners.get(event);
    if (set === undefined) return;
    for (const listener of [...set]) {
      try {
        (listener as (...args: Events[Event]) => void)(...args);
      } catch (error) {
        // The listener's own fault must not stop a torrent half-way through a change: it surfaces as an uncaught error.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  clear(): void {
    this.#listeners.clear();
  }
}
