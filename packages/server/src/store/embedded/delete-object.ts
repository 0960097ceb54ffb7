import { FederationError, type KubernetesObject, type ObjectReference, type ResourceType } from "@meshfed/core";
import type { DeleteOptions } from "../resource-store.js";
import { assertPreconditions, isGone } from "./object-checks.js";
import type { Row } from "./object-table.js";
import { type StoredObject, withGeneration, withStatus } from "./stored-object.js";
import type { Transaction } from "./transaction.js";
import { describe, NAMESPACE, rowKey, typeId } from "./type-index.js";

/**
 * Deletes an object and, in the same transaction, what goes with it: the contents of a namespace, and every object whose
 * owners are then all gone. Objects with finalizers are marked and go when the last finalizer is taken away.
 * @throws FederationError NOT_FOUND, ABORTED (another uid or version).
 */
export function deleteObject(
  transaction: Transaction,
  type: ResourceType,
  reference: Omit<ObjectReference, "kind">,
  options: DeleteOptions = {},
): KubernetesObject {
  const key = { type: typeId(type), namespace: reference.namespace ?? "", name: reference.name };
  const object = transaction.table.get(key);
  if (object === undefined) {
    throw new FederationError(
      "NOT_FOUND",
      `${describe(type.kind, reference)} not found; it was deleted or never created`,
    );
  }
  assertPreconditions(object, options);
  if (options.propagationPolicy === "Orphan") orphanDependents(transaction, object);
  deleteAll(transaction, [{ type: key.type, object }]);
  return transaction.lastState(key) ?? object;
}

/** Removes an object that nothing holds any more, then what only stayed because of it; returns its last state. */
export function removeObject(transaction: Transaction, row: Row, lastState: KubernetesObject): KubernetesObject {
  const removed = transaction.remove(row.type, row.object, lastState);
  deleteAll(transaction, followers(transaction, removed));
  return removed;
}

/** Whether nothing holds the object: no finalizer and, for a namespace, no contents. */
export function isRemovable(transaction: Transaction, { type, object }: Row): boolean {
  if ((object.metadata.finalizers ?? []).length > 0) return false;
  return type !== NAMESPACE || transaction.table.isEmptyNamespace(object.metadata.name);
}

/** Works through a growing list, not by recursion, so that a long chain of owners cannot exhaust the stack. */
function deleteAll(transaction: Transaction, rows: readonly Row[]): void {
  const pending = [...rows];
  for (const { type, object: seen } of pending) {
    const object = transaction.table.get(rowKey(type, seen));
    if (object === undefined) continue;
    for (const follower of deleteOne(transaction, { type, object })) pending.push(follower);
  }
}

/** Removes or marks one object; returns what has to go next. */
function deleteOne(transaction: Transaction, row: Row): readonly Row[] {
  if (isRemovable(transaction, row)) return followers(transaction, transaction.remove(row.type, row.object));
  markDeleted(transaction, row);
  return row.type === NAMESPACE ? transaction.table.contents(row.object.metadata.name) : [];
}

/** What has to go after an object is gone: dependents with no owner left, and the namespace that waited for it. */
function followers(transaction: Transaction, removed: KubernetesObject): Row[] {
  const garbage = transaction.table
    .dependents(removed.metadata.uid ?? "")
    .filter(({ object }) => object.metadata.ownerReferences?.every((owner) => isGone(transaction, owner)));
  const namespace = removed.metadata.namespace;
  const holder =
    namespace === undefined ? undefined : transaction.table.get({ type: NAMESPACE, namespace: "", name: namespace });
  if (holder?.metadata.deletionTimestamp === undefined) return garbage;
  const row = { type: NAMESPACE, object: holder };
  return isRemovable(transaction, row) ? [...garbage, row] : garbage;
}

function markDeleted(transaction: Transaction, { type, object }: Row): void {
  if (object.metadata.deletionTimestamp !== undefined) return;
  const next = withGeneration(object, (object.metadata.generation ?? 0) + 1);
  const metadata = { ...next.metadata, deletionTimestamp: transaction.timestamp, deletionGracePeriodSeconds: 0 };
  const marked = { ...next, metadata };
  transaction.put(type, type === NAMESPACE ? terminating(marked) : marked);
}

function terminating(namespace: StoredObject): StoredObject {
  return withStatus(namespace, { ...(isRecord(namespace.status) ? namespace.status : {}), phase: "Terminating" });
}

function orphanDependents(transaction: Transaction, owner: KubernetesObject): void {
  for (const { type, object } of transaction.table.dependents(owner.metadata.uid ?? "")) {
    const { ownerReferences = [], ...metadata } = object.metadata;
    const kept = ownerReferences.filter((reference) => reference.uid !== owner.metadata.uid);
    transaction.put(type, {
      ...object,
      metadata: kept.length > 0 ? { ...metadata, ownerReferences: kept } : metadata,
    });
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
