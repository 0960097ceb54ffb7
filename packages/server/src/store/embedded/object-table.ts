import type { KubernetesObject } from "@meshfed/core";
import { SortedObjects } from "./sorted-objects.js";
import { type RowKey, rowKey, type TypeId } from "./type-index.js";

/** An object together with its kind. */
export interface Row {
  readonly type: TypeId;
  readonly object: KubernetesObject;
}

/** The newest state of every object, frozen, in memory; with what deletion needs to look up: owners and namespaces. */
export class ObjectTable {
  readonly #byType = new Map<TypeId, SortedObjects>();
  readonly #uids = new Set<string>();
  /** Owner's uid -> `type namespace name` -> the dependent. */
  readonly #dependents = new Map<string, Map<string, Row>>();

  get(key: RowKey): KubernetesObject | undefined {
    return this.#byType.get(key.type)?.get(key);
  }

  put(row: Row): void {
    const replaced = this.get(rowKey(row.type, row.object));
    if (replaced !== undefined) this.#unlink({ type: row.type, object: replaced });
    this.#objectsOf(row.type).put(row.object);
    this.#link(row);
  }

  remove(row: Row): void {
    this.#unlink(row);
    this.#byType.get(row.type)?.remove(rowKey(row.type, row.object));
  }

  /** Sorted by namespace and name; a copy. */
  range(type: TypeId, namespace?: string): KubernetesObject[] {
    return this.#byType.get(type)?.range(namespace) ?? [];
  }

  /** Everything in a namespace, kind by kind; a copy. */
  contents(namespace: string): Row[] {
    return [...this.#byType].flatMap(([type, objects]) => objects.range(namespace).map((object) => ({ type, object })));
  }

  isEmptyNamespace(namespace: string): boolean {
    for (const objects of this.#byType.values()) if (objects.hasNamespace(namespace)) return false;
    return true;
  }

  hasUid(uid: string): boolean {
    return this.#uids.has(uid);
  }

  /** The objects that name `uid` as an owner; a copy. */
  dependents(uid: string): Row[] {
    return [...(this.#dependents.get(uid)?.values() ?? [])];
  }

  #objectsOf(type: TypeId): SortedObjects {
    const known = this.#byType.get(type);
    if (known !== undefined) return known;
    const added = new SortedObjects();
    this.#byType.set(type, added);
    return added;
  }

  #link(row: Row): void {
    if (row.object.metadata.uid !== undefined) this.#uids.add(row.object.metadata.uid);
    for (const owner of row.object.metadata.ownerReferences ?? []) {
      const dependents = this.#dependents.get(owner.uid) ?? new Map<string, Row>();
      dependents.set(dependentKey(row), row);
      this.#dependents.set(owner.uid, dependents);
    }
  }

  #unlink(row: Row): void {
    if (row.object.metadata.uid !== undefined) this.#uids.delete(row.object.metadata.uid);
    for (const owner of row.object.metadata.ownerReferences ?? []) {
      const dependents = this.#dependents.get(owner.uid);
      dependents?.delete(dependentKey(row));
      if (dependents?.size === 0) this.#dependents.delete(owner.uid);
    }
  }
}

function dependentKey(row: Row): string {
  const { type, namespace, name } = rowKey(row.type, row.object);
  return `${type} ${namespace} ${name}`;
}
