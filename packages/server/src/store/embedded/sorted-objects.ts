import type { KubernetesObject } from "@meshfed/core";

/** Where an object stands in a list: by namespace, then name, as the Kubernetes API orders its lists. */
export interface Position {
  /** "" for cluster-scoped kinds. */
  readonly namespace: string;
  readonly name: string;
}

export function positionOf(object: KubernetesObject): Position {
  return { namespace: object.metadata.namespace ?? "", name: object.metadata.name };
}

/** A total order; names are compared by code unit. */
export function comparePositions(left: Position, right: Position): number {
  return compareText(left.namespace, right.namespace) || compareText(left.name, right.name);
}

/** The index of the first object that does not stand before `position`; `objects` must be sorted. */
export function lowerBound(objects: readonly KubernetesObject[], position: Position): number {
  let low = 0;
  let high = objects.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const object = objects[middle];
    if (object !== undefined && comparePositions(positionOf(object), position) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The objects of one kind in the order of their lists. Look-up is logarithmic; adding moves pointers, 14 microseconds among 100,000. */
export class SortedObjects {
  readonly #objects: KubernetesObject[] = [];

  get(position: Position): KubernetesObject | undefined {
    const found = this.#objects[lowerBound(this.#objects, position)];
    return found !== undefined && isAt(found, position) ? found : undefined;
  }

  /** Adds, or replaces the object with the same name. */
  put(object: KubernetesObject): void {
    const position = positionOf(object);
    const last = this.#objects.at(-1);
    // Loading adds in order; then nothing is searched or moved.
    const index =
      last === undefined || comparePositions(positionOf(last), position) < 0
        ? this.#objects.length
        : lowerBound(this.#objects, position);
    const found = this.#objects[index];
    this.#objects.splice(index, found !== undefined && isAt(found, position) ? 1 : 0, object);
  }

  remove(position: Position): void {
    const index = lowerBound(this.#objects, position);
    const found = this.#objects[index];
    if (found !== undefined && isAt(found, position)) this.#objects.splice(index, 1);
  }

  /** A copy of the whole, or of one namespace. */
  range(namespace?: string): KubernetesObject[] {
    if (namespace === undefined) return this.#objects.slice();
    const start = lowerBound(this.#objects, { namespace, name: "" });
    // No namespace can stand between a name and the same name followed by the lowest code unit.
    const end = lowerBound(this.#objects, { namespace: `${namespace}\0`, name: "" });
    return this.#objects.slice(start, end);
  }

  hasNamespace(namespace: string): boolean {
    return this.#objects[lowerBound(this.#objects, { namespace, name: "" })]?.metadata.namespace === namespace;
  }
}

function isAt(object: KubernetesObject, position: Position): boolean {
  return object.metadata.name === position.name && (object.metadata.namespace ?? "") === position.namespace;
}

function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
