import type { NamePattern, NamespacedName } from "./name-pattern.js";

/** No rule: greater than every index, so that the lowest of several answers is the first rule. */
export const NO_RULE = Number.POSITIVE_INFINITY;

/**
 * The first of any number of name patterns that matches a service, in four look-ups: a pattern is one of exact, whole
 * namespace, name in any namespace, or anything, and each of the four remembers its lowest index.
 */
export class NamePatternIndex {
  /** Namespace, then name. */
  readonly #exact = new Map<string, Map<string, number>>();
  readonly #namespaces = new Map<string, number>();
  readonly #names = new Map<string, number>();
  #anything = NO_RULE;

  /** Patterns are added in ascending order of `index`; one that repeats an earlier one changes nothing. */
  add({ namespace, name }: NamePattern, index: number): void {
    if (namespace !== undefined && name !== undefined) {
      const names = this.#exact.get(namespace) ?? new Map<string, number>();
      this.#exact.set(namespace, names);
      addFirst(names, name, index);
    } else if (namespace !== undefined) addFirst(this.#namespaces, namespace, index);
    else if (name !== undefined) addFirst(this.#names, name, index);
    else this.#anything = Math.min(this.#anything, index);
  }

  /** The lowest index of a pattern that matches the service, or `NO_RULE`. */
  first(service: NamespacedName): number {
    return this.covering(service);
  }

  /** The lowest index of a pattern with both parts literal that matches the service, or `NO_RULE`. */
  firstExact({ namespace, name }: NamespacedName): number {
    return this.#exact.get(namespace)?.get(name) ?? NO_RULE;
  }

  /** The lowest index of a pattern that matches everything that `pattern` matches, or `NO_RULE`. */
  covering({ namespace, name }: NamePattern): number {
    let lowest = this.#anything;
    if (namespace !== undefined) lowest = Math.min(lowest, this.#namespaces.get(namespace) ?? NO_RULE);
    if (name !== undefined) lowest = Math.min(lowest, this.#names.get(name) ?? NO_RULE);
    if (namespace !== undefined && name !== undefined) lowest = Math.min(lowest, this.firstExact({ namespace, name }));
    return lowest;
  }
}

function addFirst(map: Map<string, number>, key: string, index: number): void {
  if (!map.has(key)) map.set(key, index);
}
