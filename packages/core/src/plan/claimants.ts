/**
 * Who claims which name. Nearly always one does; but a rule may give any number of services one name, and a peer may then
 * announce as many as it likes, so that adding and removing a claim takes the same time whatever their number.
 */
export class Claimants<C extends object> {
  /** A lone claimant as it is, several in a set. */
  readonly #byName = new Map<string, C | Set<C>>();

  /** Idempotent. */
  add(name: string, claim: C): void {
    const known = this.#byName.get(name);
    if (known === undefined) this.#byName.set(name, claim);
    else if (known instanceof Set) known.add(claim);
    else if (known !== claim) this.#byName.set(name, new Set([known, claim]));
  }

  /** Idempotent. */
  delete(name: string, claim: C): void {
    const known = this.#byName.get(name);
    if (known instanceof Set) {
      known.delete(claim);
      const [only] = known;
      if (known.size === 1 && only !== undefined) this.#byName.set(name, only);
    } else if (known === claim) this.#byName.delete(name);
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  names(): Iterable<string> {
    return this.#byName.keys();
  }

  /** In no order. */
  of(name: string): ReadonlySet<C> | readonly C[] {
    const known = this.#byName.get(name);
    if (known === undefined) return [];
    return known instanceof Set ? known : [known];
  }

  count(name: string): number {
    const known = this.#byName.get(name);
    if (known === undefined) return 0;
    return known instanceof Set ? known.size : 1;
  }
}

/** The first `limit` elements by `compare`, in order, without sorting all of them. */
export function firstOf<T>(elements: Iterable<T>, limit: number, compare: (a: T, b: T) => number): readonly T[] {
  const first: T[] = [];
  for (const element of elements) {
    const last = first[limit - 1];
    if (last !== undefined && compare(last, element) <= 0) continue;
    const position = first.findIndex((other) => compare(element, other) < 0);
    first.splice(position === -1 ? first.length : position, 0, element);
    if (first.length > limit) first.pop();
  }
  return first;
}
