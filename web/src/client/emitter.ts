/** Who listens to what.  A listener that throws is reported as a mistake of the program and harms nobody else. */

export type Fault = (thrown: unknown) => void;

export class Emitter<E extends object> {
  readonly #listeners = new Map<keyof E, Set<(event: never) => void>>();
  readonly #fault: Fault;

  constructor(fault: Fault) {
    this.#fault = fault;
  }

  /** Listen; what is returned stops that. */
  on<K extends keyof E>(kind: K, listener: (event: E[K]) => void): () => void {
    let all = this.#listeners.get(kind);
    if (!all) this.#listeners.set(kind, (all = new Set()));
    // A function of its own, so that listening twice with one function is two listeners.
    const one = (event: E[K]): void => listener(event);
    all.add(one);
    return () => void all.delete(one);
  }

  emit<K extends keyof E>(kind: K, event: E[K]): void {
    for (const listener of [...(this.#listeners.get(kind) ?? [])]) {
      try {
        (listener as (event: E[K]) => void)(event);
      } catch (thrown) {
        this.#fault(thrown);
      }
    }
  }
}
