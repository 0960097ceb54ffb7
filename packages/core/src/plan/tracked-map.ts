import { isStructurallyEqual } from "./structural-equality.js";

/** The net difference between two states of a map; nothing is in it that was changed and changed back. */
export interface MapChange<V> {
  readonly upserted: readonly V[];
  readonly removed: readonly string[];
}

/** A map that tells what changed since it was last asked. Writing a structurally equal value keeps the old one. */
export class TrackedMap<V> {
  readonly #values = new Map<string, V>();
  /** What a changed key had when the current period began. */
  readonly #before = new Map<string, V | undefined>();

  /** A live view. */
  get values(): ReadonlyMap<string, V> {
    return this.#values;
  }

  set(key: string, value: V): void {
    const current = this.#values.get(key);
    if (current !== undefined && isStructurallyEqual(current, value)) return;
    this.#remember(key, current);
    this.#values.set(key, value);
  }

  delete(key: string): void {
    const current = this.#values.get(key);
    if (current === undefined) return;
    this.#remember(key, current);
    this.#values.delete(key);
  }

  clear(): void {
    for (const key of [...this.#values.keys()]) this.delete(key);
  }

  /** The change since the last call (at first: from nothing), and begins anew. */
  takeChange(): MapChange<V> {
    const upserted: V[] = [];
    const removed: string[] = [];
    for (const [key, before] of this.#before) {
      const now = this.#values.get(key);
      if (now === undefined) {
        if (before !== undefined) removed.push(key);
      } else if (before === undefined || !isStructurallyEqual(before, now)) {
        upserted.push(now);
      }
    }
    this.#before.clear();
    return { upserted, removed };
  }

  #remember(key: string, current: V | undefined): void {
    if (!this.#before.has(key)) this.#before.set(key, current);
  }
}
