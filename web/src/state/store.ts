// Values by name; who uses one is told when that one changes and not when another does.
import { useSyncExternalStore } from "react";

export class Store<Values extends object> {
  #values: Values;
  readonly #listeners = new Map<keyof Values, Set<() => void>>();

  constructor(values: Values) {
    this.#values = values;
  }

  get<Name extends keyof Values>(name: Name): Values[Name] {
    return this.#values[name];
  }

  set(changes: Partial<Values>): void {
    const names = (Object.keys(changes) as (keyof Values)[]).filter(
      (name) => !Object.is(this.#values[name], changes[name]),
    );
    if (names.length === 0) return;
    this.#values = { ...this.#values, ...changes };
    for (const name of names) this.#listeners.get(name)?.forEach((listener) => listener());
  }

  subscribe(name: keyof Values, listener: () => void): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }
}

export function useStored<Values extends object, Name extends keyof Values>(
  store: Store<Values>,
  name: Name,
): Values[Name] {
  return useSyncExternalStore(
    (listener) => store.subscribe(name, listener),
    () => store.get(name),
  );
}
