import { formatTimestamp, invariant, type KubernetesObject } from "@meshfed/core";
import type { Change } from "./change-log.js";
import { deepFreeze } from "./frozen-json.js";
import type { ObjectTable } from "./object-table.js";
import { withResourceVersion } from "./stored-object.js";
import { type RowKey, rowKey, type TypeId, type TypeIndex } from "./type-index.js";

/** A change with the JSON that goes to the file. */
export type WrittenChange = Change & { readonly text: string };

/**
 * Writes of one or several operations, evaluated one after the other against the object table, which shows each at once.
 * The whole runs within one turn of the event loop, so nobody else sees a state that is not yet on the disk; what cannot
 * be committed is taken back.
 */
export class Transaction {
  readonly table: ObjectTable;
  readonly types: TypeIndex;
  /** Milliseconds since the epoch; one time for all writes of the transaction. */
  readonly now: number;
  readonly #changes: WrittenChange[] = [];
  #version: number;

  constructor(table: ObjectTable, types: TypeIndex, version: number, now: number) {
    this.table = table;
    this.types = types;
    this.#version = version;
    this.now = now;
  }

  get changes(): readonly WrittenChange[] {
    return this.#changes;
  }

  /** Now, as RFC 3339. */
  get timestamp(): string {
    return formatTimestamp(this.now);
  }

  /** What the transaction last wrote of an object; undefined when it wrote nothing of it. */
  lastState(key: RowKey): KubernetesObject | undefined {
    return this.#changes.findLast(
      ({ type, object: { metadata } }) =>
        type === key.type && metadata.name === key.name && (metadata.namespace ?? "") === key.namespace,
    )?.object;
  }

  /** Adds or replaces an object; returns it with its new resourceVersion, frozen. */
  put(type: TypeId, object: KubernetesObject): KubernetesObject {
    const previous = this.table.get(rowKey(type, object));
    const change = this.#record(type, previous === undefined ? "ADDED" : "MODIFIED", object, previous);
    this.table.put({ type, object: change.object });
    return change.object;
  }

  /** Removes an object; returns `lastState` (default: as it is) with a resourceVersion of its own, frozen. */
  remove(type: TypeId, object: KubernetesObject, lastState: KubernetesObject = object): KubernetesObject {
    const change = this.#record(type, "DELETED", lastState, object);
    this.table.remove({ type, object });
    return change.object;
  }

  /**
   * Runs an operation; when it throws, or `keep` says no, its writes are taken back and the others stay.
   * @throws what the operation throws.
   */
  attempt<T>(operation: () => T, keep = true): T {
    const savepoint = this.#changes.length;
    let finished = false;
    try {
      const result = operation();
      finished = true;
      return result;
    } finally {
      if (!finished || !keep) this.takeBack(savepoint);
    }
  }

  /** Runs an operation and takes its writes back; returns the object as it would be, with the resourceVersion that it has now. */
  rehearse(type: TypeId, operation: () => KubernetesObject): KubernetesObject {
    const result = this.attempt(operation, false);
    return deepFreeze(withResourceVersion(result, this.table.get(rowKey(type, result))?.metadata.resourceVersion));
  }

  /** Undoes the changes from the given one on, in the table too. */
  takeBack(from = 0): void {
    for (const { type, previous, object } of this.#changes.splice(from).reverse()) {
      if (previous === undefined) this.table.remove({ type, object });
      else this.table.put({ type, object: previous });
      this.#version -= 1;
    }
  }

  #record(
    type: TypeId,
    action: Change["action"],
    state: KubernetesObject,
    previous: KubernetesObject | undefined,
  ): WrittenChange {
    invariant(action === "ADDED" || previous !== undefined, "only an object that exists can change");
    const version = this.#version + 1;
    const object = withResourceVersion(state, String(version));
    const text = JSON.stringify(object);
    const change = {
      version,
      at: this.now,
      action,
      type,
      object: deepFreeze(object),
      previous,
      bytes: text.length,
      text,
    };
    this.#version = version;
    this.#changes.push(change);
    return change;
  }
}
